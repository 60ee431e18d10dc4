"""Animated AVIF: lengths, loops and exactness, by other readers and by the boxes themselves."""

import io
import struct
import time

import numpy as np
import pytest
from PIL import Image

from core import codecs
from core.codecs import EncodeOptions, isobmff_tracks
from core.codecs.isobmff import find_box
from core.errors import BadParameterError
from core.picture import Size
from tests.conftest import made_picture
from tests.core.codecs.support import LIMITS, picture, pillow_animation, read, rgba, shift, shown
from tests.core.codecs.test_icc import rgb_profile


def _file(loop: int = 0, **options: object) -> bytes:
    return codecs.encode(shift(made_picture(3), 4, loop=loop), "avif", EncodeOptions(**options))  # type: ignore[arg-type]


def _timed(scale: int, runs: list[tuple[int, int]]) -> bytes:
    """A track of this time scale and these runs of frames and ticks, and nothing else."""

    def box(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content) + 8) + name + content

    table = box(b"stts", bytes(4) + struct.pack(">I", len(runs)) + b"".join(struct.pack(">II", *run) for run in runs))
    media = box(b"mdhd", bytes(12) + struct.pack(">II", scale, 0))
    return box(b"moov", box(b"trak", box(b"mdia", media + box(b"minf", box(b"stbl", table)))))


LENGTHS = {
    "milliseconds": (_timed(1000, [(1, 40), (2, 50)]), 3, [40, 50, 50]),
    "thirds of a second": (_timed(3, [(6, 1)]), 6, [333, 334, 333, 333, 334, 333]),
    "film": (_timed(24, [(24, 1)]), 24, None),
    "fewer than there are": (_timed(1000, [(1, 40)]), 3, [40, 0, 0]),
    "more than there are": (_timed(1000, [(1 << 31, 40)]), 2, [40, 40]),
    "no scale": (_timed(0, [(2, 40)]), 2, [0, 0]),
    "nothing": (b"", 2, [0, 0]),
}


@pytest.mark.parametrize(("data", "count", "expected"), LENGTHS.values(), ids=LENGTHS)
def test_lengths_carry_what_is_rounded(data: bytes, count: int, expected: list[int] | None) -> None:
    found = isobmff_tracks.durations(data, count)
    assert len(found) == count
    assert found == expected if expected else sum(found) == 1000


@pytest.mark.parametrize("loop", [0, 1, 2, 7])
@pytest.mark.parametrize("channels", [3, 4])
def test_how_often_it_plays(loop: int, channels: int) -> None:
    """As libavif computes it: a track that repeats lasts as long as all its repetitions (AVIF 1.1, 4.3)."""
    file = codecs.encode(shift(made_picture(channels), 3, loop=loop), "avif", EncodeOptions())
    assert isobmff_tracks.plays(file) == loop
    track = find_box(memoryview(file), b"moov", b"trak", b"tkhd")
    edits = find_box(memoryview(file), b"moov", b"trak", b"edts", b"elst")
    assert track is not None
    assert edits is not None
    (whole,), (once,) = struct.unpack_from(">Q", track, 28), struct.unpack_from(">Q", edits, 8)
    assert once == 40 + 50 + 60
    assert whole == once * loop if loop else whole == 2**64 - 1
    assert edits[3] == (loop != 1)


def test_no_time_of_day_is_in_it() -> None:
    before = _file()
    time.sleep(1.1)
    assert _file() == before
    for name in (b"mvhd", b"tkhd", b"mdhd"):
        place = before.index(name)
        assert before[place + 8 : place + 24] == bytes(16)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_lossless_frames_are_exact(channels: int) -> None:
    frames = shift(made_picture(channels), 3, loop=2)
    file = codecs.encode(frames, "avif", EncodeOptions(lossless=True))
    got = read(file)
    assert [frame.origin.duration for frame in got] == [40, 50, 60]
    assert {frame.origin.loop for frame in got} == {2}
    for sent, came in zip(frames, got, strict=True):
        assert np.array_equal(rgba(came.pixels), shown(sent.pixels))


def test_lossless_frames_take_no_metadata() -> None:
    frames = shift(made_picture(3), 3)
    frames = [picture(frame.pixels, icc=rgb_profile()) for frame in frames]
    with pytest.raises(BadParameterError):
        codecs.encode(frames, "avif", EncodeOptions(lossless=True, keep=frozenset({"icc"})))


def test_a_kept_profile_is_in_an_animation() -> None:
    frames = [picture(frame.pixels, icc=rgb_profile(), duration=40) for frame in shift(made_picture(3), 3)]
    file = codecs.encode(frames, "avif", EncodeOptions(keep=frozenset({"icc"})))
    assert codecs.probe(file, LIMITS).icc == rgb_profile()


def test_frames_of_other_channels_become_alike() -> None:
    frames = [picture(made_picture(channels), duration=40) for channels in (3, 1, 4)]
    assert [frame.pixels.shape[2] for frame in read(codecs.encode(frames, "avif"))] == [3, 3, 3]


def test_what_pillow_writes_is_read_as_it_says() -> None:
    file = pillow_animation("AVIF", shift(made_picture(3), 3), duration=[33, 34, 33])
    assert [frame.origin.duration for frame in read(file)] == [33, 34, 33]
    assert codecs.probe(file, LIMITS).loop == 0
    with Image.open(io.BytesIO(_file(loop=3))) as theirs:
        assert getattr(theirs, "n_frames", 1) == 4


def test_memory_of_what_is_held_is_declared() -> None:
    size = Size(1000, 700)
    one, many = (codecs.encoding("avif", size, 3, frames=frames).memory for frames in (1, 20))
    exact = codecs.encoding("avif", size, 3, EncodeOptions(lossless=True), frames=20).memory
    assert many > one
    assert exact > 20 * size.pixels * 3
    assert codecs.encoding("avif", size, 3, EncodeOptions(effort=10), frames=20).memory > 4 * many
