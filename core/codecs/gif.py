"""GIF, still and animated; Pillow composes and writes. Sources: GIF89a; NETSCAPE2.0 as browsers read it."""

import re
import struct
from collections.abc import Iterator
from io import BytesIO
from typing import Any, NamedTuple

import cv2
import numpy as np

from core.codecs.base import (
    Codec,
    DecodedFrame,
    DecodeHints,
    EncodeJob,
    EncodeOptions,
    Format,
    Header,
    codec_errors,
    damaged,
    parts,
)
from core.codecs.pillow import ignore_warnings, saved, to_pixels
from core.codecs.pixels import as_channels
from core.cost import Cost
from core.errors import TooMuchWorkError
from core.picture import Origin, Picture, Pixels, Size

FORMAT = Format(
    name="gif",
    media_type="image/gif",
    extensions=("gif",),
    writes=True,
    animates=True,
    alpha=True,
    lossless=True,
    for_stills=False,
    in_browsers=True,
    revision=2,
)

_EXTENSION, _IMAGE = 0x21, 0x2C
_CONTROL, _APPLICATION = 0xF9, 0xFF
_TO_BACKGROUND, _TO_PREVIOUS = 2, 3
_ZEROS = re.compile(rb"\0*+")
_SUB_BLOCKS, _BYTES_OF_A_SUB_BLOCK = 2048, 32
"""Encoders fill their sub-blocks, which hold 255 bytes: a file of almost empty ones is made to be walked over."""
_LONGEST_DELAY, _MOST_REPEATS = 655_350, 65_535
_VISIBLE = 128
"""GIF pixels are either visible or not: from this alpha on they are visible."""


class _Block(NamedTuple):
    """A block of the file: where it starts, where its sub-blocks do, how many there are, and where it ends.

    `kind` is `_IMAGE`, or the label of an extension.
    """

    kind: int
    start: int
    content: int
    sub_blocks: int
    end: int


def _blocks(data: bytes) -> Iterator[_Block]:
    """The blocks up to the trailer. TooMuchWorkError (413): far too many of them or of sub-blocks; IndexError: cut."""
    place = 13 + _table_bytes(data[10])
    left = _SUB_BLOCKS + len(data) // _BYTES_OF_A_SUB_BLOCK
    for _ in parts("gif", len(data)):
        zeros = _ZEROS.match(data, place)
        place = zeros.end() if zeros else place
        if place >= len(data) or data[place] not in {_IMAGE, _EXTENSION}:
            return
        image = data[place] == _IMAGE
        content = place + (11 + _table_bytes(data[place + 9]) if image else 2)
        number, end = _skip(data, content, left)
        yield _Block(_IMAGE if image else data[place + 1], place, content, number, end)
        place, left = end, left - number


def _skip(data: bytes, place: int, most: int) -> tuple[int, int]:
    """How many sub-blocks there are, and the place behind the empty one that ends them."""
    for number in range(most):
        size = data[place]
        place += size + 1
        if not size:
            return number, place
    raise TooMuchWorkError("The GIF consists of far more sub-blocks than its size needs.")


