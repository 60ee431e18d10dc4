"""YOLOX: known boxes encoded and decoded, and all cells beside a plain loop."""

import numpy as np
import pytest
from numpy.typing import NDArray

from core.models.prediction import DetectionOptions
from core.picture import Size
from tests.core.models.support import (
    ALL,
    OBJECTS,
    SIZE,
    STRIDES,
    Seen,
    assert_same,
    detections,
    expected,
    off_grid,
    on_grid,
    place_of,
    places,
)

CLASSES = 3


def empty(size: Size = SIZE) -> NDArray[np.float32]:
    return np.zeros((1, len(places(size)), 5 + CLASSES), np.float32)


def encoded(objects: list[Seen], stride: int) -> NDArray[np.float32]:
    output = empty()
    for one in objects:
        place = place_of(one.box, stride, SIZE)
        place += bool(output[0, place, 4])  # a cell holds one object; any cell can hold any
        output[0, place, :4] = on_grid(one.box, place, SIZE)
        output[0, place, 4], output[0, place, 5 + one.kind] = one.score**0.25, one.score**0.75
    return output


def reference(output: NDArray[np.float32], size: Size) -> list[Seen]:
    seen = []
    for place, (row, cell) in enumerate(zip(output[0].tolist(), places(size), strict=True)):
        kind = max(range(CLASSES), key=lambda kind: row[5 + kind])
        seen.append(Seen(off_grid(row[:4], cell), row[4] * row[5 + kind], kind, place))
    return seen


@pytest.mark.parametrize("stride", STRIDES)
def test_known_boxes_come_back(stride: int) -> None:
    visible = [one for one in OBJECTS if min(one.box) >= 0]
    assert_same(detections("yolox", [encoded(visible, stride)], SIZE), visible)


def test_what_reaches_over_the_edge_is_cut() -> None:
    output = empty()
    output[0, 0] = [*on_grid((-20, -8, 30, 40), 0, SIZE), 1, 0, 1, 0]
    assert_same(detections("yolox", [output], SIZE), [Seen((0, 0, 30, 40), 1, 1)])


@pytest.mark.parametrize("size", [Size(192, 128), Size(64, 160), Size(32, 32)], ids=lambda s: f"{s.width}×{s.height}")
@pytest.mark.parametrize(
    "wanted",
    [
        ALL,
        DetectionOptions(0.0, 0.45, 10_000),
        DetectionOptions(0.1, 1.0, 7),
        DetectionOptions(0.2, 0.1, 50, frozenset({1, 2})),
        DetectionOptions(0.1, 0.45, 50, frozenset()),
    ],
    ids=["default", "everything", "seven", "two classes", "no class"],
)
def test_equals_a_plain_loop(size: Size, wanted: DetectionOptions) -> None:
    rng = np.random.default_rng(11)
    output = rng.normal(0, 0.7, empty(size).shape).astype(np.float32)
    output[..., 4:] = rng.random(output[..., 4:].shape)
    assert_same(detections("yolox", [output], size, wanted), expected(reference(output, size), size, wanted))


def test_classes_are_moved_to_the_labels() -> None:
    found = detections("yolox", [encoded(OBJECTS[:3], 8)], SIZE, label_offset=-1)
    assert found.classes.tolist() == [1, 0], "class 0 is the background of such a network"


def test_wanted_classes_are_those_of_the_labels() -> None:
    found = detections("yolox", [encoded(OBJECTS[:3], 8)], SIZE, ALL._replace(classes=frozenset({2})), label_offset=1)
    assert_same(found, [OBJECTS[2]._replace(kind=2)])


@pytest.mark.parametrize("raw", [88.0, 3e38], ids=["e^x overflows", "the largest"])
def test_sides_that_overflow_cover_the_picture(raw: float) -> None:
    output = empty()
    output[0, 0] = [0.5, 0.5, raw, raw, 1, 1, 0, 0]
    assert_same(detections("yolox", [output], SIZE), [Seen((0, 0, 192, 128), 1, 0)])


@pytest.mark.parametrize("raw", [-200.0, -3e38])
def test_boxes_without_area_go(raw: float) -> None:
    output = empty()
    output[0, 0] = [0.5, 0.5, raw, raw, 1, 1, 0, 0]
    assert len(detections("yolox", [output], SIZE).boxes) == 0


def test_nothing_seen() -> None:
    found = detections("yolox", [empty()], SIZE)
    assert (found.boxes.shape, found.keypoints, found.masks) == ((0, 4), None, None)


@pytest.mark.parametrize("kind", [np.float16, np.float64])
def test_other_floats(kind: type[np.floating]) -> None:
    output = encoded(OBJECTS[:2], 8).astype(kind)
    found = detections("yolox", [output], SIZE)
    assert np.abs(found.boxes - [one.box for one in OBJECTS[:2]]).max() <= 0.2
