import gc
import io
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core import codecs
from core.codecs import FORMATS, EncodeOptions, encode
from core.picture import Picture, Pixels
from tests.conftest import made_picture
from tests.core.codecs.support import (
    EXACT,
    LIMITS,
    decibels,
    jxl_frames,
    picture,
    pillow_animation,
    read,
    rgba,
    shift,
    shown,
)

MOVING = [name for name, format_ in FORMATS.items() if format_.animates]
LEAST = {"apng": EXACT, "gif": 28.0, "webp": 30.0, "jxl": 30.0, "avif": 28.0}


def _theirs(file: bytes) -> list[tuple[Pixels, int]]:
    """Frames and durations as Pillow sees them."""
    with Image.open(io.BytesIO(file)) as image:
        found = []
        for number in range(image.n_frames):
            image.seek(number)
            image.load()
            found.append((np.asarray(image.convert("RGBA")), round(image.info.get("duration", 0))))
        return found


@pytest.mark.parametrize("name", MOVING)
@pytest.mark.parametrize("loop", [0, 1, 5], ids=["for-ever", "once", "five-times"])
def test_round_trip(name: str, loop: int, pixels: Pixels) -> None:
    frames = shift(pixels, 4, loop=loop)
    got = read(encode(iter(frames), name))
    assert [frame.origin.duration for frame in got] == [40, 50, 60, 70]
    assert [frame.origin.frame for frame in got] == [0, 1, 2, 3]
    assert {frame.origin.loop for frame in got} == {loop}
    assert {frame.origin.frames for frame in got} == {4}
    for sent, came in zip(frames, got, strict=True):
        expected = rgba(sent.pixels)
        if name == "gif":
            expected[:, :, 3] = np.where(expected[:, :, 3] >= 128, 255, 0)
        assert decibels(rgba(came.pixels), expected) >= LEAST[name]


@pytest.mark.parametrize("name", MOVING)
def test_others_compose_it_alike(name: str, pixels: Pixels) -> None:
    file = encode(shift(pixels, 4), name)
    theirs = _theirs(file) if name != "jxl" else [(frame, 40 + 10 * n) for n, frame in enumerate(jxl_frames(file))]
    assert [duration for _, duration in theirs] == [40, 50, 60, 70]
    for ours, (expected, _) in zip(read(file), theirs, strict=True):
        assert decibels(rgba(ours.pixels), expected) >= 45


def test_lossless_webp_is_exact(pixels: Pixels) -> None:
    frames = shift(pixels, 3)
    got = read(encode(frames, "webp", EncodeOptions(lossless=True)))
    assert all(np.array_equal(shown(one.pixels), rgba(other.pixels)) for one, other in zip(frames, got, strict=True))


@pytest.mark.parametrize("name", ["apng", "webp"])
def test_frames_that_do_not_change_are_kept(name: str) -> None:
    frames = [picture(made_picture(3), duration=30) for _ in range(3)]
    file = encode(frames, name)
    assert len(read(file)) == 3
    assert len(file) < 2 * len(encode(frames[:1], name))


@pytest.mark.parametrize("name", [name for name, f in FORMATS.items() if f.writes and not f.animates])
def test_a_still_format_takes_the_first_frame_only(name: str) -> None:
    def frames() -> Iterator[Picture]:
        yield picture(made_picture(3))
        pytest.fail("a second frame was asked for")

    assert len(read(encode(frames(), name))) == 1


@pytest.mark.parametrize("name", MOVING)
def test_frames_are_taken_one_by_one(name: str) -> None:
    """The generator sees the frame before last let go: nobody collects them."""
    seen: list[weakref.ref[Pixels]] = []

    def frames() -> Iterator[Picture]:
        for frame in shift(made_picture(3), 6):
            fresh = frame.pixels.copy()
            seen.append(weakref.ref(fresh))
            yield picture(fresh, duration=30)
            del fresh
            gc.collect()
            assert sum(ref() is not None for ref in seen) <= 3

    encode(frames(), name)


