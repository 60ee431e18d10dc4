"""ICO and CUR: the largest picture in it, a PNG or a bitmap with a mask. Source: Microsoft, "Icons" (ICONDIR)."""

import struct
from collections.abc import Iterator

import cv2
import msgspec
import numpy as np

from core.codecs import dib, png
from core.codecs.base import Codec, DecodedFrame, DecodeHints, Format, Header, codec_errors, damaged
from core.codecs.dib import Bitmap
from core.codecs.pixels import as_channels
from core.picture import Origin, Pixels, Size

FORMAT = Format(
    name="ico", media_type="image/vnd.microsoft.icon", extensions=("ico", "cur"), alpha=True, lossless=True,
    side=2**31 - 1,
)  # fmt: skip

_MOST_ENTRIES = 256
_ICONS, _CURSORS = b"\0\0\1\0", b"\0\0\2\0"
_ALPHA = 0xFF000000


def _matches(data: bytes) -> bool:
    if data[:4] not in {_ICONS, _CURSORS} or len(data) < 22:
        return False
    (count,) = struct.unpack_from("<H", data, 4)
    length, offset = struct.unpack_from("<II", data, 14)
    return 1 <= count <= _MOST_ENTRIES and data[9] == 0 and length > 0 and offset >= 6 + 16 * count


def _largest(data: bytes) -> bytes:
    """The content of the picture with most pixels, then most bits."""
    (count,) = struct.unpack_from("<H", data, 4)
    entries = [data[6 + 16 * number : 22 + 16 * number] for number in range(count)]
    entry = max((entry for entry in entries if len(entry) == 16), key=lambda entry: _rank(data, entry))
    (offset,) = struct.unpack_from("<I", entry, 12)
    return data[offset:]


def _rank(data: bytes, entry: bytes) -> tuple[int, int]:
    """Pixels and bits: an entry may leave the bits out, and a cursor's has its hot spot there."""
    said, offset = struct.unpack_from("<H4xI", entry, 6)
    if data.startswith(_CURSORS) or not said:
        said = (
            32 if data.startswith(png.SIGNATURE, offset) else int.from_bytes(data[offset + 14 : offset + 16], "little")
        )
    return ((entry[0] or 256) * (entry[1] or 256), said)


def _header(data: bytes) -> Header:
    content = _largest(data)
    if content.startswith(png.SIGNATURE):
        return msgspec.structs.replace(png.header(content), frames=1, channels=4, orientation=1, exif=None)
    bitmap = _bitmap(content)
    return Header(size=Size(bitmap.width, bitmap.height), channels=4)


def _bitmap(content: bytes) -> Bitmap:
    """What the header says; its height counts the picture and its mask."""
    found = dib.read_header("ico", content[: dib.LONGEST])
    if found.compression in dib.RUNS or content[:4] == b"\x0c\0\0\0":
        raise damaged("ico", "its bitmap's header is broken")
    masks = found.masks
    if found.bits == 32 and found.compression == 0:
        masks = (masks[0], masks[1], masks[2], _ALPHA)
    return found._replace(height=found.height // 2, masks=masks)


def _decode(data: bytes, origin: Origin, hints: DecodeHints) -> Iterator[DecodedFrame]:
    with codec_errors("ico"):
        content = _largest(data)
        if content.startswith(png.SIGNATURE):
            yield from png.decode_png(content, origin, hints)
            return
        bitmap = _bitmap(content)
        pixels = dib.pixels("ico", content[bitmap.start :], bitmap)
        if pixels.shape[2] < 4 or not pixels[:, :, 3].any():
            pixels = _masked(pixels, content[bitmap.start + bitmap.stride * bitmap.height :], bitmap)
        yield DecodedFrame(pixels)


def _masked(pixels: Pixels, mask: bytes, bitmap: Bitmap) -> Pixels:
    """Clear where the mask has a bit; its rows are padded to four bytes, and of a file without it all is seen."""
    stride = (bitmap.width + 31) // 32 * 4
    rows = np.frombuffer(mask[: stride * bitmap.height].ljust(stride * bitmap.height, b"\0"), np.uint8)
    bits = np.unpackbits(rows.reshape(-1, stride), axis=1)[:, : bitmap.width]
    seen = np.where(bits if bitmap.top_down else bits[::-1], 0, 255).astype(np.uint8)
    return cv2.merge([*cv2.split(as_channels(pixels, 3)), seen])


CODECS = (Codec(FORMAT, _matches, _header, _decode, read_memory=lambda _: 3.6),)
