"""ICO: the largest picture in it, a PNG or a bitmap with a mask. Source: Microsoft, "Icons" (ICONDIR)."""

import struct
from collections.abc import Iterator
from io import BytesIO

import msgspec

from core.codecs import png
from core.codecs.base import Codec, DecodedFrame, DecodeHints, Format, Header, codec_errors, damaged
from core.codecs.pillow import ignore_warnings, to_pixels
from core.picture import Origin, Size

FORMAT = Format(
    name="ico", media_type="image/vnd.microsoft.icon", extensions=("ico",), alpha=True, lossless=True, side=2**31 - 1
)

_MOST_ENTRIES = 256
_RUNS = {1, 2}
"""Compressions by run length, which an icon must not have, and which Pillow unpacks in Python."""


def _matches(data: bytes) -> bool:
    if data[:4] != b"\0\0\1\0" or len(data) < 22:
        return False
    (count,) = struct.unpack_from("<H", data, 4)
    length, offset = struct.unpack_from("<II", data, 14)
    return 1 <= count <= _MOST_ENTRIES and data[9] == 0 and length > 0 and offset >= 6 + 16 * count


def _largest(data: bytes) -> tuple[bytes, bytes]:
    """The directory's entry and the content of the picture with most pixels, then most bits."""
    (count,) = struct.unpack_from("<H", data, 4)
    entries = [data[6 + 16 * number : 22 + 16 * number] for number in range(count)]
    entry = max((entry for entry in entries if len(entry) == 16), key=_rank)
    (offset,) = struct.unpack_from("<I", entry, 12)
    return entry, data[offset:]


def _rank(entry: bytes) -> tuple[int, int]:
    return ((entry[0] or 256) * (entry[1] or 256), struct.unpack_from("<H", entry, 6)[0])


def _header(data: bytes) -> Header:
    _, content = _largest(data)
    if content.startswith(png.SIGNATURE):
        return msgspec.structs.replace(png.header(content), frames=1, channels=4, orientation=1, exif=None)
    length, width, height = struct.unpack_from("<Iii", content, 0)
    if length < 40 or int.from_bytes(content[16:20], "little") in _RUNS:
        raise damaged("ico", "its bitmap's header is broken")
    # The height counts the picture and its mask.
    return Header(size=Size(width, height // 2), channels=4)


def _decode(data: bytes, origin: Origin, hints: DecodeHints) -> Iterator[DecodedFrame]:
    from PIL.IcoImagePlugin import IcoImageFile

    ignore_warnings()
    with codec_errors("ico"):
        entry, content = _largest(data)
        if content.startswith(png.SIGNATURE):
            yield from png.decode_png(content, origin, hints)
            return
        # Pillow finds the mask by the length in the directory, which is often wrong.
        length = _bitmap_bytes(content)
        single = b"\0\0\1\0\1\0" + entry[:8] + struct.pack("<II", length, 22) + content[:length]
        image = IcoImageFile(BytesIO(single))
        image.load()
        yield DecodedFrame(to_pixels(image, origin.channels))


def _bitmap_bytes(content: bytes) -> int:
    """Header, palette, picture and mask; rows are padded to four bytes."""
    head, width, height, _, bits = struct.unpack_from("<IiiHH", content, 0)
    (used,) = struct.unpack_from("<I", content, 32)
    palette = 4 * (used or 1 << bits) if bits <= 8 else 0
    rows = (width * bits + 31) // 32 * 4 + (width + 31) // 32 * 4
    return int(head + palette + rows * (height // 2))


CODECS = (Codec(FORMAT, _matches, _header, _decode),)
