"""The squares in three corners of a QR code: found in time linear in the pixels, and grouped into codes."""

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from core.picture import Pixels

Points = NDArray[np.float64]

_MOST = 90
_WORST = 0.6


class Finders(NamedTuple):
    """Finder patterns: centres (x, y) in edge coordinates and the width of a module, pixels."""

    centres: Points
    modules: NDArray[np.float64]


def find_finders(luma: Pixels) -> Finders:
    """The largest finder patterns: a dark square in the middle of a dark ring, sides 3 to 7."""
    block = max(15, max(luma.shape) // 6) | 1
    calm = cv2.GaussianBlur(luma, (5, 5), 1)
    rows = np.concatenate(
        [
            _rings(cv2.threshold(luma, 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)[1]),
            _rings(cv2.adaptiveThreshold(luma, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, block, 4)),
            _rings(cv2.adaptiveThreshold(calm, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, block, 4)),
        ]
    )
    rows = rows[np.argsort(-rows[:, 2], kind="stable")][: 3 * _MOST]
    kept: list[Points] = []
    for row in rows:  # the masks mostly see the same ones
        if all(np.hypot(*(row[:2] - other[:2])) > 3 * other[2] for other in kept):
            kept.append(row)
    chosen = np.array(kept[:_MOST]).reshape(-1, 3)
    return Finders(chosen[:, :2], chosen[:, 2])


def _rings(mask: Pixels) -> Points:
    """Rows (x, y, module) of all rings in a mask with a fitting blob in their middle."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    left, top, width, height, area = stats.T
    middle = np.stack([left + width / 2, top + height / 2], axis=1)
    inner = labels[middle[:, 1].astype(int), middle[:, 0].astype(int)]
    side = np.maximum(width, height)
    fits = (inner > 0) & (inner != np.arange(len(stats))) & (side >= 7) & (np.minimum(width, height) > 0.6 * side)
    fits &= (side[inner] > 0.28 * side) & (side[inner] < 0.6 * side)
    fits &= (area[inner] > 0.15 * area) & (area[inner] < 0.8 * area)
    fits &= np.abs(middle - middle[inner]).max(axis=1) < 0.12 * side
    fits[0] = False  # the ground
    return np.column_stack([middle[fits], np.sqrt((area + area[inner])[fits] / 33)])


def likely_triples(finders: Finders) -> Iterator[tuple[int, int, int]]:
    """Triples that may be three corners of one code, likeliest first: upper left, upper right, lower left."""
    count = len(finders.modules)
    if count < 3:
        return
    chosen = np.array(list(combinations(range(count), 3)))
    orders = np.concatenate([np.roll(chosen, turn, axis=1) for turn in range(3)])
    errors, crosses = _errors(finders, orders)
    orders[crosses < 0] = orders[crosses < 0][:, [0, 2, 1]]
    for place in np.argsort(errors, kind="stable"):
        if errors[place] > _WORST:
            return
        corner, right, below = (int(index) for index in orders[place])
        if not _crowded(finders, (corner, right, below)):
            yield corner, right, below


def _errors(finders: Finders, orders: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far each triple is from a right angle with equal legs and modules, and on which side its second leg lies."""
    first, second = (finders.centres[orders[:, leg]] - finders.centres[orders[:, 0]] for leg in (1, 2))
    lengths = np.hypot(*first.T), np.hypot(*second.T)
    modules = finders.modules[orders]
    cosine = np.abs((first * second).sum(axis=1)) / (lengths[0] * lengths[1])
    errors = cosine + np.abs(np.log(lengths[0] / lengths[1])) + np.log(modules.max(axis=1) / modules.min(axis=1)) / 2
    across = (lengths[0] + lengths[1]) / 2 / modules.mean(axis=1)
    errors[(across < 10) | (across > 220)] = np.inf
    return errors, first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]


def _crowded(finders: Finders, order: tuple[int, int, int]) -> bool:
    """Whether a fourth finder pattern lies between the three: then they belong to several codes."""
    corner, right, below = finders.centres[list(order)]
    places = (finders.centres - corner) @ np.linalg.inv(np.stack([right - corner, below - corner]))
    return int(((places > -0.1) & (places < 1.1)).all(axis=1).sum()) > 3
