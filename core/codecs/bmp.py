"""BMP. Source: Microsoft, "Bitmap Storage" (BITMAPCOREHEADER to BITMAPV5HEADER)."""

import struct
from collections.abc import Iterator
from io import BytesIO

import cv2

from core.codecs.base import Codec, DecodedFrame, DecodeHints, Format, Header, codec_errors, damaged, unsupported
from core.codecs.opencv import decode_with_opencv
from core.codecs.pillow import ignore_warnings, to_pixels
from core.codecs.pixels import as_channels
from core.cost import Cost
from core.errors import DamagedImageError
from core.picture import Origin, Pixels, Size

FORMAT = Format(
    name="bmp", media_type="image/bmp", extensions=("bmp", "dib"), alpha=True, lossless=True, side=2**31 - 1
)

_CORE = 12
_UNPACKED, _RLE8, _RLE4, _MASKS, _ALPHA_MASKS = 0, 1, 2, 3, 6
_MOST_UNPACKED = 1 << 18
_HEADERS = {12, 16, 40, 52, 56, 64, 108, 124}


def _matches(data: bytes) -> bool:
    return data[:2] == b"BM" and len(data) >= 18 and struct.unpack_from("<I", data, 14)[0] in _HEADERS


class _Info:
    """The fields of any of the headers."""

    def __init__(self, data: bytes) -> None:
        self.start, self.length = struct.unpack_from("<II", data, 10)
        self.compression, self.alpha = _UNPACKED, 0
        if self.length == _CORE:
            self.width, self.height, _, self.bits = struct.unpack_from("<4H", data, 18)
            return
        self.width, height, _, self.bits = struct.unpack_from("<iiHH", data, 18)
        self.height = abs(height)
        if self.length >= 40:
            (self.compression,) = struct.unpack_from("<I", data, 30)
        if self.length >= 56:
            (self.alpha,) = struct.unpack_from("<I", data, 66)


def _header(data: bytes) -> Header:
    info = _Info(data)
    if info.compression not in {_UNPACKED, _RLE8, _RLE4, _MASKS, _ALPHA_MASKS}:
        raise unsupported("bmp", "its compression is not one of BMP's own")
    if info.bits not in {1, 2, 4, 8, 16, 24, 32}:
        raise damaged("bmp", "its header is broken")
    return Header(size=Size(info.width, info.height), channels=4 if info.bits == 32 and info.alpha else 3)


def _decode(data: bytes, origin: Origin, _hints: DecodeHints) -> Iterator[DecodedFrame]:
    with codec_errors("bmp"):
        info = _Info(data)
        row = (info.width * info.bits + 31) // 32 * 4
        if info.compression not in {_RLE8, _RLE4} and info.start + row * info.height > len(data):
            raise damaged("bmp", "its end is missing")
        data = _with_sane_palette(data, info)
        # Without a flag OpenCV decodes 24 bits under the oldest header as grey.
        flags = cv2.IMREAD_UNCHANGED if origin.channels == 4 else cv2.IMREAD_COLOR
        try:
            pixels = as_channels(decode_with_opencv("bmp", data, flags), origin.channels)
        except DamagedImageError:
            if info.compression in {_RLE8, _RLE4} and info.width * info.height + len(data) > _MOST_UNPACKED:
                raise
            pixels = _by_pillow(data, origin.channels)
        yield DecodedFrame(pixels)


def _with_sane_palette(data: bytes, info: _Info) -> bytes:
    """Decoders reject a palette with more colours than the pixels can index; the pixel data is unaffected."""
    if info.bits > 8 or info.length < 40 or struct.unpack_from("<I", data, 46)[0] <= 1 << info.bits:
        return data
    return b"".join((data[:46], struct.pack("<I", 1 << info.bits), data[50:]))


def _by_pillow(data: bytes, channels: int) -> Pixels:
    """Pillow supports more unusual palettes and masks; it unpacks runs in Python, so only few of them."""
    from PIL.BmpImagePlugin import BmpImageFile

    ignore_warnings()
    image = BmpImageFile(BytesIO(data))
    image.load()
    return to_pixels(image, channels)


def _reading(_origin: Origin, _hints: DecodeHints) -> Cost:
    return Cost(pixel=2, byte=0.3, fixed=100, grey=0.6)


CODECS = (Codec(FORMAT, _matches, _header, _decode, reading=_reading, read_memory=lambda _: 2.4),)
