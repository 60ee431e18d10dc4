"""The data of a PNG's picture, unpacked no further than its header implies. Source: W3C PNG (third edition), 10.

libpng reads a stream to its end: of a megabyte that unpacks to a gigabyte behind the last row it takes seconds, which
nothing can interrupt. So libdeflate unpacks what the rows need, in half the time that zlib takes, and libpng gets that
stored. What is behind the last row nobody shows.
"""

import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress

import deflate

from core.codecs.base import damaged

_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Adam7: the first column and row of each pass, and the steps to the next ones."""
_BLOCK = 0xFFFF
_ZLIB, _NAMED = b"\x78\x01", deflate.crc32(b"IDAT")


def length(head: bytes) -> int:
    """The bytes of all rows with their filters' types, by the content of IHDR."""
    width, height, depth, color = struct.unpack_from(">IIBB", head)
    bits = depth * _SAMPLES[color]
    passes = _PASSES if head[12] else ((0, 0, 1, 1),)
    sides = ((-(-(width - left) // across), -(-(height - top) // down)) for left, top, across, down in passes)
    return sum(high * (1 + (wide * bits + 7) // 8) for wide, high in sides if wide > 0 and high > 0)


def idat_of(packed: bytes, head: bytes) -> Iterator[bytes | memoryview]:
    """IDAT chunks that hold the rows uncompressed, and nothing behind them, in pieces. damaged_image (422).

    `packed` is the content of all IDAT, `head` that of IHDR.
    """
    rows = memoryview(_rows(packed, length(head)))
    before, last = _ZLIB, len(rows) - 1
    for start in range(0, len(rows), _BLOCK):
        piece = rows[start : start + _BLOCK]
        is_last = start + _BLOCK > last
        before += struct.pack("<BHH", is_last, len(piece), len(piece) ^ 0xFFFF)
        behind = struct.pack(">I", deflate.adler32(rows)) if is_last else b""
        yield struct.pack(">I4s", len(before) + len(piece) + len(behind), b"IDAT") + before
        yield piece
        total = deflate.crc32(behind, deflate.crc32(piece, deflate.crc32(before, _NAMED)))
        yield behind + struct.pack(">I", total)
        before = b""


def _rows(packed: bytes, most: int) -> bytes | bytearray:
    rows: bytes | bytearray = b""
    try:
        rows = deflate.zlib_decompress(packed, most)
    except deflate.DeflateError:  # more than the rows, or damaged
        with suppress(zlib.error):
            rows = zlib.decompressobj().decompress(packed, most)
    if len(rows) < most:
        raise damaged("png", "its data ends early, or cannot be read")
    return rows
