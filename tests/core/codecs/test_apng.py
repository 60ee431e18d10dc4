"""Animated PNG as the PNG specification (third edition) describes it; the files are made here, chunk by chunk."""

import struct
import zlib
from typing import NamedTuple

import numpy as np
import pytest

from core import codecs
from core.codecs import png
from core.errors import DamagedImageError
from tests.core.codecs.support import LIMITS, read, rgba

ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
PLAIN = ((0, 0, 1, 1),)
SIDE = 9
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
SAMPLES = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
KEEP, CLEAR, PREVIOUS = 0, 1, 2
SOURCE, OVER = 0, 1


class Shown(NamedTuple):
    """One frame of one colour: its samples as stored, its place, and what becomes of it."""

    samples: tuple[int, ...]
    x: int = 0
    y: int = 0
    side: int = SIDE
    disposal: int = KEEP
    blend: int = SOURCE


def _data(shown: Shown, depth: int, passes: tuple[tuple[int, int, int, int], ...]) -> bytes:
    rows = []
    for x, y, across, down in passes:
        pixels = len(range(x, shown.side, across))
        bits = "".join(format(sample, f"0{depth}b") for sample in shown.samples) * pixels
        row = bytes(int(bits[at : at + 8].ljust(8, "0"), 2) for at in range(0, len(bits), 8))
        rows += [b"\0" + row for _ in range(y, shown.side, down) if pixels]
    return zlib.compress(b"".join(rows))


def _apng(frames: list[Shown], *, kind: int, depth: int = 8, interlaced: bool = False, more: bytes = b"") -> bytes:
    passes = ADAM7 if interlaced else PLAIN
    head = struct.pack(">II5B", SIDE, SIDE, depth, kind, 0, 0, interlaced)
    file = png.SIGNATURE + png._pack(b"IHDR", head) + png._pack(b"acTL", struct.pack(">II", len(frames), 0)) + more
    number = 0
    for shown in frames:
        place = (shown.side, shown.side, shown.x, shown.y)
        file += png._pack(b"fcTL", struct.pack(">5I2H2B", number, *place, 1, 10, shown.disposal, shown.blend))
        data = _data(shown, depth, passes)
        file += png._pack(b"fdAT", struct.pack(">I", number + 1) + data) if number else png._pack(b"IDAT", data)
        number += 2 if number else 1
    return file + png._pack(b"IEND", b"")


def _at(file: bytes, x: int = 4, y: int = 4) -> list[list[int]]:
    """That pixel of all frames, red, green, blue, alpha."""
    return [rgba(frame.pixels)[y, x].tolist() for frame in read(file)]


KINDS = {
    "grey-1": (GREY, 1, (1,), (0,), [255, 255, 255], [0, 0, 0]),
    "grey-2": (GREY, 2, (2,), (1,), [170, 170, 170], [85, 85, 85]),
    "grey-4": (GREY, 4, (5,), (3,), [85, 85, 85], [51, 51, 51]),
    "grey-8": (GREY, 8, (77,), (9,), [77, 77, 77], [9, 9, 9]),
    "grey-16": (GREY, 16, (0x4D4D,), (0x4D4E,), [77, 77, 77], [77, 77, 77]),
    "rgb-8": (RGB, 8, (200, 30, 60), (200, 30, 61), [200, 30, 60], [200, 30, 61]),
    "rgb-16": (RGB, 16, (0xC8C8, 0x1E1E, 0x3C3C), (0xC8C8, 0x1E1E, 0x3C3D), [200, 30, 60], [200, 30, 60]),
}


@pytest.mark.parametrize("interlaced", [False, True], ids=["plain", "interlaced"])
@pytest.mark.parametrize(("kind", "depth", "one", "two", "one_is", "two_is"), KINDS.values(), ids=KINDS.keys())
def test_the_transparent_colour(
    kind: int, depth: int, one: tuple[int, ...], two: tuple[int, ...], one_is: list[int], two_is: list[int],
    *, interlaced: bool,
) -> None:  # fmt: skip
    """tRNS names one colour, in the file's own depth; the still decode and all frames leave it out."""
    key = png._pack(b"tRNS", struct.pack(f">{len(one)}H", *one))
    file = _apng([Shown(one), Shown(two), Shown(one)], kind=kind, depth=depth, interlaced=interlaced, more=key)
    assert [pixel[3] for pixel in _at(file)] == [0, 255, 0]
    assert _at(file)[1] == [*two_is, 255]
    still = next(codecs.decode(file, codecs.probe(file, LIMITS), limits=LIMITS))
    assert still.pixels[4, 4, 3] == 0
    opaque = _apng([Shown(one), Shown(two)], kind=kind, depth=depth, interlaced=interlaced)
    assert _at(opaque) == [[*one_is, 255], [*two_is, 255]]


