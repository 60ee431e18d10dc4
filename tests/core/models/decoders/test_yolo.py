"""YOLO's v5 and v8 layouts, with masks and keypoints, on tensors that are made here: no weights, no code of others."""

import numpy as np
import pytest
from numpy.typing import NDArray

from core.models.prediction import DetectionOptions
from tests.core.models.support import (
    ALL,
    OBJECTS,
    SIZE,
    Seen,
    around,
    assert_same,
    centred,
    detections,
    expected,
)

CLASSES, BOXES = 3, 400
CUT = expected(OBJECTS, SIZE)
WANTED = pytest.mark.parametrize(
    "wanted",
    [
        ALL,
        DetectionOptions(0.0, 0.45, 10_000),
        DetectionOptions(0.1, 1.0, 7),
        DetectionOptions(0.2, 0.1, 50, frozenset({1})),
    ],
    ids=["default", "everything", "seven", "one class"],
)


def v5(objects: list[Seen]) -> NDArray[np.float32]:
    output = np.zeros((1, BOXES, 5 + CLASSES), np.float32)
    for place, one in enumerate(objects, 17):
        output[0, place, :5] = [*centred(one.box), one.score**0.5]
        output[0, place, 5 + one.kind] = one.score**0.5
    return output


def v8(objects: list[Seen], extra: int = 0) -> NDArray[np.float32]:
    output = np.zeros((1, 4 + CLASSES + extra, BOXES), np.float32)
    for place, one in enumerate(objects, 17):
        output[0, :4, place] = centred(one.box)
        output[0, 4 + one.kind, place] = one.score
    return output


def noise(shape: tuple[int, ...], axis: int, boxes: slice) -> NDArray[np.float32]:
    """Random boxes, some over the edges, and random probabilities."""
    output = np.random.default_rng(3).random(shape).astype(np.float32)
    view = np.moveaxis(output, axis, 0)
    view[boxes] *= np.array([230, 160, 60, 50], np.float32)[:, None, None]
    view[boxes][:2] -= 20
    return output


def test_v5_known_boxes_come_back() -> None:
    assert_same(detections("yolo_v5", [v5(OBJECTS)], SIZE), CUT)


@WANTED
def test_v5_equals_a_plain_loop(wanted: DetectionOptions) -> None:
    output = noise((1, BOXES, 5 + CLASSES), 2, slice(0, 4))
    seen = []
    for x, y, width, height, objectness, *classes in output[0].tolist():
        kind = classes.index(max(classes))
        seen.append(Seen(around(x, y, width, height), objectness * classes[kind], kind))
    assert_same(detections("yolo_v5", [output], SIZE, wanted), expected(seen, SIZE, wanted))


def test_v8_known_boxes_come_back() -> None:
    assert_same(detections("yolo_v8", [v8(OBJECTS)], SIZE), CUT)


def seen_by_v8(output: NDArray[np.float32]) -> list[Seen]:
    seen = []
    for place, column in enumerate(output[0].T.tolist()):
        classes = column[4 : 4 + CLASSES]
        kind = classes.index(max(classes))
        seen.append(Seen(around(*column[:4]), classes[kind], kind, place))
    return seen


@WANTED
def test_v8_equals_a_plain_loop(wanted: DetectionOptions) -> None:
    output = noise((1, 4 + CLASSES, BOXES), 1, slice(0, 4))
    assert_same(detections("yolo_v8", [output], SIZE, wanted), expected(seen_by_v8(output), SIZE, wanted))


# --- keypoints -----------------------------------------------------------------------------------------------------

NAMES = ("nose", "left_eye")


def test_keypoints_stay_with_their_boxes() -> None:
    output = v8(OBJECTS, extra=6)
    for place, one in enumerate(OBJECTS, 17):
        output[0, 4 + CLASSES :, place] = [one.box[0], one.box[1], one.score, one.box[2], one.box[3], 0.5]
    found = detections("yolo_pose", [output], SIZE, keypoints=NAMES)
    assert_same(found, CUT)
    assert found.keypoints is not None
    for points, one in zip(found.keypoints, OBJECTS, strict=True):
        assert points.tolist() == [pytest.approx([*one.box[:2], one.score]), [*one.box[2:], 0.5]]


@WANTED
def test_keypoints_equal_a_plain_loop(wanted: DetectionOptions) -> None:
    output = noise((1, 4 + CLASSES + 6, BOXES), 1, slice(0, 4))
    seen = expected(seen_by_v8(output), SIZE, wanted)
    found = detections("yolo_pose", [output], SIZE, wanted, keypoints=NAMES)
    assert_same(found, seen)
    assert found.keypoints is not None
    assert found.keypoints.shape == (len(seen), 2, 3)
    for points, one in zip(found.keypoints, seen, strict=True):
        assert points.ravel().tolist() == output[0, 4 + CLASSES :, one.place].tolist()


# --- masks ---------------------------------------------------------------------------------------------------------

PROTOTYPES = 3
HEIGHT, WIDTH = 32, 48


def reference_mask(weights: list[float], prototypes: list[list[list[float]]], one: Seen) -> list[list[int]]:
    """Each prototype pixel for itself: touched by the box, and the weighted sum over 0."""
    mask = [[0] * WIDTH for _ in range(HEIGHT)]
    across, down = SIZE.width / WIDTH, SIZE.height / HEIGHT
    for y in range(HEIGHT):
        for x in range(WIDTH):
            left, top, right, bottom = one.box
            touched = left < (x + 1) * across and x * across < right and top < (y + 1) * down and y * down < bottom
            total = sum(weight * plane[y][x] for weight, plane in zip(weights, prototypes, strict=True))
            mask[y][x] = 255 if touched and total > 0 else 0
    return mask


@pytest.mark.parametrize("most", [100, 2])
def test_masks_equal_a_plain_loop(most: int) -> None:
    wanted = DetectionOptions(0.3, 0.45, most)
    output = noise((1, 4 + CLASSES + PROTOTYPES, BOXES), 1, slice(0, 4))
    output[0, -PROTOTYPES:] -= 0.5
    prototypes = np.random.default_rng(9).normal(0, 1, (1, PROTOTYPES, HEIGHT, WIDTH)).astype(np.float32)
    seen = expected(seen_by_v8(output), SIZE, wanted)
    found = detections("yolo_seg", [output, prototypes], SIZE, wanted)
    assert_same(found, seen)
    assert found.masks is not None
    assert (found.masks.dtype, found.masks.shape) == (np.uint8, (len(seen), HEIGHT, WIDTH))
    for mask, one in zip(found.masks, seen, strict=True):
        weights = output[0, -PROTOTYPES:, one.place].tolist()
        assert mask.tolist() == reference_mask(weights, prototypes[0].tolist(), one)


def test_a_mask_hides_all_of_its_box() -> None:
    """A redaction by mask must not uncover a rim: pixels that the box only touches belong to it."""
    output = v8([Seen((9.9, 9.9, 20.1, 20.1), 0.9, 0)], extra=1)
    output[0, -1] = 1
    found = detections("yolo_seg", [output, np.ones((1, 1, HEIGHT, WIDTH), np.float32)], SIZE)
    assert found.masks is not None
    rows, columns = np.nonzero(found.masks[0])
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (2, 5, 2, 5), "4 pixels of the input each"


def test_nothing_seen_has_no_masks() -> None:
    found = detections("yolo_seg", [v8([], extra=2), np.ones((1, 2, HEIGHT, WIDTH), np.float32)], SIZE)
    assert found.masks is not None
    assert found.masks.shape == (0, HEIGHT, WIDTH)
