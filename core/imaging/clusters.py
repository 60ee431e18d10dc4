"""Centres of clusters, by k-means.

A few centres are chosen by chance three times over, the best of which is taken. More are begun by halving: what is left
by chance is little then, and would take four times as long.
"""

import heapq
from itertools import count as numbers
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]
"""Rows of coordinates."""

FEW = 16
_SEED = 20
_ROUNDS = 6
"""How often halves are moved to the middle of what is nearest to them."""
_AT_ONCE = 2**15
"""Distances that are worked out at once: they stay in the cache, and OpenBLAS keeps so small a product in one thread,
where others would mostly wait for each other."""
_SAME = 1e-3
"""A sum of squares that is not worth a centre."""


class _Cluster(NamedTuple):
    """Some points: the sum of their squared distances from their mean, negated so that a heap has the largest first."""

    spread: float
    number: int
    points: Points
    mean: NDArray[np.float64]
    widest: int


class Halved(NamedTuple):
    """Centres, and the sum of squares that was left by one, two and so on up to as many."""

    centres: Points
    left: list[float]


class Clustered(NamedTuple):
    """Centres, and which of them each point belongs to."""

    centres: Points
    labels: NDArray[np.intp]


def clustered(points: Points, count: int) -> Clustered:
    """At most `count` centres of at least as many points. The same points give the same centres.

    Source: https://docs.opencv.org/4.x/d5/d38/group__core__cluster.html; Arthur and Vassilvitskii, "k-means++", 2007.
    """
    if count > FEW:
        found = _settled(points, halved(points, count).centres)
        return Clustered(found, closest(points, found))
    cv2.setRNGSeed(_SEED)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 10, 0.5)
    _, labels, found = cv2.kmeans(points, count, None, stop, 3, cv2.KMEANS_PP_CENTERS)
    return Clustered(np.asarray(found, np.float32), labels[:, 0].astype(np.intp))


def halved(points: Points, count: int, enough: float = 0.0) -> Halved:
    """At most `count` centres: again and again the widest cluster is cut at its mean, across its widest axis.

    No more are made than leave a sum of squares of `enough`.

    Source: Wan, Wong and Prusinkiewicz, "An algorithm for multidimensional data clustering", 1988.
    """
    number = numbers()
    heap = [_cluster(points, next(number))]
    left = [-heap[0].spread]
    while len(heap) < count and left[-1] > enough and -heap[0].spread > _SAME:
        whole = heap[0]
        above = whole.points[:, whole.widest] > whole.mean[whole.widest]
        parts = [_cluster(whole.points[half], next(number)) for half in (above, ~above)]
        heapq.heapreplace(heap, parts[0])
        heapq.heappush(heap, parts[1])
        left.append(left[-1] + whole.spread - parts[0].spread - parts[1].spread)
    return Halved(np.array([one.mean for one in heap], np.float32), left)


def _cluster(points: Points, number: int) -> _Cluster:
    mean = points.mean(axis=0, dtype=np.float64)  # of 32 bits it may be the largest of them
    squares = ((points - mean) ** 2).sum(axis=0)
    return _Cluster(-float(squares.sum()), number, points, mean, int(squares.argmax()))


def closest(points: Points, others: Points) -> NDArray[np.intp]:
    """Which of the others is nearest to each point."""
    # |p - o|² without |p|², which is the same for all others, by one product
    known = np.hstack([points, np.ones((len(points), 1), np.float32)])
    beside = np.vstack([-2 * others.T, (others**2).sum(axis=1)])
    parts = np.array_split(known, max(1, -(-len(points) * len(others) // _AT_ONCE)))
    return np.concatenate([np.argmin(part @ beside, axis=1) for part in parts])


def _settled(points: Points, found: Points) -> Points:
    for _ in range(_ROUNDS):
        found = means(points, closest(points, found), len(found))[0]
    return found


def means(points: NDArray[Any], labels: NDArray[np.intp], count: int) -> tuple[Points, NDArray[np.int64]]:
    """The mean of the points of each label, and how many they are; labels of none are left out."""
    counts = np.bincount(labels, minlength=count)
    sums = np.stack([np.bincount(labels, column, count) for column in points.T], axis=1)
    kept = counts > 0
    return (sums[kept] / counts[kept, None]).astype(np.float32), counts[kept]
