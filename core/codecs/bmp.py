"""BMP. Source: Microsoft, "Bitmap Storage" (BITMAPFILEHEADER); what follows the file's header is in `dib`."""

import struct
from collections.abc import Iterator

from core.codecs import dib, icc
from core.codecs.base import Codec, DecodedFrame, DecodeHints, Format, Header, codec_errors
from core.cost import Cost
from core.picture import Origin, Size

FORMAT = Format(
    name="bmp", media_type="image/bmp", extensions=("bmp", "dib"), alpha=True, lossless=True, side=2**31 - 1
)

_FILE_HEADER = 14
_V5, _EMBEDDED = 124, 0x4D424544


def _matches(data: bytes) -> bool:
    return data[:2] == b"BM" and len(data) >= 18 and struct.unpack_from("<I", data, _FILE_HEADER)[0] in dib.LENGTHS


def _header(data: bytes) -> Header:
    bitmap = dib.read_header("bmp", data[_FILE_HEADER : _FILE_HEADER + dib.LONGEST])
    size, channels = Size(bitmap.width, bitmap.height), 4 if bitmap.masks[3] else 3
    return Header(size=size, channels=channels, icc=_profile(data))


def _profile(data: bytes) -> bytes | None:
    """The profile that a BITMAPV5HEADER says is in the file; it may also name a path, which nobody follows."""
    if struct.unpack_from("<I", data, _FILE_HEADER)[0] != _V5:
        return None
    (space,) = struct.unpack_from("<I", data, _FILE_HEADER + 56)
    start, length = struct.unpack_from("<II", data, _FILE_HEADER + 112)
    found = data[_FILE_HEADER + start : _FILE_HEADER + start + min(length, icc.MAX_BYTES)]
    return found if space == _EMBEDDED and len(found) == length else None


def _decode(data: bytes, _origin: Origin, _hints: DecodeHints) -> Iterator[DecodedFrame]:
    with codec_errors("bmp"):
        bitmap = dib.read_header("bmp", data[_FILE_HEADER : _FILE_HEADER + dib.LONGEST])
        (start,) = struct.unpack_from("<I", data, 10)
        # Some writers leave the offset out.
        pixels = dib.pixels("bmp", data[start or _FILE_HEADER + bitmap.start :], bitmap)
        if pixels.shape[2] == 4 and not bitmap.compression and not pixels[:, :, 3].any():
            pixels[:, :, 3] = 255  # without BI_BITFIELDS, alpha that is 0 everywhere is none, as in browsers
        yield DecodedFrame(pixels)


_MOST_OF_RUNS = 1.0
"""Bytes a pixel below which a file may consist of runs, which take their time by the byte."""
_LEAST_OF_COLOURS = 2.0
"""Bytes a pixel below which a file holds indices, and its colours are looked up."""


def _reading(origin: Origin, _hints: DecodeHints) -> Cost:
    runs = origin.nbytes < _MOST_OF_RUNS * origin.size.pixels
    looked_up = origin.nbytes < _LEAST_OF_COLOURS * origin.size.pixels
    return Cost(pixel=5.5 if looked_up else 1.0, byte=60.0 if runs else 0.0, fixed=30, grey=1.0)


CODECS = (Codec(FORMAT, _matches, _header, _decode, reading=_reading, read_memory=lambda _: 2.7),)
