"""Thinning a shape to lines one pixel wide, fast where it is thick.

Source: Guo and Hall, "Parallel thinning with two-subiteration algorithms", 1989, https://doi.org/10.1145/62065.62074.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from core.imaging.shapes import Shape

Flat = NDArray[np.int64]

_RING = ((0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1))
"""The neighbours (down, across) from the right one on, against the clock; bit i of a code is the i-th of them."""

_FEW = 256
"""When a round takes less than one pixel in so many, going on from a list of pixels is cheaper than all the picture."""


def thinned(shape: Shape) -> Shape:
    """The skeleton of a shape (0 and 255), as connected as the shape was."""
    field = cv2.threshold(shape, 0, 1, cv2.THRESH_BINARY)[1]
    field = cv2.copyMakeBorder(field, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    while True:
        taken = [_take_everywhere(field, table) for table in _TABLES]
        count = sum(cv2.countNonZero(part) for part in taken)
        if count * _FEW <= field.size:
            break
    if count:
        _take_near(field, [np.flatnonzero(part) for part in taken])
    return cv2.threshold(field[1:-1, 1:-1], 0, 255, cv2.THRESH_BINARY)[1]


def _take_everywhere(field: Shape, table: Shape) -> Shape:
    """Take what `table` says away from all of the picture; what was taken."""
    code = cv2.filter2D(field, -1, _WEIGHTS, borderType=cv2.BORDER_CONSTANT)
    gone = cv2.bitwise_and(cv2.LUT(code, table), field, dst=code)
    cv2.subtract(field, gone, dst=field)
    return gone


def _take_near(field: Shape, taken: list[Flat]) -> None:
    """Go on until nothing changes, looking only at the neighbours of what the last two passes took.

    Any other pixel was looked at two passes ago, with the same table and the same neighbours.
    """
    flat, steps = field.reshape(-1), np.array([down * field.shape[1] + across for down, across in _RING])
    turn = 0
    while any(part.size for part in taken):
        near = (np.concatenate(taken)[:, None] + steps).ravel()
        near = near[flat[near] > 0]
        code = np.zeros(near.size, np.uint8)
        for bit, step in enumerate(steps):
            code |= flat[near + step] << bit
        gone = np.unique(near[_TABLES[turn][code] > 0])
        flat[gone] = 0
        taken, turn = [taken[1], gone], 1 - turn


def _weights() -> NDArray[np.float32]:
    """A kernel whose sum over a field of 0 and 1 is the code of the neighbours."""
    weights = np.zeros((3, 3), np.float32)
    for bit, (down, across) in enumerate(_RING):
        weights[down + 1, across + 1] = 1 << bit
    return weights


def _table(first: int) -> Shape:
    """For each code 1 where the pixel goes; the second pass (`first` 4) is the first one turned by half.

    It goes where that breaks nothing (one run of neighbours), shortens no end (both counts of pairs at least 2) and
    does not eat from both sides at once.
    """
    ring = ((np.arange(256)[:, None] >> np.arange(8)) & 1).astype(bool)
    sides, corners, next_sides = ring[:, 0::2], ring[:, 1::2], np.roll(ring[:, 0::2], -1, axis=1)
    runs = (~sides & (corners | next_sides)).sum(axis=1)
    pairs = np.minimum((sides | corners).sum(axis=1), (corners | next_sides).sum(axis=1))
    side, *others = (ring[:, (first + step) % 8] for step in (0, 1, 2, 7))
    kept = side & (others[0] | others[1] | ~others[2])
    return ((runs == 1) & (pairs >= 2) & (pairs <= 3) & ~kept).astype(np.uint8)


_WEIGHTS = _weights()
_TABLES = (_table(0), _table(4))
