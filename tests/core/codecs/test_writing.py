import struct
from typing import Any

import cv2
import numpy as np
import pytest

from core import codecs
from core.codecs import FORMATS, EncodeOptions, encode
from core.errors import CannotFitError, DarkroomError, DeadlineExceededError, NotAnImageError, SideTooLongError
from core.imaging.alpha import flattened
from core.language.values import Color
from core.limits import Deadline, Limits
from core.picture import Pixels, Size
from tests.conftest import made_picture
from tests.core.codecs.support import EXACT, LIMITS, decibels, first, others, picture, read, rgba, shift, shown, written

WRITTEN = [name for name, format_ in FORMATS.items() if format_.writes]

LEAST = {"jpeg": 31.5, "webp": 31.5, "avif": 31.5, "jxl": 30.0, "gif": 28.0, "png": EXACT, "apng": EXACT, "tiff": EXACT}
"""Decibels of the defaults on the made picture, whose noise and edges are hard on quarter colour."""


def _expected(pixels: Pixels, name: str) -> Pixels:
    if not FORMATS[name].alpha:
        return flattened(pixels, (255, 255, 255))
    if name == "gif" and pixels.shape[2] == 4:
        pixels = pixels.copy()
        pixels[:, :, 3] = np.where(pixels[:, :, 3] >= 128, 255, 0)
    return pixels


@pytest.mark.parametrize("name", WRITTEN)
def test_defaults_round_trip(name: str, pixels: Pixels) -> None:
    file = written(pixels, name)
    assert codecs.sniff(file) in {name, "png"}
    got = first(file)
    assert decibels(rgba(got), rgba(_expected(pixels, name))) >= LEAST[name]
    assert (got.shape[2] == 4) == (pixels.shape[2] == 4 and FORMATS[name].alpha)


@pytest.mark.parametrize("name", WRITTEN)
def test_others_read_it_alike(name: str, pixels: Pixels) -> None:
    file = written(pixels, name)
    assert decibels(rgba(first(file)), others(file)) >= 45


@pytest.mark.parametrize("name", ["avif", "webp", "jxl"])
def test_lossless_is_exact(name: str, pixels: Pixels) -> None:
    got = first(written(pixels, name, EncodeOptions(lossless=True)))
    assert np.array_equal(rgba(got), shown(pixels))


OPTIONS: dict[str, dict[str, Any]] = {
    "quality-1": {"quality": 1},
    "quality-100": {"quality": 100},
    "progressive": {"progressive": True},
    "effort-0": {"effort": 0},
    "effort-10": {"effort": 10},
    "chroma-422": {"chroma": "422"},
    "chroma-444": {"chroma": "444"},
    "all": {"quality": 50, "progressive": True, "effort": 3, "chroma": "444", "keep": frozenset({"exif", "icc"})},
}


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
def test_every_option_is_taken_everywhere(name: str, options: dict[str, Any], pixels: Pixels) -> None:
    got = first(written(pixels, name, EncodeOptions(**options)))
    assert decibels(rgba(got), rgba(_expected(pixels, name))) >= 15


@pytest.mark.parametrize("name", WRITTEN)
def test_what_a_format_declares_changes_its_bytes(name: str) -> None:
    pixels = made_picture(4)
    changes: dict[str, Any] = {"quality": 20, "progressive": True, "lossless": True, "effort": 10, "chroma": "444"}
    changes |= {"background": Color(0, 0, 0), "colors": 8, "dither": True, "sharp": True}
    changes["near_lossless"] = 20
    plain = written(pixels, name)
    for option, value in changes.items():
        changed = written(pixels, name, EncodeOptions(**{option: value})) != plain
        assert changed == (option in FORMATS[name].options), option


@pytest.mark.parametrize("name", ["jpeg", "webp", "avif", "jxl"])
def test_more_quality_is_nearer_and_longer(name: str) -> None:
    pixels = made_picture(3)
    files = [written(pixels, name, EncodeOptions(quality=quality)) for quality in (20, 60, 95)]
    nearness = [decibels(rgba(first(file)), rgba(pixels)) for file in files]
    assert nearness == sorted(nearness)
    assert sorted(map(len, files)) == list(map(len, files))


@pytest.mark.parametrize(("chroma", "expected"), [("420", (2, 2)), ("422", (2, 1)), ("444", (1, 1)), (None, (2, 2))])
def test_chroma_of_a_jpeg(chroma: Any, expected: tuple[int, int]) -> None:
    file = written(made_picture(3), "jpeg", EncodeOptions(chroma=chroma))
    frame = file.index(b"\xff\xc0")
    assert divmod(file[frame + 11], 16) == expected


def test_progressive_jpeg() -> None:
    assert b"\xff\xc2" in written(made_picture(3), "jpeg", EncodeOptions(progressive=True))
    assert b"\xff\xc2" not in written(made_picture(3), "jpeg")


def test_background_shows_through() -> None:
    clear = np.zeros((32, 32, 4), np.uint8)
    got = first(written(clear, "jpeg", EncodeOptions(background=Color(255, 128, 0))))
    assert np.abs(got[16, 16].astype(int) - (0, 128, 255)).max() <= 2


