"""JPEG 2000: JP2 and raw codestreams, decoded by OpenJPEG in Pillow. Source: ITU-T T.800, A.5.1 (SIZ), annex I (boxes).

OpenJPEG fills up what is missing, so a codestream without its end (EOC) is damaged.
"""

import struct
from collections.abc import Iterator
from io import BytesIO
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from core.codecs import exif, isobmff, jp2_channels, libjxl
from core.codecs.base import Codec, DecodedFrame, DecodeHints, Format, Header, codec_errors, damaged, unsupported
from core.codecs.jp2_channels import GREY, INKS, YCBCR, Box, Channels
from core.codecs.pillow import ignore_warnings, to_pixels
from core.codecs.pixels import eight_bits
from core.cost import Cost
from core.errors import TooMuchWorkError
from core.imaging.alpha import straight
from core.imaging.pixels import three_axes
from core.picture import Origin, Pixels, Size

FORMAT = Format(
    name="jp2",
    media_type="image/jp2",
    extensions=("jp2", "j2k", "j2c", "jpc", "jpf", "jpx"),
    alpha=True,
)

_CONTAINER, _CODESTREAM, _END = b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51", b"\xff\xd9"
_EXIF, _XMP = b"JpgTiffExif->JP2", bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_IPTC = bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38")
_METADATA = {_EXIF, _XMP, _IPTC}
"""Identifiers of boxes. Sources: XMP part 3, 1.1.4; what exiv2 and ExifTool write of EXIF and IPTC."""
_MOST_COMPONENTS = 4
_BYTE, _WORD = 8, 16
_TILES, _PIXELS_OF_A_TILE = 4096, 1024
"""As many tiles as a file may have beside one for so many pixels: each costs whatever its size."""


def _matches(data: bytes) -> bool:
    return data.startswith((_CONTAINER, _CODESTREAM))


class Codestream(NamedTuple):
    """What the header of a codestream (SIZ) says: bits of each component, and whether any is `subsampled`."""

    size: Size
    depths: list[int]
    subsampled: bool

    @property
    def components(self) -> int:
        """How many there are."""
        return len(self.depths)

    @property
    def shallow(self) -> bool:
        """Whether Pillow gives every sample: of more than 8 bits only those of one component."""
        return self.depth <= _BYTE or self.components == 1

    @property
    def depth(self) -> int:
        """Bits of the deepest component."""
        return max(self.depths, default=1)


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
    return Codestream(size, [(one[0] & 127) + 1 for one in told], any(one[1:] != b"\1\1" for one in told))


def refuse_cut(data: bytes | memoryview) -> None:
    """Refuse a codestream without its end (422), which OpenJPEG would fill up."""
    if _END not in bytes(data[-64:]):
        raise damaged("jp2", "its end is missing")


def _header(data: bytes) -> Header:
    stream, boxes = _parts(data)
    found, inner = codestream(stream), dict(reversed(boxes))
    told = _told(data)
    if b"ihdr" in inner and struct.unpack_from(">II", inner[b"ihdr"]) != (found.size.height, found.size.width):
        raise damaged("jp2", "its header says another size than its codestream")  # Pillow would make room for it
    if not 1 <= found.components <= _MOST_COMPONENTS:
        raise unsupported("jp2", f"{found.components} components")
    channels = _channels(found, boxes)
    grey = channels.kind == GREY
    return Header(
        size=found.size,
        channels=4 if channels.alpha is not None else 1 if grey else 3,
        depth=found.depth,
        exif=exif.without_prefix(told.get(_EXIF)),
        xmp=told.get(_XMP),
        iptc=told.get(_IPTC),
        icc=channels.icc,
        grey=grey,
    )


def _told(data: bytes) -> dict[bytes, bytes]:
    """Metadata by the identifiers of their boxes; the first of each."""
    boxes = isobmff.boxes(memoryview(data), "jp2") if data.startswith(_CONTAINER) else ()
    found: dict[bytes, bytes] = {}
    for name, content in boxes:
        if name == b"uuid" and bytes(content[:16]) in _METADATA:
            found.setdefault(bytes(content[:16]), bytes(content[16:]))
    return found


