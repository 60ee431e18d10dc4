"""GIF, still and animated; Pillow composes and writes. Sources: GIF89a; NETSCAPE2.0 as browsers read it."""

import struct
from collections.abc import Iterator
from io import BytesIO
from typing import Any

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
)
from core.codecs.pillow import ignore_warnings, saved, to_pixels
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
    revision=2,
)

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_CONTROL, _APPLICATION = 0xF9, 0xFF
_TO_BACKGROUND, _TO_PREVIOUS = 2, 3
_VISIBLE = 128
"""GIF pixels are either visible or not: from this alpha on they are visible."""


class _Walk:
    """One pass over the blocks: the size of the canvas, the number of frames, whether anything is transparent."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.width, self.height = struct.unpack_from("<HH", data, 6)
        self.frames = 0
        self.repeats: int | None = None
        self.clear = False
        self.place = 13 + _table_bytes(data[10])
        while self.place < len(data) and self._block(data[self.place]):
            pass

    def _block(self, kind: int) -> bool:
        if kind == _IMAGE:
            self._image()
        elif kind == _EXTENSION:
            self._extension()
        elif kind != 0:
            return False
        else:
            self.place += 1
        return True

    def _image(self) -> None:
        x, y, width, height, flags = struct.unpack_from("<4HB", self.data, self.place + 1)
        if not self.frames and (x, y, width, height) != (0, 0, self.width, self.height):
            self.clear = True
        self.width, self.height = max(self.width, x + width), max(self.height, y + height)
        self.frames += 1
        self.place += 11 + _table_bytes(flags)
        self._skip()

    def _extension(self) -> None:
        label = self.data[self.place + 1]
        content = self.data[self.place + 3 : self.place + 19]
        if label == _CONTROL:
            disposal = content[0] >> 2 & 7
            self.clear = self.clear or bool(content[0] & 1) or disposal in {_TO_BACKGROUND, _TO_PREVIOUS}
        elif label == _APPLICATION and content[:11] == b"NETSCAPE2.0" and content[12] == 1:
            (self.repeats,) = struct.unpack_from("<H", content, 13)
        self.place += 2
        self._skip()

    def _skip(self) -> None:
        """Over the sub-blocks and the empty one that ends them."""
        data, place = self.data, self.place
        while size := data[place]:
            place += size + 1
        self.place = place + 1


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
        # Pillow grows the canvas whenever a frame exceeds it, so it gets its final size at once.
        image = GifImageFile(BytesIO(b"".join((data[:6], struct.pack("<HH", *origin.size), data[10:]))))
        for number in range(origin.frames if hints.animate else 1):
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
    loop = None if job.loop == 1 else max(job.loop - 1, 0)
    return saved(image, "GIF", save_all=True, append_images=rest, disposal=disposal, loop=loop, optimize=False)


def _paletted(picture: Picture, job: EncodeJob, channels: int = 0) -> Any:
    """Pillow's image of at most 256 colours, dithered (Floyd and Steinberg); the last colour is the transparent one."""
    job.check("encode frame")
    pixels = as_channels(picture.pixels, channels) if channels else picture.pixels
    image = _grey(pixels) if pixels.shape[2] == 1 else _colours(pixels)
    image.info["duration"] = picture.origin.duration
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
    return Cost(pixel=48, fixed=4000, grey=0.3)


def _reading(_origin: Origin, _hints: DecodeHints) -> Cost:
    return Cost(pixel=5, byte=12, fixed=300, grey=0.6)


CODECS = (
    Codec(
        FORMAT, _matches, _header, _decode, _encode,
        reading=_reading, writing=_writing, read_memory=lambda _: 4.5, write_memory=lambda _: 6.0,
    ),
)  # fmt: skip