class _Walk:
    """One pass over the blocks: the size of the canvas, the number of frames, whether anything is transparent."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.width, self.height = struct.unpack_from("<HH", data, 6)
        self.frames = 0
        self.repeats: int | None = None
        self.clear = False
        for block in _blocks(data):
            if block.kind == _IMAGE:
                self._image(block.start)
            else:
                self._extension(block)

    def _image(self, place: int) -> None:
        x, y, width, height = struct.unpack_from("<4H", self.data, place + 1)
        if not self.frames and (x, y, width, height) != (0, 0, self.width, self.height):
            self.clear = True
        self.width, self.height = max(self.width, x + width), max(self.height, y + height)
        self.frames += 1

    def _extension(self, block: _Block) -> None:
        content = self.data[block.content + 1 : block.content + 17]
        if block.kind == _CONTROL:
            disposal = content[0] >> 2 & 7
            self.clear = self.clear or bool(content[0] & 1) or disposal in {_TO_BACKGROUND, _TO_PREVIOUS}
        elif block.kind == _APPLICATION and content[:11] == b"NETSCAPE2.0" and content[12] == 1:
            (self.repeats,) = struct.unpack_from("<H", content, 13)


def _essential(data: bytes, size: Size, frames: int) -> bytes:
    """The file with what makes its first frames, in whole sub-blocks: Pillow walks over the rest in Python.

    The canvas has its final size, because Pillow grows it whenever a frame exceeds it.
    """
    found = [data[:6], struct.pack("<HH", *size), data[10 : 13 + _table_bytes(data[10])]]
    for block in _blocks(data):
        if block.kind == _CONTROL:
            found.append(data[block.start : block.end])
        elif block.kind == _IMAGE:
            found += (data[block.start : block.content], _sub_blocks(data, block))
            frames -= 1
        if not frames:
            break
    return b"".join((*found, b";"))


def _sub_blocks(data: bytes, block: _Block) -> bytes:
    """The sub-blocks of a block; as few as possible, if they are small."""
    if block.sub_blocks * 64 < block.end - block.content:
        return data[block.content : block.end]
    content, place = bytearray(), block.content
    while size := data[place]:
        content += data[place + 1 : place + 1 + size]
        place += size + 1
    whole = bytearray()
    for start in range(0, len(content), 255):
        part = content[start : start + 255]
        whole.append(len(part))
        whole += part
    return bytes(whole) + b"\0"


def _table_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _matches(data: bytes) -> bool:
    return data[:6] in {b"GIF87a", b"GIF89a"}


def _header(data: bytes) -> Header:
    walk = _Walk(data)
    if not walk.frames:
        raise damaged("gif", "it has no frame")
    plays = 1 if walk.repeats is None else walk.repeats and walk.repeats + 1
    return Header(size=Size(walk.width, walk.height), channels=4 if walk.clear else 3, frames=walk.frames, loop=plays)


def _decode(data: bytes, origin: Origin, hints: DecodeHints) -> Iterator[DecodedFrame]:
    from PIL.GifImagePlugin import GifImageFile

    ignore_warnings()
    with codec_errors("gif"):
        frames = origin.frames if hints.animate else 1
        image = GifImageFile(BytesIO(_essential(data, origin.size, frames)))
        for number in range(frames):
            image.seek(number)
            image.load()
            yield DecodedFrame(to_pixels(image, origin.channels), round(image.info.get("duration", 0)))


def _encode(frames: Iterator[Picture], job: EncodeJob) -> bytes:
    first = next(frames)
    image = _paletted(first, job)
    clear = first.pixels.shape[2] == 4
    rest = (_paletted(frame, job, first.pixels.shape[2]) for frame in frames)
    # A transparent frame would leave the one before it visible.
    disposal = _TO_BACKGROUND if clear else None
    loop = None if job.loop == 1 else min(max(job.loop - 1, 0), _MOST_REPEATS)
    return saved(image, "GIF", save_all=True, append_images=rest, disposal=disposal, loop=loop, optimize=False)


def _paletted(picture: Picture, job: EncodeJob, channels: int = 0) -> Any:
    """Pillow's image of at most 256 colours, dithered (Floyd and Steinberg); the last colour is the transparent one."""
    job.check("encode frame")
    pixels = as_channels(picture.pixels, channels) if channels else picture.pixels
    image = _grey(pixels) if pixels.shape[2] == 1 else _colours(pixels)
    image.info["duration"] = min(picture.origin.duration, _LONGEST_DELAY)
    return image


def _grey(pixels: Pixels) -> Any:
    from PIL import Image

    return Image.fromarray(pixels[:, :, 0])


def _colours(pixels: Pixels) -> Any:
    from PIL import Image

    ignore_warnings()
    if pixels.shape[2] == 4:  # transparent pixels have no share in the palette, nor in the dither
        pixels = cv2.copyTo(pixels, (pixels[:, :, 3] >= _VISIBLE).view(np.uint8))
    image = Image.fromarray(np.ascontiguousarray(pixels[:, :, 2::-1]))
    colours = 255 if pixels.shape[2] == 4 else 256
    # The median cut takes ten times as long and, once dithered, is 3 dB worse.
    palette = image.quantize(colours, method=Image.Quantize.FASTOCTREE)
    image = image.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
    if pixels.shape[2] < 4:
        return image
    indices = np.asarray(image).copy()
    indices[pixels[:, :, 3] < _VISIBLE] = 255
    shown = Image.fromarray(indices)
    shown.putpalette([*(image.getpalette() or [])[: 255 * 3], 0, 0, 0])
    shown.info["transparency"] = 255
    return shown


def _writing(_options: EncodeOptions) -> Cost:
    return Cost(pixel=48, fixed=4000, grey=0.3, flat=0.8)


def _reading(_origin: Origin, _hints: DecodeHints) -> Cost:
    return Cost(pixel=5, byte=12, fixed=300, grey=0.6)


CODECS = (
    Codec(
        FORMAT, _matches, _header, _decode, _encode,
        reading=_reading, writing=_writing, read_memory=lambda _: 4.5, write_memory=lambda _options, _channels: 6.0,
    ),
)  # fmt: skip
