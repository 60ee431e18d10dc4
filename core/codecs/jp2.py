"""JPEG 2000: JP2 and raw codestreams, decoded by OpenJPEG in Pillow. Source: ITU-T T.800, A.5.1 (SIZ), annex I (boxes).

OpenJPEG fills up what is missing, so a codestream without its end (EOC) is damaged.
"""

import struct
from collections.abc import Iterator
from io import BytesIO
from typing import NamedTuple

from core.codecs import isobmff
from core.codecs.base import Codec, DecodedFrame, DecodeHints, Format, Header, codec_errors, damaged, unsupported
from core.codecs.pillow import ignore_warnings, to_pixels
from core.cost import Cost
from core.errors import TooMuchWorkError
from core.picture import Origin, Size

FORMAT = Format(
    name="jp2",
    media_type="image/jp2",
    extensions=("jp2", "j2k", "j2c", "jpc", "jpf", "jpx"),
    alpha=True,
)

_CONTAINER, _CODESTREAM, _END = b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51", b"\xff\xd9"
_CHANNELS = {1: 1, 2: 4, 3: 3, 4: 4}
_CMYK = 12
_TILES, _PIXELS_OF_A_TILE = 4096, 1024
"""As many tiles as a file may have beside one for so many pixels: each costs whatever its size."""


def _matches(data: bytes) -> bool:
    return data.startswith((_CONTAINER, _CODESTREAM))


class Codestream(NamedTuple):
    """What the header of a codestream (SIZ) says: `depth` is that of the deepest component, `subsampled` of any."""

    size: Size
    components: int
    depth: int
    subsampled: bool


def codestream(data: bytes | memoryview) -> Codestream:
    """The header of a codestream. Errors: damaged_image (422), too_much_work (413)."""
    if bytes(data[:4]) != _CODESTREAM:
        raise damaged("jp2", "its codestream has no size")
    right, bottom, left, top, *tile, across, down, components = struct.unpack_from(">8IH", data, 8)
    size = Size(right - left, bottom - top)
    if min(size) < 1 or min(tile) < 1:
        raise damaged("jp2", "its width or height is 0")
    if -(-(right - across) // tile[0]) * -(-(bottom - down) // tile[1]) > _TILES + size.pixels // _PIXELS_OF_A_TILE:
        raise TooMuchWorkError("The JPEG 2000 consists of far more tiles than its size needs.")
    told = [bytes(data[42 + 3 * number : 45 + 3 * number]) for number in range(components)]
    return Codestream(
        size, components, max((one[0] & 127 for one in told), default=0) + 1, any(one[1:] != b"\1\1" for one in told)
    )


def refuse_cut(data: bytes | memoryview) -> None:
    """Refuse a codestream without its end (422), which OpenJPEG would fill up."""
    if _END not in bytes(data[-64:]):
        raise damaged("jp2", "its end is missing")


def _header(data: bytes) -> Header:
    stream, boxes = _parts(data)
    found = codestream(stream)
    if b"ihdr" in boxes and struct.unpack_from(">II", boxes[b"ihdr"]) != (found.size.height, found.size.width):
        raise damaged("jp2", "its header says another size than its codestream")  # Pillow would make room for it
    palette, colour = boxes.get(b"pclr"), bytes(boxes.get(b"colr", b""))
    channels = _CHANNELS.get(palette[2] if palette is not None else found.components)
    if channels is None or (colour[:1] == b"\1" and int.from_bytes(colour[3:7], "big") == _CMYK):
        raise unsupported("jp2", f"CMYK, or {found.components} components")
    return Header(
        size=found.size,
        channels=channels,
        depth=found.depth,
        icc=colour[3:] if colour[:1] == b"\2" else None,
        grey=found.components < 3 and palette is None,
    )


def _parts(data: bytes) -> tuple[memoryview, dict[bytes, memoryview]]:
    """The codestream, and the boxes of the header around it."""
    if data.startswith(_CODESTREAM):
        return memoryview(data), {}
    outer = dict(reversed(list(isobmff.boxes(memoryview(data), "jp2"))))
    if b"jp2c" not in outer:
        raise damaged("jp2", "it has no codestream")
    return outer[b"jp2c"], dict(reversed(list(isobmff.boxes(outer.get(b"jp2h", memoryview(b"")), "jp2"))))


def _decode(data: bytes, origin: Origin, _hints: DecodeHints) -> Iterator[DecodedFrame]:
    from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile

    ignore_warnings()
    with codec_errors("jp2"):
        refuse_cut(_parts(data)[0])
        image = Jpeg2KImageFile(BytesIO(data))
        image.load()
        yield DecodedFrame(to_pixels(image, origin.channels))


def _reading(_origin: Origin, _hints: DecodeHints) -> Cost:
    return Cost(pixel=60.0, byte=90.0, fixed=500, grey=0.4)


CODECS = (Codec(FORMAT, _matches, _header, _decode, reading=_reading, read_memory=lambda _: 12.0),)
