"""Bright shapes on a dark ground: a picture in two values, its outlines and its skeleton.

Here a shape is an array (height, width) of 0 and 255.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from core.imaging.pixels import grey
from core.picture import Pixels

Shape = NDArray[np.uint8]

_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def shapes(pixels: Pixels, level: int | None, *, invert: bool = False) -> Shape:
    """255 where luma is above `level` (without one: Otsu's), or where it is not with `invert`."""
    kind = cv2.THRESH_BINARY_INV if invert else cv2.THRESH_BINARY
    kind += cv2.THRESH_OTSU if level is None else 0
    return cv2.threshold(grey(pixels)[:, :, 0], level or 0, 255, kind)[1]


def outlines(shape: Shape) -> Shape:
    """The pixels of a shape that touch its outside with a side; beyond the picture all is outside.

    These are the contours that `cv2.findContours` follows, without lists of points: on noise those have no bound.
    """
    inside = cv2.erode(shape, _CROSS, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return cv2.subtract(shape, inside)
