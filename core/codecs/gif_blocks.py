"""The blocks of a GIF. Sources: GIF89a; NETSCAPE2.0 as browsers read it."""

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

from core.codecs.base import parts
from core.errors import TooMuchWorkError

IMAGE, EXTENSION = 0x2C, 0x21
CONTROL, APPLICATION = 0xF9, 0xFF
_ZEROS = re.compile(rb"\0*+")
_SUB_BLOCKS, _BYTES_OF_A_SUB_BLOCK = 2048, 32
"""Encoders fill their sub-blocks, which hold 255 bytes: a file of almost empty ones is made to be walked over."""


class Block(NamedTuple):
    """A block of the file: where it starts, where its sub-blocks do, how many there are, and where it ends.

    `kind` is `IMAGE`, or the label of an extension.
    """

    kind: int
    start: int
    content: int
    sub_blocks: int
    end: int


class Control(NamedTuple):
    """What a graphic control extension says of the one frame behind it: `delay` is in 1/100 s, `clear` an index."""

    disposal: int = 0
    delay: int = 0
    clear: int | None = None


def blocks(data: bytes) -> Iterator[Block]:
    """The blocks up to the trailer. TooMuchWorkError (413): far too many of them or of sub-blocks; IndexError: cut."""
    place = 13 + table_bytes(data[10])
    left = _SUB_BLOCKS + len(data) // _BYTES_OF_A_SUB_BLOCK
    for _ in parts("gif", len(data)):
        zeros = _ZEROS.match(data, place)
        place = zeros.end() if zeros else place
        if place >= len(data) or data[place] not in {IMAGE, EXTENSION}:
            return
        image = data[place] == IMAGE
        content = place + (11 + table_bytes(data[place + 9]) if image else 2)
        number, end = _skip(data, content, left)
        yield Block(IMAGE if image else data[place + 1], place, content, number, end)
        place, left = end, left - number


def _skip(data: bytes, place: int, most: int) -> tuple[int, int]:
    """How many sub-blocks there are, and the place behind the empty one that ends them."""
    for number in range(most):
        size = data[place]
        place += size + 1
        if not size:
            return number, place
    raise TooMuchWorkError("The GIF consists of far more sub-blocks than its size needs.")


def table_bytes(flags: int) -> int:
    """How long the colour table is that the flags of a screen or an image announce."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def control(data: bytes, block: Block) -> Control:
    """What a control block says."""
    flags, delay, clear = struct.unpack_from("<BHB", data, block.content + 1)
    return Control(flags >> 2 & 7, delay, clear if flags & 1 else None)


def repeats(data: bytes, block: Block) -> int | None:
    """How often the animation is repeated, 0 for ever; None where an application block does not say it."""
    content = data[block.content + 1 : block.content + 17]
    if content[:11] != b"NETSCAPE2.0" or content[12] != 1:
        return None
    return int(struct.unpack_from("<H", content, 13)[0])


def xmp(data: bytes, block: Block) -> bytes | None:
    """The packet of an application block of XMP, which is no sub-blocks (XMP part 3, 1.1.2); None of any other."""
    start = block.content + 1
    if data[start : start + 11] != b"XMP DataXMP":
        return None
    return data[start + 11 : block.end].rpartition(b"\1\xff\xfe")[0] or None


def sub_blocks(data: bytes, block: Block) -> bytes:
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
