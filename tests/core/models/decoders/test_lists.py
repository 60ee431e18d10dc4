"""Boxes, scores and classes in outputs of their own, or in rows: tensors of the published layouts, and plain loops."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.models import candidates
from core.models.prediction import DetectionOptions
from tests.core.models.support import ALL, OBJECTS, SIZE, Seen, assert_same, detections, expected

Outputs = list[NDArray[Any]]
ROOM = 20
CUT = expected(OBJECTS, SIZE, suppress=False)
TWICE = [OBJECTS[0], OBJECTS[0]._replace(score=0.85)]


def parts(objects: list[Seen]) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Boxes ROOM×4 in pixels, scores and classes; what is not used has a score of 0 and class -1."""
    boxes, scores, classes = np.zeros((ROOM, 4)), np.zeros(ROOM), np.full(ROOM, -1)
    for place, one in enumerate(reversed(objects)):
        boxes[place], scores[place], classes[place] = one.box, one.score, one.kind
    return boxes.astype(np.float32), scores.astype(np.float32), classes.astype(np.float32)


def unit(boxes: NDArray[Any]) -> NDArray[np.float32]:
    return (boxes / [SIZE.width, SIZE.height, SIZE.width, SIZE.height]).astype(np.float32)


def tf(objects: list[Seen]) -> Outputs:
    boxes, scores, classes = parts(objects)
    return [unit(boxes)[np.newaxis, :, [1, 0, 3, 2]], classes[np.newaxis], scores[np.newaxis]]


def counted_tf(objects: list[Seen]) -> Outputs:
    """What is past the count has a score too, and is no object."""
    boxes, classes, scores = tf(objects)
    boxes[0, len(objects) :], classes[0, len(objects) :], scores[0, len(objects) :] = [0.1, 0.1, 0.9, 0.9], 0, 0.99
    return [boxes, classes, scores, np.array([len(objects)], np.float32)]


def rt(objects: list[Seen]) -> Outputs:
    boxes, scores, classes = parts(objects)
    return [classes[np.newaxis].astype(np.int64), boxes[np.newaxis], scores[np.newaxis]]


def unbatched(objects: list[Seen]) -> Outputs:
    """torchvision's, whose lists are as long as what was found."""
    boxes, scores, classes = (part[: len(objects)] for part in parts(objects))
    return [classes.astype(np.int64), boxes, scores]


def onnx_zoo(objects: list[Seen]) -> Outputs:
    boxes, scores, classes = parts(objects)
    return [unit(boxes)[np.newaxis], classes[np.newaxis].astype(np.int64), scores[np.newaxis]]


def dets(objects: list[Seen]) -> Outputs:
    boxes, scores, classes = parts(objects)
    return [np.column_stack([boxes, scores])[np.newaxis], classes[np.newaxis].astype(np.int64)]


def rows7(objects: list[Seen]) -> Outputs:
    boxes, scores, classes = parts(objects)
    images = np.zeros(ROOM, np.float32)
    images[len(objects) :], scores[len(objects) :], classes[len(objects) :] = 1, 0.99, 0  # of another image
    return [np.column_stack([images, boxes, classes, scores])]


def rows6(objects: list[Seen]) -> Outputs:
    boxes, scores, classes = parts(objects)
    scores[len(objects) :], classes[len(objects) :] = 0.99, 0
    return [np.column_stack([classes, scores, boxes]), np.array([len(objects)], np.int32)]


LAYOUTS: dict[str, tuple[str, Callable[[list[Seen]], Outputs]]] = {
    "TensorFlow": ("ssd_tf", tf),
    "TFLite, counted": ("ssd_tf", counted_tf),
    "ONNX zoo": ("ssd_lists", onnx_zoo),
    "RT-DETR": ("rtdetr", rt),
    "torchvision": ("rtdetr", unbatched),
    "MMDeploy": ("dets_labels", dets),
    "YOLOv7 with NMS": ("yolo_nms", rows7),
    "Paddle with NMS": ("paddle", rows6),
}
LAYOUT = pytest.mark.parametrize("layout", LAYOUTS)


@LAYOUT
def test_known_boxes_come_back(layout: str) -> None:
    decoder, encode = LAYOUTS[layout]
    assert_same(detections(decoder, encode(OBJECTS), SIZE), CUT)


@LAYOUT
def test_nothing_is_suppressed_twice(layout: str) -> None:
    decoder, encode = LAYOUTS[layout]
    assert_same(detections(decoder, encode(TWICE), SIZE, ALL._replace(iou=0.0)), TWICE)


@LAYOUT
def test_nothing_found(layout: str) -> None:
    decoder, encode = LAYOUTS[layout]
    assert len(detections(decoder, encode([]), SIZE).boxes) == 0


def test_boxes_of_no_length() -> None:
    empty = [np.zeros((0,), np.int64), np.zeros((0, 4), np.float32), np.zeros((0,), np.float32)]
    assert len(detections("rtdetr", empty, SIZE).boxes) == 0
    assert len(detections("paddle", [np.zeros((0, 6), np.float32)], SIZE).boxes) == 0


# --- SSD before its NMS --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wanted",
    [ALL, DetectionOptions(0.0, 0.3, 25), DetectionOptions(0.3, 0.5, 50, frozenset({1}))],
    ids=["default", "everything", "one class"],
)
def test_ssd_scores_equal_a_plain_loop(wanted: DetectionOptions) -> None:
    """pytorch-ssd: each class but the background, each prior over the threshold, NMS within the class."""
    rng = np.random.default_rng(8)
    logits = rng.normal(0, 2, (60, 4))
    scores = (np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)).astype(np.float32)
    corner, sides = rng.uniform(-0.1, 0.9, (60, 2)), rng.uniform(0.05, 0.5, (60, 2))
    boxes = np.hstack([corner, corner + sides]).astype(np.float32)
    scaled = boxes.astype(float) * [SIZE.width, SIZE.height, SIZE.width, SIZE.height]
    seen = [Seen(tuple(scaled[prior].tolist()), float(scores[prior, kind]), kind - 1)  # type: ignore[arg-type]
            for prior in range(60) for kind in range(1, 4)]  # fmt: skip
    found = detections("ssd_scores", [scores[np.newaxis], boxes[np.newaxis]], SIZE, wanted, label_offset=-1)
    assert_same(found, expected(seen, SIZE, wanted))


def test_the_background_is_never_found() -> None:
    scores = np.array([[[0.99, 0.01], [0.2, 0.8]]], np.float32)
    boxes = np.array([[[0, 0, 0.5, 0.5], [0.5, 0.5, 1, 1]]], np.float32)
    found = detections("ssd_scores", [scores, boxes], SIZE, ALL._replace(score=0.0), label_offset=-1, labels=("face",))
    assert found.scores.tolist() == pytest.approx([0.8, 0.01])


def test_more_pairs_than_are_compared() -> None:
    """Of a million pairs the best are kept, whatever the threshold."""
    scores = np.random.default_rng(1).random((2000, 50)).astype(np.float32)
    rows, classes = candidates.pairs_over(scores, 0.0)
    assert len(rows) == candidates.MOST_PAIRS
    assert scores[rows, classes].min() >= np.sort(scores.ravel())[-candidates.MOST_PAIRS]
