"""What ISO/IEC 18004:2015 lays down for each version: where its function patterns lie, how its codewords are split."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

CORRECTION = {
    "L": (7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28,
          28, 28, 30, 30, 26, 28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30),
    "M": (10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26,
          26, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28),
    "Q": (13, 22, 18, 26, 18, 24, 18, 22, 20, 24, 28, 26, 24, 20, 30, 24, 28, 28, 26, 30,
          28, 30, 30, 30, 30, 28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30),
    "H": (17, 28, 22, 16, 22, 28, 26, 26, 24, 28, 24, 28, 22, 24, 24, 30, 28, 28, 26, 28,
          30, 24, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30),
}  # fmt: skip
"""Error correction codewords in a block, by level and version (table 9)."""

BLOCKS = {
    "L": (1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8,
          8, 9, 9, 10, 12, 12, 12, 13, 14, 15, 16, 17, 18, 19, 19, 20, 21, 22, 24, 25),
    "M": (1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16,
          17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31, 33, 35, 37, 38, 40, 43, 45, 47, 49),
    "Q": (1, 1, 2, 2, 4, 4, 6, 6, 8, 8, 8, 10, 12, 16, 12, 17, 16, 18, 21, 20,
          23, 23, 25, 27, 29, 34, 34, 35, 38, 40, 43, 45, 48, 51, 53, 56, 59, 62, 65, 68),
    "H": (1, 1, 2, 4, 4, 4, 5, 6, 8, 8, 11, 11, 16, 16, 18, 16, 19, 21, 25, 25,
          25, 34, 30, 32, 35, 37, 40, 42, 45, 48, 51, 54, 57, 60, 63, 66, 70, 74, 77, 81),
}  # fmt: skip
"""Blocks, by level and version (table 9)."""

LEVELS = "MLHQ"
"""Error correction levels in the order of their two bits."""


def alignment_places(version: int) -> list[int]:
    """Rows and columns of alignment patterns' centres (annex E)."""
    if version == 1:
        return []
    count = version // 7 + 2
    step = 26 if version == 32 else (version * 4 + count * 2 + 1) // (count * 2 - 2) * 2
    last = 10 + 4 * version
    return [6, *(last - step * place for place in reversed(range(count - 1)))]


@lru_cache(maxsize=40)
def function_modules(version: int) -> NDArray[np.bool_]:
    """Modules that hold no data: finder, timing and alignment patterns, format and version information."""
    side = 17 + 4 * version
    taken = np.zeros((side, side), np.bool_)
    taken[:9, :9] = taken[:9, -8:] = taken[-8:, :9] = True
    taken[6] = taken[:, 6] = True
    places = alignment_places(version)
    for row in places:
        for column in places:
            if not ((row == 6 and column in {6, side - 7}) or (row == side - 7 and column == 6)):
                taken[row - 2 : row + 3, column - 2 : column + 3] = True
    if version >= 7:
        taken[:6, -11:-8] = taken[-11:-8, :6] = True
    return taken


@lru_cache(maxsize=40)
def data_order(version: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of the data modules in the order of their bits: up and down in pairs of columns (7.7.3)."""
    side = 17 + 4 * version
    pairs = [*range(side - 1, 6, -2), 5, 3, 1]
    order = [
        (side - 1 - step if index % 2 == 0 else step, right - left)
        for index, right in enumerate(pairs)
        for step in range(side)
        for left in (0, 1)
    ]
    taken = function_modules(version)
    rows, columns = np.array([place for place in order if not taken[place]]).T
    return rows, columns
