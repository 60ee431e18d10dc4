"""GIFs written here, block by block; what is shown is what browsers show (GIF89a, 23, as they read it)."""

import struct
from typing import NamedTuple

import numpy as np
import pytest

from core import codecs
from core.codecs import gif_blocks
from core.errors import DamagedImageError, TooManyPixelsError
from tests.conftest import made_picture
from tests.core.codecs.support import LIMITS, picture, pillow_file, read, rgba, shift

SIDE = 6
TABLE = {0: (250, 0, 0), 1: (0, 250, 0), 2: (0, 0, 250), 3: (250, 250, 0)}
NOTHING = (0, 0, 0, 0)
ANY, KEEP, CLEAR, BACK, OLD_BACK = 0, 1, 2, 3, 4


class Drawn(NamedTuple):
    """A rectangle of one index; `disposal` None leaves the control block out."""

    index: int
    x: int = 0
    y: int = 0
    width: int = SIDE
    height: int = SIDE
    disposal: int | None = ANY
    clear: int | None = None
    delay: int = 10
    own_table: bool = False


def _lzw(indices: list[int]) -> bytes:
    """Codes of three bits, with a clear code before each two indices: nothing is packed."""
    codes = [code for at in range(0, len(indices), 2) for code in (4, *indices[at : at + 2])] + [5]
    bits = "".join(format(code, "03b")[::-1] for code in codes)
    data = bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits), 8))
    parts = [data[at : at + 255] for at in range(0, len(data), 255)]
    return b"\2" + b"".join(bytes((len(part),)) + part for part in parts) + b"\0"


def _table(shift_by: int = 0) -> bytes:
    return b"".join(bytes(TABLE[(number + shift_by) % 4]) for number in range(4))


def gif(*frames: Drawn, side: int = SIDE, table: bool = True) -> bytes:
    file = b"GIF89a" + struct.pack("<HHBBB", side, side, 0x81 if table else 0, 3, 0) + (_table() if table else b"")
    for frame in frames:
        if frame.disposal is not None:
            flags = frame.disposal << 2 | (frame.clear is not None)
            file += b"\x21\xf9\4" + struct.pack("<BHBB", flags, frame.delay, frame.clear or 0, 0)
        flags = 0x81 if frame.own_table else 0
        file += b"\x2c" + struct.pack("<4HB", frame.x, frame.y, frame.width, frame.height, flags)
        file += _table(1) if frame.own_table else b""
        file += _lzw([frame.index] * (frame.width * frame.height))
    return file + b";"


def _at(file: bytes, *places: tuple[int, int]) -> list[list[tuple[int, ...]]]:
    return [[tuple(rgba(frame.pixels)[y, x].tolist()) for x, y in places] for frame in read(file)]


def _opaque(index: int) -> tuple[int, ...]:
    return (*TABLE[index], 255)


LEFT = {ANY: _opaque(1), KEEP: _opaque(1), CLEAR: NOTHING, BACK: _opaque(0), OLD_BACK: _opaque(0)}


@pytest.mark.parametrize("disposal", LEFT)
def test_what_a_frame_leaves(disposal: int) -> None:
    small = Drawn(1, 2, 2, 3, 3, disposal)
    file = gif(Drawn(0), small, Drawn(2, 0, 0, 1, 1))
    assert _at(file, (3, 3), (0, 0)) == [
        [_opaque(0), _opaque(0)], [_opaque(1), _opaque(0)], [LEFT[disposal], _opaque(2)],
    ]  # fmt: skip


@pytest.mark.parametrize("disposal", [CLEAR, BACK, OLD_BACK])
def test_before_the_first_frame_there_was_nothing(disposal: int) -> None:
    file = gif(Drawn(0, disposal=disposal), Drawn(1, 0, 0, 2, 2))
    assert _at(file, (0, 0), (4, 4)) == [[_opaque(0), _opaque(0)], [_opaque(1), NOTHING]]


def test_a_frame_without_control_has_neither_its_neighbours_disposal_nor_delay() -> None:
    file = gif(Drawn(0, disposal=KEEP), Drawn(1, 1, 1, 2, 2, None), Drawn(2, 4, 4, 1, 1, CLEAR), Drawn(3, 5, 5, 1, 1))
    assert [frame.origin.duration for frame in read(file)] == [100, 0, 100, 100]
    assert _at(file, (1, 1), (4, 4))[-1] == [_opaque(1), NOTHING]


def test_the_transparent_index_leaves_what_is_below() -> None:
    file = gif(Drawn(0), Drawn(1, 1, 1, 3, 3, KEEP, 1), Drawn(2, 4, 4, 1, 1, KEEP, 1))
    assert _at(file, (2, 2), (4, 4)) == [[_opaque(0), _opaque(0)], [_opaque(0), _opaque(0)], [_opaque(0), _opaque(2)]]


