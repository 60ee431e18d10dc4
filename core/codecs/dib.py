"""Device-independent bitmaps: the pixels of BMP and ICO files, by NumPy.

Sources: Microsoft, "Bitmap Storage" (BITMAPCOREHEADER to BITMAPV5HEADER, BI_BITFIELDS, BI_RLE8); IBM, OS/2 2.0 "Bitmap
File Format". Pillow and OpenCV take masks to be where they usually are, and OpenCV leaves 5 bits at 248.
"""

import struct
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from core.codecs import dib_runs
from core.codecs.base import damaged, unsupported
from core.picture import Pixels

_CORE = 12
_UNPACKED, _RLE8, _RLE4, MASKED, _RLE24, _ALPHA_MASKED = 0, 1, 2, 3, 4, 6
RUNS = {_RLE8: 8, _RLE4: 4, _RLE24: 24}
"""Bits of a pixel of each packing."""
_WINDOWS_KINDS, _OS2_KINDS = {_UNPACKED, _RLE8, _RLE4, MASKED, _ALPHA_MASKED}, {_UNPACKED, _RLE8, _RLE4, _RLE24}
_NAMES = {4: "JPEG", 5: "PNG", 11: "CMYK", 12: "CMYK", 13: "CMYK"}
_OS2_NAMES = {3: "Huffman's code"}
_OS2 = {*range(16, 65, 4)} - {40, 52, 56}
LENGTHS = {_CORE, *range(16, 65, 4), 108, 124}
"""Of headers; those of OS/2 may be cut after any field."""
LONGEST = 124 + 4 * 256
"""Bytes of the longest header and palette."""
_MASKS_AT, _ALPHA_AT = 40, 52
_WINDOWS, _V3 = 40, 56
_PLAIN = {16: (0x7C00, 0x3E0, 0x1F, 0), 32: (0xFF0000, 0xFF00, 0xFF, 0)}
_BYTES = {0xFF << 8 * place: place for place in range(4)}


class Bitmap(NamedTuple):
    """What a header says. `start` is where the pixels are, from the header on, if nothing else is said.

    `masks` are those of red, green, blue and alpha; `colours` is the palette, BGR; `rows` are counted in the file.
    """

    width: int
    height: int
    bits: int
    compression: int
    top_down: bool
    masks: tuple[int, int, int, int]
    colours: Pixels
    start: int

    @property
    def stride(self) -> int:
        """Bytes of a row, padded to four."""
        return (self.width * self.bits + 31) // 32 * 4


def read_header(name: str, data: bytes) -> Bitmap:
    """The bitmap whose header begins the data. Errors: damaged_image (422), not_an_image (415) for other packings."""
    (length,) = struct.unpack_from("<I", data)
    if length == _CORE:
        width, height, _, bits = struct.unpack_from("<4H", data, 4)
        compression, used = _UNPACKED, 0
    else:
        width, height, _, bits = struct.unpack_from("<iiHH", data, 4)
        compression = struct.unpack_from("<I", data, 16)[0] if length >= _WINDOWS else _UNPACKED
        used = struct.unpack_from("<I", data, 32)[0] if length >= _WINDOWS else 0
    kinds, names = (_OS2_KINDS, _OS2_NAMES) if length in _OS2 else (_WINDOWS_KINDS, _NAMES)
    if compression not in kinds:
        raise unsupported(name, f"it is packed as {names.get(compression, compression)}")
    if bits == 64:
        raise unsupported(name, "it has 64 bits a pixel")
    if bits not in {1, 2, 4, 8, 16, 24, 32} or bits != RUNS.get(compression, bits):
        raise damaged(name, "its header is broken")
    behind = length + (4 * (3 + (compression == _ALPHA_MASKED)) if _has_masks_behind(length, compression) else 0)
    each = 3 if length == _CORE else 4
    colours = _palette(data, behind, used, bits, each)
    masks = _masks(data, length, compression, bits)
    start = behind + each * len(colours)
    return Bitmap(width, abs(height), bits, compression, height < 0, masks, colours, start)


def _has_masks_behind(length: int, compression: int) -> bool:
    return length == _WINDOWS and compression in {MASKED, _ALPHA_MASKED}


def _masks(data: bytes, length: int, compression: int, bits: int) -> tuple[int, int, int, int]:
    """Those of the header, or behind it; the alpha of a newer header than V3 counts whatever the packing."""
    red, green, blue, alpha = _PLAIN.get(bits, (0, 0, 0, 0))
    if bits in _PLAIN and compression in {MASKED, _ALPHA_MASKED}:
        red, green, blue = struct.unpack_from("<3I", data, _MASKS_AT)
    if length > _V3 or (length == _V3 and compression == MASKED) or compression == _ALPHA_MASKED:
        (alpha,) = struct.unpack_from("<I", data, _ALPHA_AT)
    limit = (1 << bits) - 1
    red, green, blue, alpha = (mask & limit for mask in (red, green, blue, alpha))
    return red, green, blue, alpha & ~(red | green | blue) if bits in _PLAIN else 0


