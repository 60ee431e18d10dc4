"""QR codes: where they are and what they say, by zxing-cpp (Apache-2.0).

OpenCV 5.0's own detector takes minutes for pictures made for that (stripes, a thousand finder patterns) and corrupts
its heap on harmless ones.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from core.picture import Pixels

SIDE = 2000
"""Longer side, in pixels, of the copy in which codes are looked for."""


class Code(NamedTuple):
    """A text and the four corners around its modules, clockwise from its own upper left, in edge coordinates."""

    text: str
    quad: NDArray[np.float64]


def read_codes(luma: Pixels) -> list[Code]:
    """The codes that can be read in a grey picture (height, width), from top to bottom; dark on light or inverted."""
    import zxingcpp

    scale = min(1.0, SIDE / max(luma.shape))
    size = tuple(max(1, round(side * scale)) for side in luma.shape[::-1])
    small = luma if scale == 1 else cv2.resize(luma, size, interpolation=cv2.INTER_AREA)
    found = zxingcpp.read_barcodes(
        np.ascontiguousarray(small), formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    )
    grown = np.array(luma.shape[::-1]) / np.array(size)
    codes = [Code(code.text, _corners(code.position) * grown) for code in found]
    return sorted(codes, key=lambda code: tuple(code.quad.mean(axis=0)[::-1]))


def _corners(position: object) -> NDArray[np.float64]:
    """The reader gives whole pixels, of which each is meant as its middle."""
    names = ("top_left", "top_right", "bottom_right", "bottom_left")
    points = [getattr(position, name) for name in names]
    return np.array([(point.x, point.y) for point in points], np.float64)
