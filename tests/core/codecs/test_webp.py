"""Animated WebPs put together here, chunk by chunk; what is shown is what browsers show (RFC 9649, 2.7.1.1)."""

import struct
from typing import NamedTuple

import numpy as np
import pytest

from core import codecs
from core.codecs.webp import riff_chunks
from tests.core.codecs.support import LIMITS, pillow_file, read, rgba

SIDE = 8
COLOURS = {"red": (0, 0, 250), "green": (0, 250, 0)}
NOTHING = [0, 0, 0, 0]
KEEP, TO_BACKGROUND = 0, 1


class Drawn(NamedTuple):
    """A square of one colour; `disposal` is what happens to it afterwards."""

    colour: str
    place: int = 0
    side: int = SIDE
    disposal: int = KEEP


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) & 1)


def webp(*frames: Drawn) -> bytes:
    """A file that announces no alpha."""
    canvas = (SIDE - 1).to_bytes(3, "little") * 2
    body = _chunk(b"VP8X", b"\2\0\0\0" + canvas) + _chunk(b"ANIM", struct.pack("<IH", 0xFFFFFFFF, 0))
    for frame in frames:
        numbers = (frame.place // 2, frame.place // 2, frame.side - 1, frame.side - 1, 50)
        head = b"".join(number.to_bytes(3, "little") for number in numbers) + bytes((frame.disposal,))
        file = pillow_file("WEBP", np.full((frame.side, frame.side, 3), COLOURS[frame.colour], np.uint8), lossless=True)
        streams = [_chunk(name, bytes(content)) for name, content in riff_chunks(file) if name == b"VP8L"]
        body += _chunk(b"ANMF", head + streams[0])
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


RED, GREEN = [250, 0, 0, 255], [0, 250, 0, 255]
CASES = {
    "small-first-frame": ((Drawn("red", 2, 4), Drawn("green", 0, 2)), [[NOTHING, RED], [GREEN, RED]]),
    "cleared": ((Drawn("red", disposal=TO_BACKGROUND), Drawn("green", 0, 2)), [[RED, RED], [GREEN, NOTHING]]),
    "kept": ((Drawn("red"), Drawn("green", 0, 2)), [[RED, RED], [GREEN, RED]]),
    "cleared-at-the-end": ((Drawn("red"), Drawn("green", 0, 2, TO_BACKGROUND)), [[RED, RED], [GREEN, RED]]),
    "one-small-frame": ((Drawn("red", 2, 4),), [[NOTHING, RED]]),
}


@pytest.mark.parametrize(("frames", "seen"), CASES.values(), ids=CASES.keys())
def test_what_no_frame_covers_is_nothing(frames: tuple[Drawn, ...], seen: list[list[list[int]]]) -> None:
    """Also where the file announces no alpha: Chromium shows no background colour, Pillow makes it black."""
    file = webp(*frames)
    clear = any(NOTHING in places for places in seen)
    assert codecs.probe(file, LIMITS).channels == (4 if clear else 3)
    got = [rgba(frame.pixels) for frame in read(file)]
    assert [[pixels[0, 0].tolist(), pixels[3, 3].tolist()] for pixels in got] == seen
