"""GIF, still and animated. Sources: GIF89a; NETSCAPE2.0 as browsers read it."""

import struct
from collections.abc import Iterator
from itertools import chain
from typing import Any

import cv2
import numpy as np

from core.codecs import gif_blocks, gif_frames
from core.codecs.animation import Patch, patches
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
)
from core.codecs.gif_blocks import APPLICATION, CONTROL, IMAGE
from core.codecs.pillow import ignore_warnings, saved
from core.codecs.pixels import as_channels
from core.cost import Cost
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
    revision=3,
)

_CLEARS = {2, 3, 4}
_TO_BACKGROUND = 2
_LONGEST_DELAY, _MOST_REPEATS = 65_535, 65_535
_SHORTEST_SHOWN, _SHORT = 2, 10
"""Browsers show a delay below 2/100 s as 10/100: what is longer than 10 ms is never written so."""
_VISIBLE = 128
"""GIF pixels are either visible or not: from this alpha on they are visible."""


class _Walk:
    """One pass over the blocks: the size of the canvas, the number of frames, whether anything is transparent, XMP.

    Only the first frame enlarges the canvas, as in browsers; `largest` is that of the frame with most pixels.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.width, self.height = struct.unpack_from("<HH", data, 6)
        self.frames = 0
        self.repeats: int | None = None
        self.xmp: bytes | None = None
        self.clear = False
        self.largest = Size(0, 0)
        self._first = (0, 0, 0, 0)
        for block in gif_blocks.blocks(data):
            if block.kind == IMAGE:
                self._image(block.start)
            elif block.kind == CONTROL:
                control = gif_blocks.control(data, block)
                self.clear = self.clear or control.clear is not None or control.disposal in _CLEARS
            elif block.kind == APPLICATION:
                found = gif_blocks.repeats(data, block)
                self.repeats = self.repeats if found is None else found
                self.xmp = self.xmp or gif_blocks.xmp(data, block)
        self.clear = self.clear or self._first != (0, 0, self.width, self.height)

    def _image(self, place: int) -> None:
        x, y, width, height = struct.unpack_from("<4H", self.data, place + 1)
        if not self.frames:
            self._first = (x, y, width, height)
            self.width, self.height = max(self.width, x + width), max(self.height, y + height)
        self.largest = max(self.largest, Size(width, height), key=lambda size: size.pixels)
        self.frames += 1


def _matches(data: bytes) -> bool:
    return data[:6] in {b"GIF87a", b"GIF89a"}


def _header(data: bytes) -> Header:
    walk = _Walk(data)
    if not walk.frames:
        raise damaged("gif", "it has no frame")
    plays = 1 if walk.repeats is None else walk.repeats and walk.repeats + 1
    size, channels = Size(walk.width, walk.height), 4 if walk.clear else 3
    return Header(size=size, coded=walk.largest, channels=channels, frames=walk.frames, loop=plays, xmp=walk.xmp)


def _decode(data: bytes, origin: Origin, hints: DecodeHints) -> Iterator[DecodedFrame]:
    with codec_errors("gif"):
        yield from gif_frames.as_shown(data, origin, origin.frames if hints.animate else 1)


def _encode(frames: Iterator[Picture], job: EncodeJob) -> bytes:
    """The first frame's table is the file's, every other frame has its own."""
    first = next(frames)
    clear = first.pixels.shape[2] == 4
    found = (_cut_out if clear else patches)(chain((first,), frames), job)
    delays = _Delays()
    body: list[bytes] = []
    head = b""
    for patch in found:
        table, image = _packed(patch)
        control = struct.pack("<BHB", (_TO_BACKGROUND << 2 | 1) if clear else 0, delays.next(patch.duration), 255)
        if not head:
            head = b"GIF89a" + struct.pack("<HHBBB", *first.size, 0xF0 | _power(table), 0, 0) + table
            table = b""
        flags = 0x80 | _power(table) if table else 0
        height, width = patch.pixels.shape[:2]
        place = struct.pack("<4HB", patch.x, patch.y, width, height, flags)
        body.append(b"".join((b"\x21\xf9\4", control, b"\0\x2c", place, table, image)))
    repeats = _repeats(job) if len(body) > 1 and job.loop != 1 else b""
    return b"".join((head, repeats, *body, b";"))


def _cut_out(frames: Iterator[Picture], job: EncodeJob) -> Iterator[Patch]:
    """What is visible of each frame, to be cleared before the next: left, it would show through what is transparent."""
    first = True
    for number, picture in enumerate(frames):
        job.check(f"encode frame {number}")
        pixels = as_channels(picture.pixels, 4)
        x, y, width, height = cv2.boundingRect((pixels[:, :, 3] >= _VISIBLE).view(np.uint8))
        if first or not (width and height):
            x, y, width, height = (0, 0, *picture.size) if first else (0, 0, 1, 1)
        first = False
        cut = np.ascontiguousarray(pixels[y : y + height, x : x + width])
        yield Patch(x, y, cut, picture.origin.duration)


class _Delays:
    """Durations in milliseconds as delays in 1/100 s: rounded, the error carried on, so that the length is kept."""

    def __init__(self) -> None:
        self._owed = 0

    def next(self, duration: int) -> int:
        """The delay of the next frame, at most 655.35 s."""
        least = _SHORTEST_SHOWN if duration > _SHORT else 0
        wanted = (duration + self._owed + 5) // 10 if duration > _SHORT else (duration + 5) // 10
        delay = min(max(wanted, least), _LONGEST_DELAY)
        self._owed = max(-10, min(self._owed + duration - 10 * delay, 10)) if duration > _SHORT else 0
        return delay


def _repeats(job: EncodeJob) -> bytes:
    number = min(max(job.loop - 1, 0), _MOST_REPEATS)
    return b"\x21\xff\x0bNETSCAPE2.0\3\1" + struct.pack("<H", number) + b"\0"


def _packed(patch: Patch) -> tuple[bytes, bytes]:
    """Colour table and packed indices, as Pillow writes them."""
    file = saved(_paletted(patch.pixels), "GIF", optimize=False, interlace=False)
    image = next(block for block in gif_blocks.blocks(file) if block.kind == IMAGE)
    return file[13 : 13 + gif_blocks.table_bytes(file[10])], file[image.content - 1 : image.end]


def _power(table: bytes) -> int:
    """How the length of a table is written: a power of two."""
    return max(0, (len(table) // 3 - 1).bit_length() - 1)


def _paletted(pixels: Pixels) -> Any:
    """Pillow's image of at most 256 colours, dithered (Floyd and Steinberg); the last colour is the transparent one."""
    from PIL import Image

    ignore_warnings()
    if pixels.shape[2] == 1:
        return Image.fromarray(pixels[:, :, 0])
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
    colors: list[int] = (image.getpalette() or [])[: 255 * 3]
    shown.putpalette(colors + [0] * (256 * 3 - len(colors)))
    return shown


def _writing(_options: EncodeOptions) -> Cost:
    return Cost(pixel=68, fixed=1000, grey=0.25, flat=0.58)


def _reading(_origin: Origin, _hints: DecodeHints) -> Cost:
    return Cost(pixel=11, byte=13, fixed=150, grey=0.6)


CODECS = (
    Codec(
        FORMAT, _matches, _header, _decode, _encode,
        usual=0.56, reading=_reading, writing=_writing,
        read_memory=lambda _: 4.5, write_memory=lambda _options, _channels: 6.0,
    ),
)  # fmt: skip
