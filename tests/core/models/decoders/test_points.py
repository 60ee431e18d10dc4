"""MoveNet and heatmaps: tensors of the published layouts, and the authors' post-processing written again."""

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import ModelMismatchError
from core.models.prediction import DetectionOptions
from core.picture import Size
from tests.core.models.support import ALL, detections

SIZE = Size(192, 256)
NAMES = tuple(f"point{number}" for number in range(17))


def body(rng: np.random.Generator) -> NDArray[np.float32]:
    """17 points: y, x, score."""
    return np.column_stack([rng.uniform(0.2, 0.8, (17, 2)), rng.uniform(0.3, 1, 17)]).astype(np.float32)


def test_movenet_gives_one_body() -> None:
    points = body(np.random.default_rng(1))
    points[3] = [0.95, 0.95, 0.1]  # not seen: it belongs to no box
    found = detections("movenet", [points[np.newaxis, np.newaxis]], SIZE, keypoints=NAMES)
    sure = [point for point in points.tolist() if point[2] >= 0.25]
    xs, ys = [x * 192 for _, x, _ in sure], [y * 256 for y, _, _ in sure]
    assert found.boxes == pytest.approx(np.array([[min(xs), min(ys), max(xs), max(ys)]]), abs=1e-3)
    assert found.scores == pytest.approx([np.mean(points[:, 2])])
    assert found.keypoints is not None
    assert found.keypoints[0] == pytest.approx(points[:, [1, 0, 2]] * [192, 256, 1], abs=1e-3)


@pytest.mark.parametrize("sure", [0, 1], ids=["no point", "one point"])
def test_too_few_points_are_no_body(sure: int) -> None:
    points = np.full((1, 1, 17, 3), 0.05, np.float32)
    points[0, 0, :sure] = 0.9
    found = detections("movenet", [points], SIZE, ALL._replace(score=0.05 + 1e-3), keypoints=NAMES)
    assert len(found.boxes) == 0


def test_a_low_mean_is_no_body() -> None:
    points = np.full((1, 1, 17, 3), 0.05, np.float32)
    points[0, 0, :3, 2], points[0, 0, :3, :2] = 0.9, [[0.1, 0.1], [0.5, 0.6], [0.2, 0.9]]
    assert len(detections("movenet", [points], SIZE, keypoints=NAMES).boxes) == 0


def test_multipose_gives_the_bodies_over_the_score() -> None:
    rng = np.random.default_rng(2)
    bodies = np.zeros((1, 6, 56), np.float32)
    for number, score in enumerate((0.9, 0.4, 0.1)):
        bodies[0, number, :51] = body(rng).ravel()
        bodies[0, number, 51:] = [0.1 + number / 10, 0.2, 0.5, 0.6, score]
    found = detections("movenet", [bodies], SIZE, DetectionOptions(0.3, 0.0, 10), keypoints=NAMES)
    assert found.scores == pytest.approx([0.9, 0.4])
    assert found.boxes == pytest.approx(np.array([[0.2 * 192, y * 256, 0.6 * 192, 128] for y in (0.1, 0.2)]), abs=1e-3)
    assert found.keypoints is not None
    assert found.keypoints[1] == pytest.approx(bodies[0, 1, :51].reshape(17, 3)[:, [1, 0, 2]] * [192, 256, 1], abs=1e-3)


def plain(maps: NDArray[np.float32], size: Size) -> list[tuple[float, float, float]]:
    """SimpleBaseline's post-processing, point by point: x, y (edge coordinates), score."""
    points = []
    for one in maps:
        height, width = one.shape
        best = max((float(one[y, x]), -y, -x) for y in range(height) for x in range(width))
        score, y, x = best[0], -best[1], -best[2]
        shift_x = shift_y = 0.0
        if 1 < x < width - 1 and 1 < y < height - 1:
            shift_x = 0.25 * float(np.sign(one[y, x + 1] - one[y, x - 1]))
            shift_y = 0.25 * float(np.sign(one[y + 1, x] - one[y - 1, x]))
        points.append(((x + shift_x) * size.width / width + 0.5, (y + shift_y) * size.height / height + 0.5, score))
    return points


@pytest.mark.parametrize("seed", range(4))
def test_heatmaps_equal_a_plain_loop(seed: int) -> None:
    maps = np.random.default_rng(seed).random((1, 17, 64, 48)).astype(np.float32)
    found = detections("heatmaps", [maps], SIZE, keypoints=NAMES)
    wanted = np.array(plain(maps[0], SIZE))
    assert found.keypoints is not None
    assert found.keypoints[0] == pytest.approx(wanted, abs=1e-3)
    low, high = wanted[:, :2].min(axis=0), wanted[:, :2].max(axis=0)
    assert found.boxes[0] == pytest.approx([*low, *high], abs=1e-3)


@pytest.mark.parametrize("at", [(0, 0), (47, 0), (0, 63), (47, 63), (1, 30), (20, 1)], ids=str)
def test_a_point_near_the_edge_does_not_move(at: tuple[int, int]) -> None:
    slope = np.add.outer(np.arange(64), np.arange(48)).astype(np.float32) / 1000
    maps = np.stack([slope, slope])[np.newaxis]
    maps[0, 0, at[1], at[0]] = maps[0, 1, 30, 20] = 1
    found = detections("heatmaps", [maps], SIZE, keypoints=("a", "b"))
    assert found.keypoints is not None
    assert found.keypoints[0, :, :2].tolist() == [[at[0] * 4 + 0.5, at[1] * 4 + 0.5], [81.5, 121.5]]


def test_maxima_a_little_over_1_are_1() -> None:
    maps = np.zeros((1, 2, 64, 48), np.float32)
    maps[0, 0, 10, 10], maps[0, 1, 50, 40] = 1.2, 0.8
    assert detections("heatmaps", [maps], SIZE, keypoints=("a", "b")).scores == pytest.approx([0.9])


def test_other_numbers_of_points_than_names() -> None:
    with pytest.raises(ModelMismatchError, match=r'expects 3 points, as many as "keypoints" names, not 17'):
        detections("movenet", [np.zeros((1, 1, 17, 3), np.float32)], SIZE, keypoints=("a", "b", "c"))
