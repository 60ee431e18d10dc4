"""Fewer values: beside Pillow, scikit-image and what dithering promises."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps
from skimage.color import deltaE_cie76, rgb2lab
from skimage.filters import threshold_local, threshold_otsu

from tests.conftest import made_picture
from tests.core.filters.support import apply

GREY = made_picture(1)
BGR = made_picture(3)
RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)


@pytest.mark.parametrize("bits", range(1, 7))
def test_posterize_has_pillows_steps(bits: int) -> None:
    steps = (np.asarray(ImageOps.posterize(Image.fromarray(BGR), bits)) >> (8 - bits)).astype(float)
    assert np.array_equal(apply(f"posterize:{2**bits}", BGR), np.rint(steps * 255 / (2**bits - 1)))


@pytest.mark.parametrize("threshold", [0, 1, 100, 128, 256])
def test_solarize_equals_pillow(threshold: int) -> None:
    expected = np.asarray(ImageOps.solarize(Image.fromarray(BGR), threshold))
    assert np.array_equal(apply(f"solarize:{threshold}", BGR), expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("threshold:100", GREY > 100),
        ("threshold:255", GREY > 255),
        ("threshold:method=otsu", threshold_otsu(GREY) < GREY),
        ("threshold:method=adaptive,block=15,offset=4", threshold_local(GREY[:, :, 0], 15, "mean")[:, :, None] - 4),
    ],
    ids=["fixed", "all black", "otsu", "adaptive"],
)
def test_threshold(text: str, expected: NDArray[np.generic]) -> None:
    result = apply(text, GREY)
    assert set(np.unique(result)) <= {0, 255}
    if expected.dtype == bool:
        assert np.array_equal(result > 0, expected)
        return
    clear = np.abs(GREY - expected) > 1
    clear[:8] = clear[-8:] = clear[:, :8] = clear[:, -8:] = False  # the borders are continued differently
    assert np.array_equal((result > 0)[clear], (expected < GREY)[clear])


def test_threshold_of_colour_is_that_of_its_luma() -> None:
    assert np.array_equal(apply("threshold:90", BGR), apply("grayscale/threshold:90", BGR))


@pytest.mark.parametrize("levels", [2, 3, 4, 16])
@pytest.mark.parametrize("pattern", ["bayer", "blue"])
def test_dither_keeps_the_mean_of_every_grey(levels: int, pattern: str) -> None:
    for value in (0, 31, 100, 128, 200, 255):
        result = apply(f"dither:{levels},{pattern}", np.full((64, 64, 1), value, np.uint8))
        assert len(np.unique(result)) <= 2
        assert result.mean() == pytest.approx(value, abs=255 / 64 / 2 + 0.6)
        assert np.isin(result, np.rint(np.arange(levels) * 255 / (levels - 1))).all()


def test_dither_looks_like_the_picture_from_afar() -> None:
    soft = [cv2.GaussianBlur(part, (0, 0), 4) for part in (apply("dither:2,blue", GREY), GREY)]
    assert np.abs(soft[0].astype(int) - soft[1]).mean() < 6


def test_dither_does_not_depend_on_where_stripes_begin() -> None:
    tall = np.full((5000, 300, 3), 77, np.uint8)
    result = apply("dither:2", tall)
    assert np.array_equal(result[:8], result[4992:])


@pytest.mark.parametrize("colors", [2, 3, 8, 64, 256])
@pytest.mark.parametrize("channels", [1, 3])
def test_quantize_leaves_at_most_so_many_colours(colors: int, channels: int) -> None:
    picture = made_picture(channels)
    result = apply(f"quantize:{colors}", picture)
    assert result.shape == picture.shape
    assert len(np.unique(result.reshape(-1, channels), axis=0)) <= colors


def test_quantize_is_no_worse_than_median_cut() -> None:
    image = Image.fromarray(np.ascontiguousarray(BGR[:, :, ::-1]))
    theirs = np.asarray(image.quantize(8, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).convert("RGB"))
    lab = rgb2lab(BGR[:, :, ::-1])
    errors = [deltaE_cie76(rgb2lab(part), lab).mean() for part in (apply("quantize:8", BGR)[:, :, ::-1], theirs)]
    assert errors[0] <= errors[1]


def test_quantize_leaves_a_drawing_of_few_colours_alone() -> None:
    colors = np.array([(0, 0, 0), (255, 255, 255), (20, 40, 250), (60, 200, 90), (200, 30, 30)], np.uint8)
    drawing = colors[np.random.default_rng(5).integers(0, 5, (40, 60))]
    assert np.array_equal(apply("quantize:5", drawing), drawing)
    assert np.array_equal(apply("quantize:12", drawing), drawing)
