"""The whole of a bar code, where a reader tells only the rows in which it has read it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from core.picture import Pixels

Quad = NDArray[np.float64]
_COLUMNS, _ROWS = 800, 400
"""Most samples of a code across its bars and along them: bounds the work."""
_BEYOND = 1.0
"""How far along the bars is looked beyond what was read, as a share of the code's width."""
_LIKE = 0.5
"""A row is of the code while it has this share of the edges that the rows have that were read."""
_GAP = 2
"""Rows with fewer that are passed over."""


def whole_bars(luma: Pixels, quad: Quad, spare: float = 0.0) -> Quad:
    """The rectangle along the bars that holds a quad and all that its bars go on, above it and below.

    A row is of the code as long as it has about as many edges as those that were read: it ends where it is plain, or
    only guard bars go on. The first side runs as the code is read, the others clockwise. `spare` is a share of the
    width that is added at both ends.
    """
    across = _across(luma, quad)
    down = np.array((-across[1], across[0]))
    columns, rows = quad @ across, quad @ down
    width = max(float(np.ptp(columns)), 1.0)
    left, top = columns.min(), rows.min() - _BEYOND * width
    high = rows.max() + _BEYOND * width - top
    samples = (int(np.clip(width, 8, _COLUMNS)), int(np.clip(high, 8, _ROWS)))
    edges = _edges(_rectified(luma, across, (left, top), (width, high), samples))
    step = high / samples[1]
    first, last = _grown(edges, (rows.min() - top) / step, (rows.max() - top) / step)
    upper, lower = min(top + first * step, rows.min()), max(top + last * step, rows.max())
    left, right = left - spare * width, left + (1 + spare) * width
    corners = ((left, upper), (right, upper), (right, lower), (left, lower))
    return np.array([across * column + down * row for column, row in corners])


def _across(luma: Pixels, quad: Quad) -> Quad:
    """The direction across the bars, of length 1: where most edges face, the way of the quad's first side.

    First by all pixels around the quad, then by those of a strip through its middle.
    """
    low = np.maximum(np.floor(quad.min(axis=0)).astype(int) - 2, 0)
    high = np.ceil(quad.max(axis=0)).astype(int) + 3
    across = _unit(_facing(luma[low[1] : high[1], low[0] : high[0]]))
    way = quad[1] - quad[0]
    across = across if across @ way >= 0 else -across
    for _ in range(2):
        down = np.array((-across[1], across[0]))
        width = max(float(np.ptp(quad @ across)), 1.0)
        middle = quad.mean(axis=0)
        corner = (float(middle @ across) - width * 0.45, float(middle @ down) - width * 0.05)
        samples = (int(np.clip(width * 0.9, 9, _COLUMNS)), int(np.clip(width * 0.1, 3, _COLUMNS // 9)))
        strip = _rectified(luma, across, corner, (width * 0.9, width * 0.1), samples)
        cos, sin = _unit(_facing(strip))
        across = across * cos + down * sin
    return across


def _unit(angle: float) -> Quad:
    return np.array((np.cos(angle), np.sin(angle)))


def _facing(part: Pixels) -> float:
    """The angle, from -90 to 90 degrees in radians, that most edges face."""
    if not part.size:
        return 0.0
    x, y = (cv2.Sobel(part, cv2.CV_32F, *order).astype(np.float64) for order in ((1, 0), (0, 1)))
    return float(np.arctan2(2 * (x * y).sum(), (x * x - y * y).sum()) / 2)


def _rectified(
    luma: Pixels, across: Quad, corner: tuple[float, float], sides: tuple[float, float], samples: tuple[int, int]
) -> Pixels:
    """A rectangle that begins at a corner, in coordinates along `across` and down from it, of so many samples."""
    down = np.array((-across[1], across[0]))
    steps = across * (sides[0] / samples[0]), down * (sides[1] / samples[1])
    back = np.column_stack([*steps, across * corner[0] + down * corner[1]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(luma, back, samples, flags=flags, borderValue=(255,)), np.uint8)


def _edges(patch: Pixels) -> NDArray[np.float64]:
    """How much each row changes from pixel to pixel."""
    return cv2.absdiff(patch[:, 1:], patch[:, :-1]).mean(axis=1)


def _grown(edges: NDArray[np.float64], first: float, last: float) -> tuple[int, int]:
    """The rows from the first to the last that have about as many edges as those between two rows."""
    start, stop = int(np.clip(first, 0, len(edges) - 1)), int(np.clip(np.ceil(last), 1, len(edges)))
    stop = max(stop, start + 1)
    like = edges >= _LIKE * np.median(edges[start:stop])
    return stop - _run(like[:stop][::-1], stop - start), start + _run(like[start:], stop - start)


def _run(like: NDArray[np.bool_], count: int) -> int:
    """How many of the rows belong together: the first ones by count, and those that follow, over small gaps."""
    end = count
    for row in range(count, len(like)):
        if like[row]:
            end = row + 1
        elif row - end >= _GAP:
            break
    return end
