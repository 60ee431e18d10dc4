"""What a PNG stores of a picture: the kind of samples that takes least. Source: W3C PNG (third edition), 11.2 and 12.

Nothing is lost by it: alpha that is whole everywhere goes, grey is one channel, few values take few bits, and what has
at most 256 colours has a palette. A palette of chosen colours is for who asks for it.
"""

import sys
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from core.codecs import png_rows
from core.imaging.alpha import opaque
from core.imaging.indexed import Indexed, exact
from core.picture import Pixels

_GREY, _RGB, _PALETTE, _GREY_ALPHA, _RGBA = 0, 2, 3, 4, 6
_KINDS = {1: _GREY, 2: _GREY_ALPHA, 3: _RGB, 4: _RGBA}
_STEPS = ((1, 255), (2, 85), (4, 17))
"""Bits of a grey, and how far apart the levels are that it can have."""
_SAMPLED = 4096


class Data(NamedTuple):
    """The colour type and depth that IHDR says, the palette and its alpha, and the content of IDAT."""

    kind: int
    depth: int
    palette: bytes
    alpha: bytes
    packed: bytes


def plain(pixels: Pixels, level: int | None = None) -> Data:
    """Grey, grey with alpha, BGR or BGRA as samples of eight bits; `level` is that of `png_rows.packed_rows`."""
    return Data(_KINDS[pixels.shape[2]], 8, b"", b"", png_rows.packed_rows(pixels, level))


def of_16_bits(pixels: NDArray[Any], level: int | None = None) -> Data:
    """Grey, BGR or BGRA as samples of sixteen bits, the higher byte first."""
    code = {3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGBA}.get(pixels.shape[2])
    ordered = pixels.copy() if code is None else cv2.cvtColor(pixels, code)
    if sys.byteorder == "little":
        ordered.byteswap(inplace=True)
    return Data(_KINDS[pixels.shape[2]], 16, b"", b"", png_rows.packed_rows(ordered.view(np.uint8), level))


def smallest(pixels: Pixels, level: int | None = None, *, tagged: bool = False) -> Data:
    """Grey, BGR or BGRA in the kind that takes least.

    `tagged`: there is a profile, which is of grey or of colours, so that neither becomes the other.
    """
    if pixels.shape[2] == 4 and opaque(pixels):
        pixels = cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR)
    if pixels.shape[2] == 3 and not tagged and _all_grey(pixels):
        pixels = cv2.extractChannel(pixels, 0)[:, :, None]
    if pixels.shape[2] == 1:
        return _grey(pixels, level, tagged=tagged)
    found = exact(pixels)
    if found is not None:
        return indexed(found, level)
    if pixels.shape[2] == 4 and not tagged and _all_grey(pixels):
        pixels = cv2.merge([pixels[:, :, 0], pixels[:, :, 3]])
    return plain(pixels, level)


def indexed(picture: Indexed, level: int | None = None) -> Data:
    """Indices with their palette, in as few bits as hold them."""
    depth = next(bits for bits in (1, 2, 4, 8) if len(picture.colors) <= 1 << bits)
    alpha = picture.colors[:, 3].tobytes().rstrip(b"\xff")
    rgb = np.ascontiguousarray(picture.colors[:, 2::-1]).tobytes()
    rows = _in_bits(picture.indices, depth)[:, :, None]
    return Data(_PALETTE, depth, rgb, alpha, png_rows.packed_rows(rows, level or png_rows.GRAPHIC))


def color_count(pixels: Pixels) -> int | None:
    """How many colours there are; None where they are more than 256."""
    if pixels.shape[2] == 1:
        return len(_levels(pixels))
    found = exact(pixels)
    return len(found.colors) if found else None


def _levels(pixels: Pixels) -> NDArray[np.intp]:
    return np.flatnonzero(cv2.calcHist([pixels], [0], None, [256], [0, 256]))


def _all_grey(pixels: Pixels) -> bool:
    some = pixels.reshape(-1, pixels.shape[2])[:: max(1, pixels.size // _SAMPLED), :3]
    return all(
        np.array_equal(rows[..., 0], rows[..., 1]) and np.array_equal(rows[..., 0], rows[..., 2])
        for rows in (some, pixels)
    )


def _grey(pixels: Pixels, level: int | None, *, tagged: bool) -> Data:
    values = _levels(pixels)
    for depth, step in _STEPS:
        if not (values % step).any():
            rows = _in_bits(pixels[:, :, 0] // step, depth)[:, :, None]
            return Data(_GREY, depth, b"", b"", png_rows.packed_rows(rows, level or png_rows.GRAPHIC))
    if tagged or len(values) > 1 << _STEPS[-1][0]:
        return plain(pixels, level)
    numbers = np.zeros(256, np.uint8)
    numbers[values] = np.arange(len(values))
    colors = np.repeat(values.astype(np.uint8)[:, None], 4, axis=1)
    colors[:, 3] = 255
    return indexed(Indexed(numbers[pixels[:, :, 0]], colors), level)


def _in_bits(indices: Pixels, depth: int) -> Pixels:
    """Indices of so many bits each, the first in the highest, every row in whole bytes."""
    if depth == 8:
        return indices
    each = 8 // depth
    padded = np.pad(indices, ((0, 0), (0, -indices.shape[1] % each)))
    made = np.zeros((len(padded), padded.shape[1] // each), np.uint8)
    for place in range(each):
        made |= padded[:, place::each] << np.uint8(8 - depth * (place + 1))
    return made