@pytest.mark.parametrize("name", ["jpeg", "webp", "avif", "jxl"])
@pytest.mark.parametrize("share", [0.9, 0.5, 0.3])
def test_max_bytes_is_met_at_the_best_quality(name: str, share: float) -> None:
    pixels = made_picture(3, 200, 150)
    most = int(len(written(pixels, name)) * share)
    fitted = written(pixels, name, EncodeOptions(max_bytes=most))
    assert len(fitted) <= most
    nearness = decibels(rgba(first(fitted)), rgba(pixels))
    lower = written(pixels, name, EncodeOptions(quality=1))
    assert len(fitted) > len(lower)
    assert nearness > decibels(rgba(first(lower)), rgba(pixels))


def test_max_bytes_that_is_enough_changes_nothing() -> None:
    pixels = made_picture(3)
    assert written(pixels, "jpeg", EncodeOptions(max_bytes=10**6)) == written(pixels, "jpeg")


@pytest.mark.parametrize("name", ["jpeg", "webp", "avif", "jxl"])
def test_max_bytes_out_of_reach_names_the_smallest(name: str) -> None:
    pixels = made_picture(3)
    with pytest.raises(CannotFitError) as caught:
        written(pixels, name, EncodeOptions(max_bytes=50))
    smallest = caught.value.fields["smallest"]
    assert smallest <= len(written(pixels, name, EncodeOptions(quality=1)))
    assert str(smallest) in caught.value.detail


@pytest.mark.parametrize(("name", "lossless"), [("png", False), ("tiff", False), ("gif", False), ("webp", True)])
def test_max_bytes_without_a_quality_says_why(name: str, lossless: bool) -> None:
    with pytest.raises(CannotFitError, match="no quality to lower"):
        written(made_picture(3), name, EncodeOptions(lossless=lossless, max_bytes=50))


def test_max_bytes_of_an_animation() -> None:
    frames = shift(made_picture(3), 3)
    most = len(encode(frames, "webp")) * 2 // 3
    fitted = encode(iter(frames), "webp", EncodeOptions(max_bytes=most))
    assert len(fitted) <= most
    assert len(read(fitted)) == 3


def test_larger_than_the_format_holds() -> None:
    with pytest.raises(SideTooLongError):
        written(np.zeros((1, 16384, 3), np.uint8), "webp")


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (3, 2)], ids=["1x1", "1x9", "9x1", "3x2"])
def test_small_pictures(name: str, size: tuple[int, int], pixels: Pixels) -> None:
    small = np.ascontiguousarray(pixels[: size[1], : size[0]])
    assert codecs.probe(written(small, name), LIMITS).size == Size(*size)


@pytest.mark.parametrize("name", WRITTEN)
def test_a_view_that_is_not_contiguous(name: str, pixels: Pixels) -> None:
    view = pixels[::2, ::-2]
    assert not view.flags.c_contiguous
    assert written(view, name) == written(np.ascontiguousarray(view), name)


@pytest.mark.parametrize("name", WRITTEN)
def test_pixels_are_not_written_into(name: str, pixels: Pixels) -> None:
    before = pixels.copy()
    pixels.setflags(write=False)
    written(pixels, name, EncodeOptions(quality=30))
    assert np.array_equal(pixels, before)


@pytest.mark.parametrize("name", WRITTEN)
def test_the_same_picture_gives_the_same_bytes(name: str) -> None:
    assert written(made_picture(4), name) == written(made_picture(4), name)


def test_a_deadline_that_is_over() -> None:
    with pytest.raises(DeadlineExceededError):
        encode([picture(made_picture(3))], "webp", deadline=Deadline(-1))
    with pytest.raises(DarkroomError):
        encode(shift(made_picture(3), 3), "apng", deadline=Deadline(-1))


def test_grey_of_a_jpeg_is_one_component() -> None:
    assert cv2.imdecode(np.frombuffer(written(made_picture(1), "jpeg"), np.uint8), cv2.IMREAD_UNCHANGED).ndim == 2


@pytest.mark.parametrize("upright", [False, True], ids=["wide", "high"])
@pytest.mark.parametrize("name", WRITTEN)
def test_the_longest_side_is_written_and_read(name: str, upright: bool) -> None:
    longest = min(FORMATS[name].side, 70_000)
    pixels = np.full((1, longest, 3), 100, np.uint8)
    file = written(np.ascontiguousarray(pixels.transpose(1, 0, 2)) if upright else pixels, name)
    limits = Limits(side=70_000)
    origin = codecs.probe(file, limits)
    assert origin.size == ((1, longest) if upright else (longest, 1))
    frame = next(codecs.decode(file, origin, limits=limits))
    assert frame.size == origin.size
    assert np.abs(frame.pixels.astype(int) - 100).max() <= 2


@pytest.mark.parametrize("name", [name for name in WRITTEN if FORMATS[name].side < 70_000])
def test_one_more_is_refused(name: str) -> None:
    with pytest.raises(SideTooLongError):
        written(np.zeros((1, FORMATS[name].side + 1, 3), np.uint8), name)


def test_sides_that_no_decoder_reads_are_named() -> None:
    """Of a JPEG whose header says so; the limit of libjpeg is below that of T.81."""
    file = bytearray(written(np.zeros((8, 8, 3), np.uint8), "jpeg"))
    place = file.index(b"\xff\xc0") + 5
    file[place : place + 4] = struct.pack(">HH", 1, 65501)
    limits = Limits(side=70_000)
    origin = codecs.probe(bytes(file), limits)
    with pytest.raises(NotAnImageError, match="more than 65500 pixels a side"):
        next(codecs.decode(bytes(file), origin, limits=limits))
