"""What a JP2's header says its components are: palette, order, alpha and colours.

Sources: ITU-T T.800, I.5.3 (colr, pclr, cmap, cdef), T.801, M.11.7.3 (the other colours of JPX), T.802 and T.814.
"""

import struct
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from core.codecs import icc
from core.codecs.base import damaged, unsupported
from core.picture import Pixels

GREY, RGB, YCBCR, INKS = "grey", "RGB", "YCbCr", "inks"
COLOURS = {GREY: 1, RGB: 3, YCBCR: 3, INKS: 4}
_BY_NUMBER = {3: YCBCR, 12: INKS, 15: GREY, 16: RGB, 17: GREY, 18: YCBCR}
_UNREAD = {
    0: "bi-level of which 0 is white", 1: "YCbCr of a narrow range", 4: "YCbCr of a narrow range", 9: "PhotoYCC",
    11: "CMY", 13: "YCCK", 14: "CIELab", 19: "CIEJab", 20: "e-sRGB", 21: "ROMM-RGB", 22: "YPbPr", 23: "YPbPr",
    24: "e-sYCC",
}  # fmt: skip
_BY_CHANNELS = {1: GREY, 3: RGB, 4: INKS}
_COLOUR, _ALPHA, _MULTIPLIED = 0, 1, 2
_NUMBERED, _PROFILES = 1, {2, 3}

Box = tuple[bytes, memoryview]
Planes = Sequence[NDArray[np.uint16]]


class Palette(NamedTuple):
    """Columns of the table, entries × 8 bits, and of each channel the component and its column, None where direct."""

    columns: list[Pixels]
    channels: list[tuple[int, int | None]]


class Channels(NamedTuple):
    """What each channel is: the `colours` in their order (of `kind`), then alpha, into which they may be multiplied."""

    kind: str
    colours: list[int]
    alpha: int | None
    multiplied: bool
    palette: Palette | None
    icc: bytes | None


def channels_of(boxes: list[Box], components: int) -> Channels:
    """The channels of so many components under the boxes of a header (jp2h; none around a bare codestream)."""
    first = dict(reversed(boxes))
    palette = _palette(first[b"pclr"], first.get(b"cmap"), components) if b"pclr" in first else None
    count = len(palette.channels) if palette else components
    kind, profile = _colour([content for name, content in boxes if name == b"colr"], count)
    wanted = COLOURS[kind]
    if count < wanted:
        raise damaged("jp2", f"it has {count} channels where {wanted} are needed")
    colours, alpha = list(range(wanted)), (wanted if count == wanted + 1 and kind != INKS else None)
    if b"cdef" not in first:
        return Channels(kind, colours, alpha, False, palette, profile)
    found = {(kind_, colour): channel for channel, kind_, colour in _defined(first[b"cdef"]) if channel < count}
    colours = [found.get((_COLOUR, place + 1), place) for place in colours]
    straight, multiplied = (next((found[key] for key in found if key[0] == one), None) for one in (_ALPHA, _MULTIPLIED))
    alpha = multiplied if straight is None else straight
    return Channels(kind, colours, alpha, straight is None and multiplied is not None, palette, profile)


def _colour(specified: list[memoryview], channels: int) -> tuple[str, bytes | None]:
    """The kind and the profile of the first specification that is understood; without any by the number of channels."""
    unread = ""
    for content in specified:
        method = content[0] if content else 0
        if method in _PROFILES:
            profile = bytes(content[3:])
            kind = _BY_CHANNELS.get(icc.channels(profile))
            if kind:
                return kind, profile
        elif method == _NUMBERED and len(content) >= 7:
            number = int.from_bytes(content[3:7], "big")
            if number in _BY_NUMBER:
                return _BY_NUMBER[number], None
            unread = unread or _UNREAD.get(number, f"colours of number {number}")
    if unread:
        raise unsupported("jp2", unread)
    return (GREY if channels < COLOURS[RGB] else RGB), None


def _defined(cdef: memoryview) -> list[tuple[int, int, int]]:
    """Channel, type and the colour that it is, from 1 on."""
    (count,) = struct.unpack_from(">H", cdef)
    return list(struct.iter_unpack(">HHH", cdef[2 : 2 + len(cdef[2:]) // 6 * 6]))[:count]


def _palette(pclr: memoryview, cmap: memoryview | None, components: int) -> Palette:
    entries, width = struct.unpack_from(">HB", pclr)
    depths = [(byte & 127) + 1 for byte in pclr[3 : 3 + width]]
    if cmap is None or len(depths) < width or any(byte & 128 for byte in pclr[3 : 3 + width]) or max(depths) > 16:
        raise unsupported("jp2", "a palette that no component is mapped by, or of signed or very deep entries")
    sizes = [(depth + 7) // 8 for depth in depths]
    table = np.frombuffer(pclr[3 + width : 3 + width + entries * sum(sizes)], np.uint8).reshape(entries, -1)
    columns = []
    for place, (depth, size) in enumerate(zip(depths, sizes, strict=True)):
        start = sum(sizes[:place])
        values = table[:, start].astype(np.uint16) << 8 | table[:, start + 1] if size == 2 else table[:, start]
        columns.append(np.rint(values.astype(np.float64) * (255 / ((1 << depth) - 1))).astype(np.uint8))
    mapped = [(one, column if mapping else None) for one, mapping, column in struct.iter_unpack(">HBB", cmap)]
    if any(one >= components or (column or 0) >= width for one, column in mapped):
        raise damaged("jp2", "its palette is mapped to what there is not")
    return Palette(columns, mapped)


def over_the_range(values: NDArray[np.uint8], depth: int) -> Pixels:
    """Samples of a few bits, which Pillow leaves in the highest bits of eight, over the whole range."""
    if depth >= 8:
        return values
    levels = np.rint((np.arange(256) >> (8 - depth)) * (255 / ((1 << depth) - 1))).astype(np.uint8)
    return cv2.LUT(values, levels).reshape(values.shape)
