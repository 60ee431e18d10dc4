"""Clusters: how near the centres are, beside OpenCV's k-means, and what is the same every time."""

import cv2
import numpy as np
import pytest

from core.imaging.clusters import FEW, Points, closest, clustered, halved, means


def _points(kind: str) -> Points:
    """2,000 points of a kind that makes choosing centres hard."""
    random = np.random.default_rng(3)
    made = {
        "even": random.uniform(0, 255, (2000, 3)),
        "lumps": random.normal(random.uniform(40, 215, (40, 3))[random.integers(0, 40, 2000)], 6),
        "dark": random.exponential(9, (2000, 4)),
        "line": np.repeat(random.uniform(0, 255, (2000, 1)), 3, axis=1),
    }
    return made[kind].astype(np.float32)


def _error(points: Points, centres: Points) -> float:
    return float(((points - centres[closest(points, centres)]) ** 2).sum())


@pytest.mark.parametrize("count", [4, FEW, FEW + 1, 64, 200])
@pytest.mark.parametrize("kind", ["even", "lumps", "dark", "line"])
def test_centres_are_about_as_near_as_those_of_k_means(kind: str, count: int) -> None:
    points = _points(kind)
    found = clustered(points, count)
    cv2.setRNGSeed(7)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 10, 0.5)
    theirs = cv2.kmeans(points, count, None, stop, 1, cv2.KMEANS_PP_CENTERS)[2]
    assert len(found.centres) <= count
    assert _error(points, found.centres) <= 1.25 * _error(points, theirs)
    assert np.array_equal(clustered(points, count).labels, found.labels)


def test_each_point_is_of_the_nearest_centre() -> None:
    points, others = _points("even"), _points("lumps")[:300]
    distances = ((points[:, None].astype(np.float64) - others) ** 2).sum(axis=2)
    chosen = distances[np.arange(len(points)), closest(points, others)]
    assert np.allclose(chosen, distances.min(axis=1), rtol=1e-4, atol=0.1)


@pytest.mark.parametrize(
    ("points", "count"),
    [
        (np.zeros((50, 3)), 1), ([[0, 0]] * 9 + [[255, 0]], 2), ([[255.0]] * 8191 + [[254.9]], 2),
        (np.arange(20)[:, None], 20),
    ],
    ids=["all alike", "one other", "one that is hardly another", "no more than centres"],
)  # fmt: skip
def test_halving_ends_where_nothing_is_left(points: object, count: int) -> None:
    found = halved(np.array(points, np.float32), 64)
    assert len(found.centres) == len(found.left) == count
    assert found.left[-1] == pytest.approx(0, abs=1e-2)


def test_halving_tells_what_is_left_of_each_number() -> None:
    points = _points("lumps")
    found = halved(points, 64)
    for count in (1, 2, 7, 64):
        alone = halved(points, count).centres
        assert found.left[count - 1] >= 0.99 * _error(points, alone)
    assert all(np.diff(found.left) <= 0)
    enough = found.left[30]
    assert len(halved(points, 64, enough).centres) == 31


def test_means_leave_out_what_has_no_points() -> None:
    centres, counts = means(np.array([[2.0, 0], [4, 2], [9, 9]]), np.array([0, 0, 2]), 4)
    assert centres.tolist() == [[3, 1], [9, 9]]
    assert counts.tolist() == [2, 1]