def test_decoding_is_lazy() -> None:
    file = pillow_animation("GIF", shift(made_picture(3), 4))
    frames = codecs.decode(file, codecs.probe(file, LIMITS), limits=LIMITS, hints=codecs.DecodeHints(animate=True))
    assert next(frames).origin.frame == 0
    assert next(frames).origin.frame == 1


@pytest.mark.parametrize("name", ["GIF", "PNG", "WEBP", "AVIF"])
def test_without_animate_only_the_first_frame_comes(name: str) -> None:
    file = pillow_animation(name, shift(made_picture(3), 4))
    origin = codecs.probe(file, LIMITS)
    assert origin.frames == 4
    assert len(list(codecs.decode(file, origin, limits=LIMITS))) == 1


@pytest.mark.parametrize("name", ["GIF", "PNG", "WEBP", "AVIF"])
def test_others_animations_are_read(name: str) -> None:
    file = pillow_animation(name, shift(made_picture(3), 4), duration=[40, 50, 60, 70])
    got = read(file)
    assert [frame.origin.duration for frame in got] == [40, 50, 60, 70]
    for ours, (expected, _) in zip(got, _theirs(file), strict=True):
        assert np.array_equal(rgba(ours.pixels), expected)


@pytest.mark.parametrize("disposal", [0, 1, 2])
def test_gif_disposal_is_pillows(disposal: int) -> None:
    """As far as Pillow does as browsers do; test_cases.py has the rest."""
    frames = shift(made_picture(4), 4)
    file = pillow_animation("GIF", frames, disposal=disposal, duration=50)
    for ours, (expected, _) in zip(read(file), _theirs(file), strict=True):
        assert decibels(rgba(ours.pixels), expected) >= EXACT


@pytest.mark.parametrize(("channels", "disposal", "blend"), [(4, 0, 0), (4, 1, 0), (4, 2, 0), (3, 0, 1), (3, 1, 1)])
def test_apng_disposal_and_blend_are_pillows(channels: int, disposal: int, blend: int) -> None:
    """As far as Pillow follows the specification; test_apng.py has the rest."""
    file = pillow_animation("PNG", shift(made_picture(channels), 4), disposal=disposal, blend=blend, duration=50)
    for ours, (expected, _) in zip(read(file), _theirs(file), strict=True):
        assert np.array_equal(rgba(ours.pixels), expected)


@pytest.mark.parametrize(("loop", "plays"), [(None, 1), (0, 0), (3, 4)], ids=["none", "for-ever", "three-repeats"])
def test_gif_counts_repeats(loop: int | None, plays: int) -> None:
    """Browsers, and gif2webp after them, play once more than the extension says."""
    more = {} if loop is None else {"loop": loop}
    file = pillow_animation("GIF", shift(made_picture(3), 3), **more)
    assert codecs.probe(file, LIMITS).loop == plays


def test_apng_whose_still_picture_is_no_frame(data: Path) -> None:
    file = (data / "formats/image-rs/png__apng__wpt__fcTL-blend-source-transparent.png").read_bytes()
    theirs = _theirs(file)
    assert [np.array_equal(rgba(f.pixels), e) for f, (e, _) in zip(read(file), theirs[1:], strict=True)] == [True, True]
    still = next(codecs.decode(file, codecs.probe(file, LIMITS), limits=LIMITS))
    assert np.array_equal(rgba(still.pixels), theirs[0][0])


def test_apng_of_one_frame_is_a_png() -> None:
    file = encode([picture(made_picture(3))], "apng")
    assert codecs.probe(file, LIMITS).frames == 1
    assert codecs.sniff(file) == "png"


def test_gif_frame_that_hangs_over_the_screen() -> None:
    """The screen is as large as its frames need, from the first frame on."""
    file = bytearray(pillow_animation("GIF", shift(made_picture(3), 3)))
    file[6:10] = b"\x08\0\x08\0"
    got = read(bytes(file))
    assert {tuple(frame.size) for frame in got} == {(96, 64)}


def test_sixteen_bit_apng(data: Path) -> None:
    got = read((data / "formats/image-rs/png__apng__rgba16.png").read_bytes())
    assert len(got) == 3
    assert got[0].pixels.dtype == np.uint8
