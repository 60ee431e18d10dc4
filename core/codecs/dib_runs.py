"""The run lengths of bitmaps (BI_RLE8, BI_RLE4, RLE24), unpacked in whole stretches.

Sources: Microsoft, "Bitmap Compression"; IBM, OS/2 2.0 "Bitmap File Format" (RLE24).

What goes past the end of a row is left out, and the next end of line ends that row, as in browsers, libvips and Pillow.
"""

import re

import numpy as np
from numpy.typing import NDArray

from core.codecs.base import damaged
from core.errors import TooMuchWorkError
from core.picture import Pixels

_LINE, _END, _DELTA = 0, 1, 2
_PAIRS = re.compile(rb"(?:[^\0][\0-\xff])*+", re.DOTALL)
_COLOURS = re.compile(rb"(?:[^\0][\0-\xff]{3})*+", re.DOTALL)
"""A count and a value, again and again; a count of 0 is an escape."""
_ESCAPES, _PIXELS_OF_AN_ESCAPE, _MOST_ESCAPES = 4096, 16, 300_000
"""Each takes some microseconds: a second for the most."""


def unpacked(data: bytes, width: int, height: int, bits: int) -> Pixels:
    """Indices, height × width × 1, or of 24 bits colours, × 3, in the order of the file; 0 where nothing is sent.

    Errors: damaged_image (422) where the data ends before the picture, too_much_work (413) for far too many escapes.
    """
    runs = _Runs(data, width, height, bits)
    most = 2 * height + min(_ESCAPES + width * height // _PIXELS_OF_AN_ESCAPE, _MOST_ESCAPES)
    for _ in range(most):
        if not runs.step():
            return runs.canvas
    raise TooMuchWorkError(f"The BMP has more than {most} escapes, far more than its size needs.")


class _Runs:
    def __init__(self, data: bytes, width: int, height: int, bits: int) -> None:
        self._four, self._each = bits == 4, max(1, bits // 8)
        self._pairs = _COLOURS if bits == 24 else _PAIRS
        self.canvas = np.zeros((height, width, self._each), np.uint8)
        self._data, self._bytes = data, np.frombuffer(data, np.uint8)
        self._x = self._y = self._place = 0

    def step(self) -> bool:
        """All runs up to the next escape, and that; False at the end of the picture."""
        runs = self._pairs.match(self._data, self._place)
        escape = runs.end() if runs else self._place
        if escape > self._place:
            self._draw(self._repeated(self._bytes[self._place : escape]))
        if escape + 2 > len(self._data):
            if (self._y, self._x) < (len(self.canvas) - 1, self.canvas.shape[1]):
                raise damaged("bmp", "its end is missing")
            return False
        kind, self._place = self._data[escape + 1], escape + 2
        if kind == _LINE:
            self._x, self._y = 0, self._y + 1
        elif kind == _DELTA and self._place + 2 <= len(self._data):
            self._x, self._y = self._x + self._data[self._place], self._y + self._data[self._place + 1]
            self._place += 2
        elif kind > _DELTA:
            self._literal(kind)
        return kind != _END and self._y < len(self.canvas)

    def _literal(self, count: int) -> None:
        """So many indices or colours as they are, padded to two bytes."""
        length = (count + 1) // 2 if self._four else count * self._each
        found = self._bytes[self._place : self._place + length]
        if len(found) < length:
            raise damaged("bmp", "its end is missing")
        self._draw((self._halves(found)[:count] if self._four else found).reshape(-1, self._each))
        self._place += length + length % 2

    def _repeated(self, pairs: NDArray[np.uint8]) -> Pixels:
        """Counts and values in turn, as far as the row has room: every count is 1 or more."""
        pairs = pairs.reshape(-1, 1 + self._each)[: max(0, self.canvas.shape[1] - self._x)]
        counts, values = pairs[:, 0], pairs[:, 1:]
        made = np.repeat(values, counts, axis=0)
        if not self._four:
            return made
        first = np.arange(len(made)) - np.repeat(np.cumsum(counts, dtype=np.int64) - counts, counts)
        return np.where(first[:, None] % 2 == 0, made >> 4, made & 15).astype(np.uint8)

    @staticmethod
    def _halves(found: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return np.stack([found >> 4, found & 15], axis=1).ravel()

    def _draw(self, indices: NDArray[np.uint8]) -> None:
        """To the end of the row at most."""
        if self._y < len(self.canvas):
            room = max(0, self.canvas.shape[1] - self._x)
            self.canvas[self._y, self._x : self._x + room][: len(indices)] = indices[:room]
        self._x += len(indices)