def _palette(data: bytes, place: int, used: int, bits: int, each: int) -> Pixels:
    """Colours as BGR, no more than pixels can name; black where the file is cut short."""
    count = min(used or 1 << bits, 1 << bits) if bits <= 8 else 0
    found = np.frombuffer(data[place : place + each * count].ljust(each * count, b"\0"), np.uint8)
    return np.ascontiguousarray(found.reshape(-1, each)[:, :3])


def pixels(name: str, data: bytes, bitmap: Bitmap) -> Pixels:
    """BGR, or BGRA where there is a mask of alpha, the top row first; `data` begins with the first row of the file.

    Errors: damaged_image (422) where rows are missing, too_much_work (413) for runs without end.
    """
    if bitmap.compression in RUNS:
        rows = dib_runs.unpacked(data, bitmap.width, bitmap.height, bitmap.bits)
        made = rows if bitmap.bits == 24 else _coloured(rows[:, :, 0], bitmap)
    else:
        made = _unpacked(_rows(name, data, bitmap), bitmap)
    turned = np.ascontiguousarray(made if bitmap.top_down else made[::-1])
    return turned if turned.flags.writeable else turned.copy()


def _rows(name: str, data: bytes, bitmap: Bitmap) -> Pixels:
    """Height × bytes of a row; the padding of the last row may be missing."""
    last = (bitmap.width * bitmap.bits + 7) // 8
    if len(data) < bitmap.stride * (bitmap.height - 1) + last:
        raise damaged(name, "its end is missing")
    whole = bitmap.stride * bitmap.height
    if len(data) < whole:
        data = data.ljust(whole, b"\0")
    return np.frombuffer(data, np.uint8, whole).reshape(bitmap.height, bitmap.stride)


def _unpacked(rows: Pixels, bitmap: Bitmap) -> Pixels:
    width, bits = bitmap.width, bitmap.bits
    if bits <= 8:
        return _coloured(_indices(rows, width, bits), bitmap)
    if bits == 24:
        return rows[:, : 3 * width].reshape(-1, width, 3)
    if bits == 16:
        return np.take(_table(bitmap.masks), np.ascontiguousarray(rows[:, : 2 * width]).view("<u2"), axis=0)
    places = [_BYTES.get(mask) for mask in bitmap.masks]
    if None in places[:3] or (bitmap.masks[3] and places[3] is None):
        return _masked(np.ascontiguousarray(rows[:, : 4 * width]).view("<u4"), bitmap.masks)
    whole = rows[:, : 4 * width].reshape(-1, width, 4)
    order = [places[2], places[1], places[0]] + ([places[3]] if bitmap.masks[3] else [])
    return cv2.merge([cv2.extractChannel(whole, place or 0) for place in order])


def _indices(rows: Pixels, width: int, bits: int) -> Pixels:
    """One index a byte."""
    if bits == 8:
        return rows[:, :width]
    shifts = np.arange(8 - bits, -1, -bits, dtype=np.uint8)
    return (rows[:, :, None] >> shifts & np.uint8((1 << bits) - 1)).reshape(len(rows), -1)[:, :width]


def _coloured(indices: Pixels, bitmap: Bitmap) -> Pixels:
    """Black where the palette lacks an index."""
    table = np.zeros((256, 3), np.uint8)
    table[: len(bitmap.colours)] = bitmap.colours
    return np.take(table, indices, axis=0)


def _table(masks: tuple[int, int, int, int]) -> Pixels:
    """BGR or BGRA of each value of 16 bits."""
    return _masked(np.arange(65536, dtype=np.uint32)[None], masks)[0]


def _masked(values: NDArray[np.uint32], masks: tuple[int, int, int, int]) -> Pixels:
    """H×W values as H×W×3, or 4 with alpha: the bits of each mask as a share of 255, rounded."""
    red, green, blue, alpha = masks
    chosen = (blue, green, red, alpha) if alpha else (blue, green, red)
    made = np.zeros((*values.shape, len(chosen)), np.uint8)
    for channel, mask in enumerate(chosen):
        if mask:
            shift = (mask & -mask).bit_length() - 1
            most = mask >> shift
            made[:, :, channel] = np.rint((values & np.uint32(mask)) / np.float32(1 << shift) * np.float32(255 / most))
    return made
