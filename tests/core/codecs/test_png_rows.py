"""What is written is read back by others, pixel by pixel, and small where it can be."""

import io
import struct
from itertools import pairwise

import cv2
import numpy as np
import pytest
from PIL import Image

from core import codecs
from core.codecs import EncodeOptions, png_samples
from core.picture import Pixels
from tests.conftest import made_picture
from tests.core.codecs.support import picture, rgba, shown, written
from tests.costs import yardsticks

SIZES = [(1, 1), (1, 9), (9, 1), (7, 5), (33, 129), (96, 64), (500, 300), (30, 1400)]


def _of_colours(count: int, width: int, height: int, *, alpha: bool) -> Pixels:
    random = np.random.default_rng(count)
    table = random.choice(2**24, count, replace=False).astype("<u4")
    levels = np.resize(np.array([255, 128, 255, 7], np.uint32), count) if alpha else np.uint32(255)
    table |= levels << np.uint32(24)
    if alpha:
        table[0] = 0
    places = random.integers(0, count, (height, width))
    places.ravel()[:count] = np.arange(count)[: places.size]
    pixels = table[places].view(np.uint8).reshape(height, width, 4)
    return np.ascontiguousarray(pixels if alpha else pixels[:, :, :3])


def _theirs(file: bytes) -> tuple[str, Pixels]:
    with Image.open(io.BytesIO(file)) as image:
        return image.mode, np.asarray(image.convert("RGBA"))


@pytest.mark.parametrize("effort", [None, 0, 5, 10])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_others_read_every_pixel(size: tuple[int, int], channels: int, effort: int | None) -> None:
    pixels = made_picture(channels, *size)
    file = written(pixels, "png", EncodeOptions(effort=effort))
    assert np.array_equal(_theirs(file)[1], shown(pixels))
    opencv = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED)
    opencv = opencv[:, :, None] if opencv.ndim == 2 else opencv
    assert np.array_equal(shown(opencv), shown(pixels))


@pytest.mark.parametrize("alpha", [False, True], ids=["opaque", "alpha"])
@pytest.mark.parametrize(("count", "depth"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 4), (16, 4), (17, 8), (256, 8)])
@pytest.mark.parametrize("width", [32, 33, 37])
def test_few_colours_have_a_palette(count: int, depth: int, width: int, *, alpha: bool) -> None:
    pixels = _of_colours(count, width, 40, alpha=alpha)
    file = written(pixels, "png")
    assert struct.unpack_from(">BB", file, 24) == (depth, 3)
    assert np.array_equal(_theirs(file)[1], shown(pixels))
    assert len(file) <= len(written(made_picture(3, width, 40), "png"))


@pytest.mark.parametrize("alpha", [False, True], ids=["opaque", "alpha"])
def test_one_colour_too_many(*, alpha: bool) -> None:
    pixels = _of_colours(257, 40, 40, alpha=alpha)
    file = written(pixels, "png")
    assert file[25] == (6 if alpha else 2)
    assert np.array_equal(_theirs(file)[1], shown(pixels))


def test_a_rare_colour_among_many_pixels_is_not_lost() -> None:
    pixels = np.zeros((900, 900, 3), np.uint8)
    pixels[123, 457], pixels[899, 899] = (1, 2, 3), (9, 8, 7)
    assert np.array_equal(_theirs(written(pixels, "png"))[1], rgba(pixels))


def test_palettes_of_random_colours_are_found_whatever_the_keys() -> None:
    """256 colours hardly ever have 256 different keys at the first try."""
    for seed in range(40):
        random = np.random.default_rng(seed)
        table = random.choice(2**24, 256, replace=False).astype("<u4")
        pixels = np.ascontiguousarray(table.view(np.uint8).reshape(16, 16, 4)[:, :, :3])
        data = png_samples.smallest(pixels)
        assert (data.kind, len(data.palette)) == (3, 768)


def test_a_drawing_is_far_smaller_than_its_samples() -> None:
    pixels = np.full((400, 600, 3), 250, np.uint8)
    cv2.putText(pixels, "Darkroom", (20, 200), cv2.FONT_HERSHEY_SIMPLEX, 3, (40, 40, 40), 4, cv2.LINE_8)
    assert len(written(pixels, "png")) < 0.5 * len(cv2.imencode(".png", pixels)[1])


def test_more_effort_never_makes_a_photograph_larger_by_much() -> None:
    sizes = [len(written(made_picture(3, 300, 200), "png", EncodeOptions(effort=effort))) for effort in range(11)]
    assert all(later <= 1.01 * earlier for earlier, later in pairwise(sizes))


def test_frames_of_an_animation_have_no_palette() -> None:
    frames = [picture(_of_colours(4, 20, 20, alpha=False), duration=40), picture(made_picture(3, 20, 20), duration=40)]
    file = codecs.encode(frames, "apng", EncodeOptions())
    assert file[25] == 2
    assert b"PLTE" not in file


def test_it_takes_less_than_opencv() -> None:
    pixels = made_picture(3, 900, 600)

    def ours() -> None:
        written(pixels, "png")

    def theirs() -> None:
        cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 4])

    assert yardsticks(ours) < 0.8 * yardsticks(theirs)


@pytest.mark.parametrize("size", [(1024, 1024), (1280, 960)], ids=str)
def test_a_ramp_whose_rows_are_alike_is_no_larger_than_by_zlib(size: tuple[int, int]) -> None:
    """Its first row has none above it to differ from, and is most of the file."""
    across = np.linspace(0, 255, size[0]).astype(np.uint8)
    pixels = np.ascontiguousarray(np.tile(np.stack([across, 255 - across, across // 2], axis=1), (size[1], 1, 1)))
    file = written(pixels, "png")
    assert np.array_equal(_theirs(file)[1], shown(pixels))
    assert len(file) <= len(cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 4])[1])
