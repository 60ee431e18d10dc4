"""The rows of a PNG: filtered, and packed. Source: W3C PNG (third edition), 9 and 10.

The rows of each part of the picture have the filter that packs some of them best. libdeflate packs them: a photograph
in a third of the time that zlib takes.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from core.picture import Pixels

Rows = NDArray[np.uint8]
Raw = NDArray[Any]

_NONE, _SUB, _UP, _AVERAGE = range(4)
_FILTERS = (_NONE, _AVERAGE, _UP, _SUB)
_CACHED = 1 << 18
"""Bytes of rows that are filtered at a time, so that they stay near the processor."""
_PHOTO, _SMOOTH, GRAPHIC = 2, 3, 6
_UNLIKE, _ALIKE = 0.3, 0.8
"""Share of the visible pixels that are as the one to their left: fewer in photographs, more in drawings, which gain by
a higher level. Between are gradients, and photographs without grain."""


class _Trial(NamedTuple):
    """How many parts at most, of how many rows at least, and how many rows of each are tried."""

    parts: int
    rows: int
    tried: int


_TRIAL, _TRIAL_ALPHA = _Trial(8, 128, 4), _Trial(12, 64, 2)
"""With alpha a filter is good for few rows, since the outline moves."""


class _Tried(NamedTuple):
    """The filter of each part, and what share of the visible pixels tried are as the one to their left."""

    kinds: list[int]
    alike: float


def packed_rows(pixels: Pixels, level: int | None = None) -> bytes:
    """The content of IDAT for samples of eight bits, or rows of bytes; libdeflate's `level`, by default by the look."""
    import deflate

    tried = _tried(pixels, deflate.zlib_compress)
    level = level or (_PHOTO if tried.alike < _UNLIKE else _SMOOTH if tried.alike < _ALIKE else GRAPHIC)
    return bytes(deflate.zlib_compress(_filtered(pixels, tried.kinds), level))


def _tried(pixels: Pixels, compress: Callable[[Any, int], Any]) -> _Tried:
    trial = _TRIAL_ALPHA if pixels.shape[2] == 4 else _TRIAL
    kinds, seen, alike = [], 0, 0
    for part in _parts(pixels.shape[0], min(max(1, pixels.shape[0] // trial.rows), trial.parts)):
        middle = part.start + max(0, part.stop - part.start - trial.tried) // 2
        rows = pixels[max(0, middle - 1) : min(part.stop, middle + trial.tried)]
        first = 1 if middle else 0
        sizes = {kind: len(compress(_filtered(rows, [kind])[first:], _PHOTO)) for kind in _FILTERS}
        kinds.append(min(sizes, key=lambda kind: sizes[kind]))
        visible, repeated = _repeated(rows)
        seen, alike = seen + visible, alike + repeated
    return _Tried(kinds, alike / max(1, seen))


def _repeated(rows: Pixels) -> tuple[int, int]:
    """How many pixels are visible, and how many of these are as the one to their left."""
    same = np.all(rows[:, 1:] == rows[:, :-1], axis=2)
    if rows.shape[2] < 4:
        return same.size, int(np.count_nonzero(same))
    visible = rows[:, 1:, 3] > 0
    return int(np.count_nonzero(visible)), int(np.count_nonzero(same & visible))


def _parts(height: int, count: int) -> list[slice]:
    """Rows in so many parts."""
    edges = [height * place // count for place in range(count + 1)]
    return [slice(top, bottom) for top, bottom in pairwise(edges) if bottom > top]


def _filtered(pixels: Pixels, kinds: list[int]) -> Rows:
    """Height × (1 + bytes of a row): each row behind the number of its filter; each part of the rows has its own."""
    height, width, channels = pixels.shape
    made = np.empty((height, 1 + width * channels), np.uint8)
    rows = max(1, _CACHED // (width * channels))
    for kind, part in zip(kinds, _parts(height, len(kinds)), strict=False):
        for top in range(part.start, part.stop, rows):
            bottom, above = min(top + rows, part.stop), max(0, top - 1)
            found = _samples(pixels[above:bottom])
            before = found[:-1] if above < top else np.concatenate([np.zeros_like(found[:1]), found[:-1]])
            _filter(made[top:bottom], found[top - above :], before, kind, channels)
    if kinds[0] == _UP:  # above the first row is nothing to differ from
        first = _samples(pixels[:1])
        _filter(made[:1], first, np.zeros_like(first), _SUB, channels)
    return made


def _samples(pixels: Pixels) -> Rows:
    """Rows of bytes as PNG orders them."""
    code = {3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGBA}.get(pixels.shape[2])
    ordered = pixels if code is None else cv2.cvtColor(pixels, code)
    return ordered.reshape(len(pixels), -1)


def _filter(made: Rows, rows: Rows, before: Rows, kind: int, channels: int) -> None:
    """Write each row as what it differs by from the sample to its left, from the row before it, or from their mean."""
    made[:, 0] = kind
    out = made[:, 1:]
    if kind == _NONE:
        out[:] = rows
    elif kind == _UP:
        np.subtract(rows, before, out=out)
    else:
        left, above = rows[:, :-channels], before[:, channels:]
        if kind == _AVERAGE:
            mean = np.bitwise_xor(left, above)
            mean >>= 1
            mean += left & above
            left = mean
        out[:, :channels] = rows[:, :channels] - (before[:, :channels] >> 1 if kind == _AVERAGE else 0)
        np.subtract(rows[:, channels:], left, out=out[:, channels:])
