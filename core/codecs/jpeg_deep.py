"""JPEGs of more than 8 bits, and lossless ones (T.81, annex H): by libjpeg-turbo 3, in imagecodecs."""

import cv2
import numpy as np

from core.codecs.jpeg_segments import EOI
from core.codecs.pixels import Raw, swapped
from core.imaging.pixels import three_axes
from core.picture import Pixels

LOSSLESS = 0xC3
_EXTENDED = {0xC0, 0xC1, 0xC2}
_BEHIND = 64
"""Bytes from the end in which the end marker has to be: this decoder fills up what is missing."""


def reads(marker: int, precision: int, components: int) -> bool:
    """Whether imagecodecs reads a frame of this kind."""
    depths = range(2, 17) if marker == LOSSLESS else {12} if marker in _EXTENDED else set()
    return precision in depths and components in {1, 3}


def decode_deep(data: bytes, precision: int) -> Pixels:
    """Grey or BGR in 8 bits. ValueError where the end is missing; whatever imagecodecs raises."""
    from imagecodecs import jpeg8_decode

    if EOI not in data[-_BEHIND:]:
        raise ValueError("its end is missing")
    found: Raw = three_axes(np.asarray(jpeg8_decode(data)))
    if precision != 8:
        found = cv2.convertScaleAbs(found, alpha=255 / (2**precision - 1))
    return np.ascontiguousarray(swapped(three_axes(found)))
