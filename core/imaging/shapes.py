"""Bright shapes on a dark ground: a picture in two values, its outlines and its skeleton.

Here a shape is an array (height, width) of 0 and 255.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from core.imaging.alpha import apart, weighed_counts
from core.imaging.pixels import grey
from core.picture import Pixels

Shape = NDArray[np.uint8]

_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def shapes(pixels: Pixels, level: int | None, *, invert: bool = False) -> Shape:
    """255 where luma is above `level` (without one: Otsu's), or with `invert` where not; 0 under alpha 0."""
    color, alpha = apart(pixels)
    luma = grey(color)[:, :, 0]
    shape = two_values(luma, alpha, level)
    shape = cv2.bitwise_not(shape) if invert else shape
    return shape if alpha is None else cv2.copyTo(shape, alpha)


def two_values(luma: Pixels, alpha: Pixels | None, level: int | None) -> Shape:
    """255 where luma (height, width) is above `level`; without one, above Otsu's, each pixel counted by its alpha."""
    if level is None and alpha is not None:
        level = _otsu(weighed_counts(luma[:, :, None], alpha))
    kind = cv2.THRESH_BINARY + (cv2.THRESH_OTSU if level is None else 0)
    return cv2.threshold(luma, level or 0, 255, kind)[1]


def _otsu(counts: NDArray[np.float64]) -> int:
    """The level between the two classes whose means are furthest apart, weighed; of equal ones the lowest.

    Source: Otsu, "A Threshold Selection Method from Gray-Level Histograms", 1979; `cv2.threshold` takes no weights.
    """
    values, below = np.arange(256), np.cumsum(counts)
    sums, above = np.cumsum(counts * values), below[-1] - below
    inside = (below > 0) & (above > 0)
    means = [sums / np.where(inside, below, 1), (sums[-1] - sums) / np.where(inside, above, 1)]
    between = np.where(inside, below * above * (means[0] - means[1]) ** 2, 0)
    return int(np.argmax(np.round(between / max(between.max(), 1e-300), 12)))


def outlines(shape: Shape) -> Shape:
    """The pixels of a shape that touch its outside with a side; beyond the picture all is outside.

    These are the contours that `cv2.findContours` follows, without lists of points: on noise those have no bound.
    """
    inside = cv2.erode(shape, _CROSS, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return cv2.subtract(shape, inside)