def test_a_first_frame_that_is_all_transparent_is_nothing() -> None:
    assert _at(gif(Drawn(1, clear=1)), (2, 2)) == [[NOTHING]]


def test_what_no_frame_covers_is_nothing() -> None:
    file = gif(Drawn(0, 1, 1, 2, 2), Drawn(1, 3, 3, 1, 1))
    assert _at(file, (0, 0), (1, 1), (3, 3)) == [[NOTHING, _opaque(0), NOTHING], [NOTHING, _opaque(0), _opaque(1)]]


def test_only_the_first_frame_enlarges_the_screen() -> None:
    """As in Chromium and Firefox; Pillow enlarges it for every frame."""
    file = gif(Drawn(0, width=5, height=5), Drawn(1, 3, 3, 4, 4, KEEP), Drawn(2, 5, 0, 2, 2), side=4)
    assert codecs.probe(file, LIMITS).size == (5, 5)
    kept = [_opaque(0), _opaque(1)]
    assert _at(file, (0, 0), (4, 4)) == [[_opaque(0), _opaque(0)], kept, kept]


def test_a_later_frame_beyond_the_screen_counts_as_what_is_decoded() -> None:
    file = gif(Drawn(0), Drawn(1))
    place = file.rindex(b"\x2c") + 5
    with pytest.raises(TooManyPixelsError):
        codecs.probe(file[:place] + struct.pack("<2H", 60_000, 60_000) + file[place + 4 :], LIMITS)


def test_own_tables() -> None:
    assert _at(gif(Drawn(0), Drawn(0, own_table=True), Drawn(0)), (1, 1)) == [[_opaque(0)], [_opaque(1)], [_opaque(0)]]


def test_without_any_table_there_are_greys() -> None:
    assert _at(gif(Drawn(3), table=False), (1, 1)) == [[(3, 3, 3, 255)]]


def test_pixels_that_are_missing_are_damage() -> None:
    file = gif(Drawn(0), Drawn(1))
    short = file.rindex(b"\x2c") + 11
    with pytest.raises(DamagedImageError):
        read(file[:short] + b"\2\x44\1\0;")


def test_a_frame_of_no_pixels_is_damage() -> None:
    with pytest.raises(DamagedImageError):
        read(gif(Drawn(0), Drawn(1, width=0)))


def test_rows_that_are_interlaced() -> None:
    file = pillow_file("GIF", made_picture(3, 40, 50), interlace=True)
    plain = pillow_file("GIF", made_picture(3, 40, 50), interlace=False)
    assert file != plain
    assert np.array_equal(read(file)[0].pixels, read(plain)[0].pixels)


DELAYS = {
    "12": [12] * 10,
    "15": [15] * 8,
    "16": [16] * 60,
    "10": [10, 10],
    "5": [5, 5],
    "0": [0, 0],
    "33": [33] * 30,
    "mixed": [98, 102, 47, 13, 999],
}


@pytest.mark.parametrize("durations", DELAYS.values(), ids=DELAYS.keys())
def test_delays_keep_the_length_of_the_whole(durations: list[int]) -> None:
    frames = [picture(made_picture(3, 8, 8) // (n % 7 + 1), duration=ms) for n, ms in enumerate(durations)]
    told = [frame.origin.duration for frame in read(codecs.encode(frames, "gif", codecs.EncodeOptions()))]
    assert len(told) == len(durations)
    assert all(ms >= 20 for ms, source in zip(told, durations, strict=True) if source > 10)
    assert all(abs(ms - source) <= 10 for ms, source in zip(told, durations, strict=True))
    if min(durations) >= 20:
        assert abs(sum(told) - sum(durations)) <= 10


def test_frames_that_are_alike_stay_apart() -> None:
    frames = [picture(made_picture(3, 8, 8), duration=60_000, loop=0) for _ in range(12)]
    told = read(codecs.encode(frames, "gif", codecs.EncodeOptions()))
    assert [frame.origin.duration for frame in told] == [60_000] * 12


def test_an_opaque_animation_sends_what_changes_only() -> None:
    file = codecs.encode(shift(made_picture(3, 90, 60), 4), "gif", codecs.EncodeOptions())
    images = [block for block in gif_blocks.blocks(file) if block.kind == gif_blocks.IMAGE]
    sizes = [struct.unpack_from("<2H", file, block.start + 5) for block in images]
    assert sizes[0] == (90, 60)
    assert all(width * height < 900 for width, height in sizes[1:])


def test_a_frame_in_which_nothing_is_seen() -> None:
    seen, hidden = made_picture(4, 20, 20), made_picture(4, 20, 20)
    seen[:, :, 3], hidden[:, :, 3] = 255, 0
    frames = [picture(pixels, duration=50) for pixels in (seen, hidden, seen)]
    told = read(codecs.encode(frames, "gif", codecs.EncodeOptions()))
    assert [int(frame.pixels[:, :, 3].max()) for frame in told] == [255, 0, 255]
