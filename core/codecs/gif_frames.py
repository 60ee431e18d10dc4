"""The frames of a GIF, composed as browsers show them. Source: GIF89a, 18, 20 and 23.

Pillow unpacks each frame as a file of its own, to indices. Composed here is what it does otherwise (13.0.0): a frame
without a control block has no disposal and no delay, what is cleared is transparent though no colour is, and before
the first frame there was nothing.
"""

import struct
from collections.abc import Iterator
from io import BytesIO

import cv2
import numpy as np
from numpy.typing import NDArray

from core.codecs import gif_blocks
from core.codecs.base import DecodedFrame, damaged
from core.codecs.gif_blocks import Block, Control
from core.codecs.pillow import ignore_warnings
from core.picture import Origin, Pixels

_CLEAR, _PREVIOUS = 2, {3, 4}
"""Disposals; 4 is what old encoders wrote for 3, and what browsers take for it."""


def as_shown(data: bytes, origin: Origin, count: int) -> Iterator[DecodedFrame]:
    """The first frames as they are seen, H×W×`origin.channels` (3 or 4). Errors: damaged_image (422)."""
    canvas = np.zeros((origin.size.height, origin.size.width, origin.channels), np.uint8)
    for control, block in _images(data, count):
        x, y, width, height = struct.unpack_from("<4H", data, block.start + 1)
        if not (width and height):
            raise damaged("gif", "a frame has no pixels")
        place = canvas[y : y + height, x : x + width]
        before = place.copy() if control.disposal in _PREVIOUS else None
        if place.size:  # a frame may lie beyond the screen, in part or altogether
            _draw(place, _indices(data, block, width, height), _colours(data, block), control.clear)
        yield DecodedFrame(canvas.copy(), 10 * control.delay)
        if control.disposal == _CLEAR:
            place[:] = 0
        elif before is not None:
            place[:] = before


def _images(data: bytes, count: int) -> Iterator[tuple[Control, Block]]:
    """Each image with the control block right before it."""
    control = Control()
    for block in gif_blocks.blocks(data):
        if block.kind == gif_blocks.CONTROL:
            control = gif_blocks.control(data, block)
        elif block.kind == gif_blocks.IMAGE:
            yield control, block
            control, count = Control(), count - 1
            if not count:
                return


def _indices(data: bytes, block: Block, width: int, height: int) -> NDArray[np.uint8]:
    """The frame's indices, H×W: under a ramp of greys Pillow gives them as levels."""
    from PIL.GifImagePlugin import GifImageFile

    ignore_warnings()
    size = struct.pack("<HH", width, height)
    image = b"\x2c\0\0\0\0" + size + bytes((data[block.start + 9] & 0x40,))
    lzw = data[block.content - 1 : block.content] + gif_blocks.sub_blocks(data, block)
    file = GifImageFile(BytesIO(b"".join((b"GIF89a", size, b"\xf7\0\0", _RAMP, image, lzw, b";"))))
    file.load()
    return np.asarray(file)


_RAMP = bytes(level for level in range(256) for _ in range(3))


def _colours(data: bytes, block: Block) -> Pixels:
    """The table of a frame as 256 colours BGRA; black where it is shorter."""
    flags, start = data[block.start + 9], block.start + 10
    if not flags & 0x80:
        flags, start = data[10], 13
    length = gif_blocks.table_bytes(flags)
    table = np.zeros((256, 4), np.uint8)
    table[:, 3] = 255
    found = np.frombuffer(data, np.uint8, length, start).reshape(-1, 3) if length else _GREYS
    table[: len(found), :3] = found[:, ::-1]
    return table


_GREYS = np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(256, 3)
"""For files without any table."""


def _draw(place: Pixels, indices: NDArray[np.uint8], table: Pixels, clear: int | None) -> None:
    """In place; the index `clear` leaves what is below."""
    height, width = place.shape[:2]
    indices = indices[:height, :width]
    drawn = np.take(table[:, : place.shape[2]], indices, axis=0)
    if clear is None:
        place[:] = drawn
    else:
        cv2.copyTo(drawn, (indices != clear).view(np.uint8), place)