@pytest.mark.parametrize("interlaced", [False, True], ids=["plain", "interlaced"])
def test_a_palette_with_alpha(*, interlaced: bool) -> None:
    more = png._pack(b"PLTE", bytes([200, 30, 60, 10, 20, 30])) + png._pack(b"tRNS", bytes([90]))
    file = _apng([Shown((0,)), Shown((1,))], kind=PALETTE, depth=1, interlaced=interlaced, more=more)
    assert _at(file) == [[200, 30, 60, 90], [10, 20, 30, 255]]


BLENDS = {
    "opaque": ([200, 30, 60, 255], [10, 20, 30, 255], [10, 20, 30, 255]),
    "hidden": ([200, 30, 60, 255], [10, 20, 30, 0], [200, 30, 60, 255]),
    "half-over-opaque": ([200, 100, 0, 255], [0, 100, 200, 128], [100, 100, 100, 255]),
    "half-over-nothing": ([0, 0, 0, 0], [0, 100, 200, 128], [0, 100, 200, 128]),
    "half-over-half": ([200, 100, 0, 128], [0, 100, 200, 128], [67, 100, 133, 192]),
}


@pytest.mark.parametrize(("below", "above", "expected"), BLENDS.values(), ids=BLENDS.keys())
def test_over_is_the_over_of_the_specification(below: list[int], above: list[int], expected: list[int]) -> None:
    """PNG, third edition, fcTL's blend_op and the alpha processing it refers to; the alpha of halves adds up."""
    file = _apng([Shown(tuple(below)), Shown(tuple(above), blend=OVER)], kind=RGBA)
    assert np.abs(np.subtract(_at(file)[1], expected)).max() <= 1


@pytest.mark.parametrize("interlaced", [False, True], ids=["plain", "interlaced"])
@pytest.mark.parametrize(("disposal", "left"), [(KEEP, 20), (CLEAR, 0), (PREVIOUS, 10)], ids=["keep", "clear", "undo"])
def test_what_a_frame_leaves_behind(disposal: int, left: int, *, interlaced: bool) -> None:
    frames = [Shown((10, 10, 10, 255)), Shown((20, 20, 20, 255), 3, 3, 4, disposal), Shown((30, 30, 30, 255), 0, 0, 2)]
    file = _apng(frames, kind=RGBA, interlaced=interlaced)
    assert [pixel[0] for pixel in _at(file)] == [10, 20, left]
    assert [pixel[0] for pixel in _at(file, 8, 8)] == [10, 10, 10]
    assert [pixel[0] for pixel in _at(file, 1, 1)] == [10, 10, 30]
    assert _at(file)[2][3] == (0 if disposal == CLEAR else 255)


def _spoilt(file: bytes, name: bytes, place: int) -> bytes:
    at = file.rindex(name) + 4 + place
    return file[:at] + bytes([file[at] ^ 255]) + file[at + 1 :]


SPOILS = {
    "control-sum": (b"fcTL", 26),
    "control-place": (b"fcTL", 15),
    "data-sum": (b"fdAT", 8),
}


@pytest.mark.parametrize(("name", "place"), SPOILS.values(), ids=SPOILS.keys())
def test_a_spoilt_frame_is_damage(name: bytes, place: int) -> None:
    file = _apng([Shown((1, 2, 3, 255)), Shown((9, 8, 7, 255))], kind=RGBA)
    with pytest.raises(DamagedImageError):
        read(_spoilt(file, name, place))


@pytest.mark.parametrize(("x", "side"), [(5, 6), (SIDE, 1), (0, SIDE + 1), (2**32 - 1, 2), (0, 0)])
def test_a_frame_beyond_the_canvas_is_damage(x: int, side: int) -> None:
    file = _apng([Shown((1, 2, 3, 255)), Shown((9, 8, 7, 255), x, 0, side)], kind=RGBA)
    with pytest.raises(DamagedImageError):
        read(file)


def test_an_end_that_is_missing_is_damage() -> None:
    file = _apng([Shown((1, 2, 3, 255)), Shown((9, 8, 7, 255))], kind=RGBA)
    with pytest.raises(DamagedImageError):
        read(file[:-12])
