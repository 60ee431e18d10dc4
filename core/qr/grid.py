"""From three finder patterns to dark and light modules: how many there are, where each lies."""

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from core.picture import Pixels
from core.qr.finders import Points

Modules = NDArray[np.bool_]

_FINE = 4
_ALIGNMENT = np.pad(np.pad(np.zeros((1, 1), np.uint8), 1, constant_values=255), 1)
_SHIFTS = sorted(product((0, 1, -1, 2, -2), repeat=2), key=lambda shift: shift[0] ** 2 + shift[1] ** 2)


class Reading(NamedTuple):
    """A guess: modules, dark ones True, indexed by row and column, and the corners around them."""

    matrix: Modules
    quad: Points


def readings(luma: Pixels, corners: Points, module: float) -> Iterator[Reading]:
    """Guesses of size and perspective whose timing patterns look right, likeliest first.

    `corners` are the centres of the finder patterns: upper left, upper right, lower left; `module` is in pixels.
    """
    legs = np.hypot(*(corners[1:] - corners[0]).T).mean()
    version = round((legs / module + 7 - 17) / 4)
    for guess in sorted(range(version - 2, version + 3), key=lambda other: abs(other - version)):
        if 1 <= guess <= 40:
            yield from _with_perspective(luma, corners, 17 + 4 * guess)


def _with_perspective(luma: Pixels, corners: Points, count: int) -> Iterator[Reading]:
    """Guesses for so many modules: the fourth corner at the alignment pattern, or near where a parallelogram has it."""
    known = np.array([(3.5, 3.5), (count - 3.5, 3.5), (3.5, count - 3.5)])
    flat = np.vstack([cv2.getAffineTransform(known.astype(np.float32), corners.astype(np.float32)), (0, 0, 1)])
    if count == 21:
        fourths = [(count - 3.5 + right, count - 3.5 + down) for right, down in _SHIFTS]
        place = np.array((count - 3.5, count - 3.5))
    else:
        place = np.array((count - 6.5, count - 6.5))
        fourths = [tuple(_alignment(luma, flat, count)), tuple(place)]
    for fourth in fourths:
        source, target = np.vstack([known, place]), np.vstack([corners, _moved(flat, np.array([fourth]))])
        move = cv2.getPerspectiveTransform(source.astype(np.float32), target.astype(np.float32))
        matrix = _dark(_sampled(luma, move, count))
        quad = _moved(move, np.array([(0, 0), (count, 0), (count, count), (0, count)]))
        if _timing(matrix) > 0.8 and np.isfinite(quad).all():
            yield Reading(matrix, quad)


def _moved(move: NDArray[np.float64], points: Points) -> Points:
    moved = np.column_stack([points, np.ones(len(points))]) @ move.T
    return moved[:, :2] / moved[:, 2:]


def _upright(luma: Pixels, move: NDArray[np.float64], left: float, top: float, side: int) -> Pixels:
    """`side` × `side` modules from (left, top), four pixels each; `move` takes modules to edge coordinates."""
    fine = np.array([[1 / _FINE, 0, left + 0.5 / _FINE], [0, 1 / _FINE, top + 0.5 / _FINE], [0, 0, 1]])
    centres = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]]) @ move @ fine
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (side * _FINE, side * _FINE)
    return cv2.warpPerspective(luma, centres, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)


def _alignment(luma: Pixels, flat: NDArray[np.float64], count: int) -> Points:
    """Where the lower right alignment pattern is, in modules, as seen through the flat map."""
    reach = 2 + count // 10
    first = count - 9 - reach
    window = _upright(luma, flat, first, first, 2 * reach + 5)
    pattern = np.kron(_ALIGNMENT, np.ones((_FINE, _FINE), np.uint8))
    _, _, _, (x, y) = cv2.minMaxLoc(cv2.matchTemplate(window, pattern, cv2.TM_CCOEFF_NORMED))
    return first + 2.5 + np.array((x, y)) / _FINE


def _sampled(luma: Pixels, move: NDArray[np.float64], count: int) -> Pixels:
    """The mean of each module's middle."""
    fine = _upright(luma, move, 0, 0, count).reshape(count, _FINE, count, _FINE)
    return np.rint(fine[:, 1:-1, :, 1:-1].mean(axis=(1, 3))).astype(np.uint8)


def _dark(values: Pixels) -> Modules:
    """Darker than halfway between the darkest and the lightest of the modules around."""
    around = np.ones((9, 9), np.uint8)
    low, high = (part.astype(np.float32) for part in (cv2.erode(values, around), cv2.dilate(values, around)))
    middle = cv2.blur((low + high) / 2, (5, 5))
    flat = high - low < 0.25 * (values.max() - values.min())
    return values < np.where(flat, (float(values.max()) + float(values.min())) / 2, middle)


def _timing(matrix: Modules) -> float:
    """The share of modules between the finder patterns that alternate as they should."""
    between = slice(8, matrix.shape[0] - 8)
    seen = np.concatenate([matrix[6, between], matrix[between, 6]])
    wanted = np.tile(np.arange(8, matrix.shape[0] - 8) % 2 == 0, 2)
    return float((seen == wanted).mean())
