"""The picture data of a PNG: samples or a palette, rows filtered, all packed. Source: W3C PNG (third edition), 9 to 11.

What has at most 256 colours is written with a palette, which loses nothing. The rows of each part of the picture have
the filter that packs some of them best. libdeflate packs them: a photograph in a third of the time that zlib takes.
"""

import sys
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
_MOST_PARTS, _PART_ROWS, _TRIED_ROWS = 8, 128, 4
_CACHED = 1 << 18
"""Bytes of rows that are filtered at a time, so that they stay near the processor."""
_PHOTO, _CUT_OUT, _GRAPHIC = 2, 1, 6
_COARSE = 0.3
"""Share of its size that a photograph packs to at least: a drawing packs better, and gains by a higher level."""
_GREY, _RGB, _PALETTE, _RGBA = 0, 2, 3, 6
_SAMPLED, _MOST_COLOURS = (4096, 65536), 256
_MIXERS = (2654435761, 2246822519, 3266489917, 668265263, 374761393, 2869860233, 3624381081, 961748927)
"""Odd numbers that spread colours over 65,536 keys; one of them gives 256 colours keys of their own."""


class Data(NamedTuple):
    """The colour type and depth that IHDR says, the palette and its alpha, and the content of IDAT."""

    kind: int
    depth: int
    palette: bytes
    alpha: bytes
    packed: bytes


def plain(pixels: Pixels, level: int | None = None) -> Data:
    """Grey, BGR or BGRA as samples of eight bits; `level` is libdeflate's, by default one for what is shown."""
    kind = {1: _GREY, 3: _RGB, 4: _RGBA}[pixels.shape[2]]
    return Data(kind, 8, b"", b"", _packed(pixels, level))


def of_16_bits(pixels: Raw, level: int | None = None) -> Data:
    """The same of 16 bits, the higher byte first."""
    kind = {1: _GREY, 3: _RGB, 4: _RGBA}[pixels.shape[2]]
    code = {3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGBA}.get(pixels.shape[2])
    ordered = pixels.copy() if code is None else cv2.cvtColor(pixels, code)
    if sys.byteorder == "little":
        ordered.byteswap(inplace=True)
    return Data(kind, 16, b"", b"", _packed(ordered.view(np.uint8), level))


def smallest(pixels: Pixels, level: int | None = None) -> Data:
    """The same with a palette, where it has few enough colours."""
    found = _palette(pixels) if pixels.shape[2] > 1 else None
    if found is None:
        return plain(pixels, level)
    indices, colours = found
    depth = next(bits for bits in (1, 2, 4, 8) if len(colours) <= 1 << bits)
    alpha = colours[:, 3].tobytes().rstrip(b"\xff")
    rgb = np.ascontiguousarray(colours[:, 2::-1]).tobytes()
    return Data(_PALETTE, depth, rgb, alpha, _packed(_in_bits(indices, depth)[:, :, None], level))


def _palette(pixels: Pixels) -> tuple[Rows, Pixels] | None:
    """Indices, H×W, and the colours BGRA, those with alpha first; None where there are more than 256."""
    whole = cv2.cvtColor(pixels, cv2.COLOR_BGR2BGRA) if pixels.shape[2] == 3 else np.ascontiguousarray(pixels)
    values = whole.view("<u4").ravel()
    for sampled in _SAMPLED:
        if len(np.unique(values[:: max(1, len(values) // sampled)])) > _MOST_COLOURS:
            return None
    for mixer in _MIXERS:
        keys = (values * np.uint32(mixer) >> np.uint32(16)).astype(np.uint16)
        of_keys = np.zeros(1 << 16, np.uint32)
        of_keys[keys] = values
        seen = np.zeros(1 << 16, np.uint8)
        seen[keys] = 1
        found = np.flatnonzero(seen)
        if len(found) > _MOST_COLOURS:
            return None
        colours = of_keys[found]
        order = np.lexsort((colours, colours >> np.uint32(24)))
        seen[found[order]] = np.arange(len(found))
        if np.array_equal(of_keys[keys], values):  # else two colours have one key
            return seen[keys].reshape(pixels.shape[:2]), colours[order].view(np.uint8).reshape(-1, 4)
    return None


def _in_bits(indices: Rows, depth: int) -> Rows:
    """Indices of so many bits each, the first in the highest, every row in whole bytes."""
    if depth == 8:
        return indices
    each = 8 // depth
    padded = np.pad(indices, ((0, 0), (0, -indices.shape[1] % each)))
    made = np.zeros((len(padded), padded.shape[1] // each), np.uint8)
    for place in range(each):
        made |= padded[:, place::each] << np.uint8(8 - depth * (place + 1))
    return made


def _packed(pixels: Pixels, level: int | None) -> bytes:
    import deflate

    usual = _CUT_OUT if pixels.shape[2] == 4 else _PHOTO
    kinds, share = _best(pixels, level or usual, deflate.zlib_compress)
    level = level or (usual if share > _COARSE else _GRAPHIC)
    return bytes(deflate.zlib_compress(_filtered(pixels, kinds), level))


def _best(pixels: Pixels, level: int, compress: Callable[[Any, int], Any]) -> tuple[list[int], float]:
    """The filter of each part of the picture, and to what share the rows that were tried packed."""
    kinds, size, whole = [], 0, 0
    for part in _parts(pixels.shape[0], min(max(1, pixels.shape[0] // _PART_ROWS), _MOST_PARTS)):
        middle = part.start + max(0, part.stop - part.start - _TRIED_ROWS) // 2
        rows = pixels[max(0, middle - 1) : min(part.stop, middle + _TRIED_ROWS)]
        first = 1 if middle else 0
        sizes = {kind: len(compress(_filtered(rows, [kind])[first:], level)) for kind in _FILTERS}
        kinds.append(min(sizes, key=lambda kind: sizes[kind]))
        size, whole = size + min(sizes.values()), whole + rows.size
    return kinds, size / whole


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
