"""The frames of an animated PNG, composed. Source: W3C PNG (third edition), acTL, fcTL, fdAT.

Each frame is made a PNG of its own, so that the decoder of stills reads it, whatever its depth, palette, transparent
colour or interlacing. Pillow 13.0.0 reads no interlaced frame but the first, leaves out the transparent colour, and
blends alpha itself like a colour: half over half stays half.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

import cv2
import numpy as np

from core.codecs.base import DecodedFrame, damaged
from core.picture import Origin, Pixels, Size

Chunk = tuple[bytes, memoryview]
"""A chunk's name and all its bytes, from its length to its sum."""

_CLEAR, _PREVIOUS = 1, 2
_OVER = 1
_FIELDS = ">5I2H2B"
_MOST = 0xFFFF
_SHARED = {b"IHDR", b"PLTE", b"tRNS"}


class _Control(NamedTuple):
    """What fcTL says of a frame; delays are a fraction of a second."""

    number: int
    width: int
    height: int
    x: int
    y: int
    delay: int
    per: int
    disposal: int
    blend: int

    @property
    def milliseconds(self) -> int:
        return round(1000 * self.delay / (self.per or 100))

    def uncovers(self, size: Size, *, first: bool) -> bool:
        """Whether it leaves nothing somewhere: because it clears its place, or as the first does not fill all."""
        clears = self.disposal == _CLEAR or (first and self.disposal == _PREVIOUS)
        return clears or (first and (self.width, self.height) != size)


def leaves_nothing(controls: list[bytes], size: Size) -> bool:
    """Whether nothing is somewhere in some frame, whatever the colour type; what the last one leaves nobody sees."""
    frames = [_Control(*struct.unpack_from(_FIELDS, content)) for content in controls]
    return any(frame.uncovers(size, first=not number) for number, frame in enumerate(frames[:-1]))


def delay(milliseconds: int) -> tuple[int, int]:
    """A duration as the fraction of fcTL: in thousandths of a second as far as they reach, then in larger parts."""
    for per in (1000, 100, 10, 1):
        number = round(milliseconds * per / 1000)
        if number <= _MOST:
            return number, per
    return _MOST, 1


def composed(
    signature: bytes, chunks: Iterator[Chunk], origin: Origin, still: Callable[[bytes, int], Pixels]
) -> Iterator[DecodedFrame]:
    """All frames as they are seen, H×W×`origin.channels`; `still` decodes a PNG to as many channels.

    Errors: damaged_image (422) for frames that are missing, in another order, or beyond the canvas.
    """
    canvas = np.zeros((origin.size.height, origin.size.width, origin.channels), np.uint8)
    count = 0
    for control, file in _files(signature, chunks):
        if count == origin.frames:
            return
        place = _place(control, canvas)
        before = canvas[place].copy() if control.disposal == _PREVIOUS else None
        _draw(canvas[place], still(file, origin.channels), over=control.blend == _OVER)
        yield DecodedFrame(canvas.copy(), control.milliseconds)
        if control.disposal in {_CLEAR, _PREVIOUS}:
            canvas[place] = 0 if before is None else before
        count += 1
    if count < origin.frames:
        raise damaged("apng", "frames are missing")


def _place(control: _Control, canvas: Pixels) -> tuple[slice, slice]:
    height, width = canvas.shape[:2]
    right, bottom = control.x + control.width, control.y + control.height
    if not (control.width and control.height and right <= width and bottom <= height):
        raise damaged("apng", "a frame lies beyond the picture")
    return slice(control.y, bottom), slice(control.x, right)


def _files(signature: bytes, chunks: Iterator[Chunk]) -> Iterator[tuple[_Control, bytes]]:
    """Each frame's control and the frame as a PNG. Data before the first control is the still picture's alone."""
    shared: list[bytes] = []
    control: _Control | None = None
    data: list[memoryview] = []
    number = 0
    name = b""
    for name, chunk in chunks:
        if name in _SHARED:
            shared.append(bytes(chunk))
        elif name in {b"fcTL", b"fdAT"}:
            content = _content(chunk)
            if struct.unpack_from(">I", content)[0] != number:
                raise damaged("apng", "its frames are out of order")
            number += 1
            if name == b"fdAT":
                data.append(content[4:])
                continue
            if control:
                yield control, _file(signature, shared, control, data)
            control, data = _Control(*struct.unpack_from(_FIELDS, content)), []
        elif name == b"IDAT" and control:
            data.append(_content(chunk))
    if name != b"IEND":
        raise damaged("apng", "its end is missing")
    if control:
        yield control, _file(signature, shared, control, data)


def _content(chunk: memoryview) -> memoryview:
    """What stands between name and sum; the sum is verified here, as no decoder sees it."""
    if zlib.crc32(chunk[4:-4]) != struct.unpack(">I", chunk[-4:])[0]:
        raise damaged("apng", "a frame's checksum is wrong")
    return chunk[8:-4]


def _file(signature: bytes, shared: list[bytes], control: _Control, data: list[memoryview]) -> bytes:
    size = struct.pack(">II", control.width, control.height)
    head = pack(b"IHDR", size + shared[0][16:-4])
    return b"".join((signature, head, *shared[1:], pack(b"IDAT", b"".join(data)), pack(b"IEND", b"")))


def pack(name: bytes, content: bytes) -> bytes:
    """A chunk with its length and sum."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _draw(below: Pixels, above: Pixels, *, over: bool) -> None:
    """In place: `above` instead of what is below, or over it by its alpha (which is not premultiplied)."""
    if not over or above.shape[2] < 4:
        below[:] = above
        return
    mine = above[:, :, 3].astype(np.float32)
    rest = below[:, :, 3] * (1 - mine / 255)
    below[:, :, :3] = cv2.blendLinear(_colours(above), _colours(below), mine, rest)
    below[:, :, 3] = np.rint(mine + rest)


def _colours(pixels: Pixels) -> Pixels:
    return cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR)
