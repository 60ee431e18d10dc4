"""Directions in which many edges of a picture run, and the picture turned so that they lie along rows and columns."""

import cv2
import numpy as np
from numpy.typing import NDArray

from core.picture import Pixels

MOST = 3
"""Most directions."""
_BLOCK = 16
"""Side of the blocks that vote, in samples."""
_STEP = 2
"""A gradient is taken of every so many pixels."""
_EVEN = 4
"""Degrees off the rows and columns that count as none."""
_APART = 8
"""Degrees between two directions."""
_AGREE = 0.5
"""How much of a block's edges must run in one direction, or across it."""
_SHARE = 0.02
"""Least share of all votes that a direction needs."""


def slants(luma: Pixels) -> list[float]:
    """The strongest directions, in degrees from 0 to 90 off the rows, without those along rows and columns.

    Edges across one another count as one direction. Each block of the picture votes by how strong its edges are and
    how well they agree: bars and modules outvote grass.
    """
    votes = _votes(luma)
    around = np.arange(-2, 3)
    smooth = np.sum([np.roll(votes, shift) * (3 - abs(shift)) / 3 for shift in around.tolist()], axis=0)
    found: list[float] = []
    for degree in np.argsort(-smooth, kind="stable").tolist():
        if smooth[degree] <= _SHARE * votes.sum() or len(found) == MOST:
            break
        if min(degree, 90 - degree) > _EVEN and all(_between(degree, other) >= _APART for other in found):
            near = (degree + around) % 90
            found.append(float(degree + (votes[near] * around).sum() / votes[near].sum() + 0.5) % 90)
    return found


def _between(one: float, other: float) -> float:
    """Degrees between two directions of which each stands for the one across it too."""
    apart = abs(one - other) % 90
    return min(apart, 90 - apart)


def _votes(luma: Pixels) -> NDArray[np.float64]:
    """The votes for each degree from 0 to 90: gradients, four times as far around, so that those across add up."""
    across, down = (cv2.Sobel(luma, cv2.CV_32F, *order)[::_STEP, ::_STEP] for order in ((1, 0), (0, 1)))
    length = cv2.magnitude(np.ascontiguousarray(across), np.ascontiguousarray(down))
    once = (across + 1j * down) / np.maximum(length, 1)
    fourfold = once**4 * length
    size = tuple(-(-side // _BLOCK) for side in length.shape[::-1])
    real, imaginary, whole = (
        cv2.resize(np.ascontiguousarray(part), size, interpolation=cv2.INTER_AREA)
        for part in (fourfold.real, fourfold.imag, length)
    )
    agree = np.hypot(real, imaginary) / np.maximum(whole, 1)
    degrees = (np.degrees(np.arctan2(imaginary, real)) / 4 % 90).astype(int) % 90
    weights = np.where(agree > _AGREE, agree**2 * whole, 0)
    return np.bincount(degrees.ravel(), weights.ravel(), 90).astype(np.float64)


def standing(luma: Pixels) -> float:
    """By how many degrees, from 0 to 90, what is dark has to be turned back to stand upright, as `turned` does it."""
    _, dark = cv2.threshold(luma, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    points = cv2.findNonZero(dark)
    return float(cv2.minAreaRect(points)[2]) % 90 if points is not None else 0.0


def turned(luma: Pixels, angle: float, grown: int = 1) -> tuple[Pixels, NDArray[np.float64]]:
    """The picture turned back by an angle in degrees, all of it on white, and the way back for points (2×3).

    It becomes `grown` times as large.
    """
    height, width = luma.shape
    turn = np.radians(angle)
    cos, sin = abs(np.cos(turn)), abs(np.sin(turn))
    size = (int(np.ceil(grown * (width * cos + height * sin))), int(np.ceil(grown * (width * sin + height * cos))))
    forward = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, grown)
    forward[:, 2] += [(size[0] - width) / 2, (size[1] - height) / 2]
    copy = cv2.warpAffine(luma, forward, size, flags=cv2.INTER_LINEAR, borderValue=(255,))
    return copy, cv2.invertAffineTransform(forward)
