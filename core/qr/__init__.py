"""QR codes: where they are and what they say.

All our own, and in bounded time: OpenCV 5.0's detector takes minutes on pictures made for that (stripes, a thousand
finder patterns), corrupts its heap on harmless ones, and nothing can interrupt it. Source: ISO/IEC 18004:2015.
"""

from itertools import islice
from typing import NamedTuple

import cv2
import numpy as np

from core.picture import Pixels
from core.qr.errors import UnreadableError
from core.qr.finders import Points, find_finders, likely_triples
from core.qr.grid import readings
from core.qr.matrix import read_matrix

_SIDE = 2000
_TRIES = 60


class Code(NamedTuple):
    """A text and the four corners around its modules, clockwise from its own upper left, in edge coordinates."""

    text: str
    quad: Points


def read_codes(luma: Pixels) -> list[Code]:
    """The codes that can be read in a grey picture (height, width), from top to bottom; dark on light or inverted."""
    scale = min(1.0, _SIDE / max(luma.shape))
    size = tuple(max(1, round(side * scale)) for side in luma.shape[::-1])
    small = luma if scale == 1 else cv2.resize(luma, size, interpolation=cv2.INTER_AREA)
    found = _search(small) or _search(cv2.bitwise_not(small))
    grown = np.array(luma.shape[::-1]) / np.array(size)
    codes = [Code(code.text, code.quad * grown) for code in found]
    return sorted(codes, key=lambda code: tuple(code.quad.mean(axis=0)[::-1]))


def _search(luma: Pixels) -> list[Code]:
    """Codes at likely triples of finder patterns; a pattern belongs to one code only."""
    finders = find_finders(luma)
    used: set[int] = set()
    found = []
    for triple in islice(likely_triples(finders), _TRIES):
        code = _read(luma, finders.centres[list(triple)], finders.modules[list(triple)].mean())
        if code and used.isdisjoint(triple):
            used.update(triple)
            found.append(code)
    return found


def _read(luma: Pixels, corners: Points, module: float) -> Code | None:
    for reading in readings(luma, corners, module):
        for matrix in (reading.matrix, reading.matrix.T):  # the second where the code is mirrored
            try:
                return Code(read_matrix(matrix), reading.quad)
            except UnreadableError:
                continue
    return None
