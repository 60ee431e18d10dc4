"""YuNet: known faces encoded and decoded, all cells beside a plain loop, and any size of picture."""

import numpy as np
import pytest
from numpy.typing import NDArray

from core.models.prediction import DetectionOptions
from core.picture import Size
from tests.core.models.support import (
    ALL,
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

FACES = [Seen((20, 30, 60, 80), 0.9, 0), Seen((100, 40, 124, 70), 0.7, 0), Seen((150.5, 90, 190, 127), 0.5, 0)]


def split(flat: dict[str, NDArray[np.float32]], size: Size) -> list[NDArray[np.float32]]:
    """The network's 12 outputs of what is known of each cell."""
    ends = np.cumsum([(size.width // stride) * (size.height // stride) for stride in STRIDES])[:-1]
    return [part[np.newaxis] for name in ("cls", "obj", "bbox", "kps") for part in np.split(flat[name], ends)]


def empty(size: Size) -> dict[str, NDArray[np.float32]]:
    count = len(places(size))
    widths = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
    return {name: np.zeros((count, width), np.float32) for name, width in widths.items()}


def corner_points(one: Seen) -> list[tuple[float, float]]:
    left, top, right, bottom = one.box
    return [(left, top), (right, top), ((left + right) / 2, (top + bottom) / 2), (left, bottom), (right, bottom)]


@pytest.mark.parametrize("stride", STRIDES)
def test_known_faces_come_back(stride: int) -> None:
    flat = empty(SIZE)
    for one in FACES:
        place = place_of(one.box, stride, SIZE)
        column, row, _ = places(SIZE)[place]
        flat["cls"][place], flat["obj"][place] = one.score**0.5, one.score**1.5
        flat["bbox"][place] = on_grid(one.box, place, SIZE)
        flat["kps"][place] = [value for x, y in corner_points(one) for value in (x / stride - column, y / stride - row)]
    found = detections("yunet", split(flat, SIZE), SIZE)
    assert_same(found, FACES)
    assert found.keypoints is not None
    for points, one in zip(found.keypoints, FACES, strict=True):
        assert np.abs(points[:, :2] - corner_points(one)).max() < 0.01
        assert points[:, 2] == pytest.approx([one.score] * 5), "the network has no score of a point: its face's"


@pytest.mark.parametrize("size", [SIZE, Size(32, 320), Size(256, 32)], ids=lambda size: f"{size.width}×{size.height}")
@pytest.mark.parametrize(
    "wanted", [ALL, DetectionOptions(0.0, 0.3, 10_000), DetectionOptions(0.5, 1.0, 3)], ids=["", "everything", "three"]
)
def test_equals_a_plain_loop(size: Size, wanted: DetectionOptions) -> None:
    rng = np.random.default_rng(8)
    flat = {name: rng.normal(0, 0.6, part.shape).astype(np.float32) for name, part in empty(size).items()}
    flat["cls"], flat["obj"] = rng.random((2, *flat["cls"].shape), dtype=np.float32)
    scores = [(kind * thing) ** 0.5 for kind, thing in zip(flat["cls"][:, 0], flat["obj"][:, 0], strict=True)]
    boxes = [off_grid(raw, cell) for raw, cell in zip(flat["bbox"].tolist(), places(size), strict=True)]
    seen = [Seen(box, score, 0, place) for place, (box, score) in enumerate(zip(boxes, scores, strict=True))]
    seen = expected(seen, size, wanted)
    found = detections("yunet", split(flat, size), size, wanted)
    assert_same(found, seen)
    assert found.keypoints is not None
    for points, one in zip(found.keypoints.tolist(), seen, strict=True):
        column, row, stride = places(size)[one.place]
        raw = flat["kps"][one.place].tolist()
        flat_points = [((column if at % 2 == 0 else row) + value) * stride for at, value in enumerate(raw)]
        assert [value for x, y, _ in points for value in (x, y)] == pytest.approx(flat_points, abs=0.01)


def test_scores_a_little_outside_are_cut() -> None:
    flat = empty(SIZE)
    flat["cls"][5], flat["obj"][5], flat["cls"][6], flat["obj"][6] = 1.001, 1, -0.001, 1
    found = detections("yunet", split(flat, SIZE), SIZE, ALL._replace(iou=1.0))
    assert found.scores.tolist() == [1]


def test_nothing_seen() -> None:
    found = detections("yunet", split(empty(SIZE), SIZE), SIZE)
    assert found.keypoints is not None
    assert found.keypoints.shape == (0, 5, 3)