def _channels(stream: Codestream, boxes: list[Box]) -> Channels:
    found = jp2_channels.channels_of(boxes, stream.components)
    if stream.depth > _WORD:
        raise unsupported("jp2", f"{stream.depth} bits")
    if not stream.shallow and (stream.subsampled or len(set(stream.depths)) > 1 or found.palette):
        raise unsupported("jp2", "deep samples that differ in depth or number, or beside a palette")
    if not stream.shallow and not libjxl.installed():
        raise unsupported("jp2", f"{stream.depth} bits; {libjxl.MISSING}")
    if stream.subsampled and (found.kind == INKS or found.palette or found.multiplied):
        raise unsupported("jp2", "inks, a palette or multiplied alpha of fewer samples than pixels")
    return found


def _parts(data: bytes) -> tuple[memoryview, list[Box]]:
    """The codestream, and the boxes of the header around it."""
    if data.startswith(_CODESTREAM):
        return memoryview(data), []
    outer = dict(reversed(list(isobmff.boxes(memoryview(data), "jp2"))))
    if b"jp2c" not in outer:
        raise damaged("jp2", "it has no codestream")
    return outer[b"jp2c"], list(isobmff.boxes(outer.get(b"jp2h", memoryview(b"")), "jp2"))


def _decode(data: bytes, origin: Origin, _hints: DecodeHints) -> Iterator[DecodedFrame]:
    with codec_errors("jp2"):
        stream, boxes = _parts(data)
        refuse_cut(stream)
        found = codestream(stream)
        channels = _channels(found, boxes)
        if found.subsampled:  # Pillow makes colours of them by itself
            yield DecodedFrame(to_pixels(_loaded(data), origin.channels))
            return
        pixels = _put_together(_components(bytes(stream), found, channels), channels)
        yield DecodedFrame(255 - pixels[:, :, :4], cmyk=True) if channels.kind == INKS else DecodedFrame(pixels)


def _loaded(data: bytes) -> Any:
    from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile

    ignore_warnings()
    image = Jpeg2KImageFile(BytesIO(data))
    image.load()
    return image


def _components(stream: bytes, found: Codestream, channels: Channels) -> list[Pixels]:
    """The channels, height × width each, of a bare codestream: so Pillow gives its samples as they are stored."""
    samples = three_axes(np.asarray(_loaded(stream)) if found.shallow else _deep(stream, found.depth))
    planes = [samples[:, :, place] for place in range(found.components)]
    if channels.palette:
        return _looked_up(planes, found, channels.palette)
    return [
        jp2_channels.over_the_range(eight_bits(plane), depth) for plane, depth in zip(planes, found.depths, strict=True)
    ]


def _deep(stream: bytes, depth: int) -> NDArray[np.uint8]:
    """Colours of more than 8 bits by imagecodecs: Pillow 13 rounds them beyond 255, so that white becomes black."""
    from imagecodecs import jpeg2k_decode

    values = np.asarray(jpeg2k_decode(stream, planar=False, numthreads=1))
    if values.dtype.kind == "i":
        values = (values.astype(np.int32) + (1 << (depth - 1))).astype(np.uint16)
    return cv2.convertScaleAbs(values, alpha=255 / ((1 << depth) - 1))


def _looked_up(planes: list[Any], found: Codestream, palette: jp2_channels.Palette) -> list[Pixels]:
    made = []
    for component, column in palette.channels:
        plane, depth = planes[component], found.depths[component]
        if column is None:
            made.append(jp2_channels.over_the_range(eight_bits(plane), depth))
            continue
        table = palette.columns[column]
        index = plane >> (8 * plane.itemsize - min(depth, 8 * plane.itemsize))
        made.append(np.take(table, index, mode="clip"))
    return made


def _put_together(planes: list[Pixels], channels: Channels) -> Pixels:
    """Grey, BGR, BGRA or inks of the channels."""
    colours = [three_axes(planes[place])[:, :, 0] for place in channels.colours]
    if channels.kind == YCBCR:
        light, blue, red = colours
        bgr = cv2.cvtColor(cv2.merge([light, red, blue]), cv2.COLOR_YCrCb2BGR)
        colours = list(cv2.split(bgr))[::-1]
    if channels.kind == INKS:
        return cv2.merge(colours)
    if channels.alpha is None:
        return three_axes(cv2.merge(colours[::-1]))
    shown = cv2.merge([*(colours * (3 // len(colours)))[::-1], three_axes(planes[channels.alpha])[:, :, 0]])
    return straight(shown) if channels.multiplied else shown


def _reading(_origin: Origin, _hints: DecodeHints) -> Cost:
    return Cost(pixel=60.0, byte=90.0, fixed=500, grey=0.4)


CODECS = (Codec(FORMAT, _matches, _header, _decode, reading=_reading, read_memory=lambda _: 12.0),)
