"""Patterns and lights: beside plain means, SciPy, and what each promises."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import convolve

from core.picture import Origin, Size
from tests.conftest import made_picture
from tests.core.filters.support import apply, run

GREY = made_picture(1)
BGR = made_picture(3)


def block_means(pixels: NDArray[np.uint8], size: int) -> NDArray[np.float64]:
    result = np.empty(pixels.shape)
    for top in range(0, pixels.shape[0], size):
        for left in range(0, pixels.shape[1], size):
            block = pixels[top : top + size, left : left + size]
            result[top : top + size, left : left + size] = block.mean(axis=(0, 1))
    return result


@pytest.mark.parametrize("size", [1, 2, 3, 7, 10, 64, 95, 96, 500])
@pytest.mark.parametrize("channels", [1, 3])
def test_pixelate_is_the_mean_of_each_block(size: int, channels: int) -> None:
    pixels = made_picture(channels)
    assert np.abs(apply(f"pixelate:{size}", pixels) - block_means(pixels, size)).max() <= 0.5 + 1e-6


def test_pixelate_does_not_bleed_hidden_colours() -> None:
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[:, :4] = (0, 0, 255, 0)  # invisible red
    pixels[:, 4:] = (255, 0, 0, 255)
    assert apply("pixelate:8", pixels)[0, 0, :3].tolist() == [255, 0, 0]


@pytest.mark.parametrize(
    ("angle", "kernel"),
    [
        (315, [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]),
        (135, [[2, 1, 0], [1, 1, -1], [0, -1, -2]]),
        (0, np.sqrt(2) * np.array([[-1, -1, -1], [0, 0.70710678, 0], [1, 1, 1]])),
    ],
)
def test_emboss_equals_scipys_convolution(angle: int, kernel: list[list[float]]) -> None:
    expected = convolve(GREY[:, :, 0].astype(float), np.array(kernel)[::-1, ::-1], mode="mirror")
    assert np.abs(apply(f"emboss:angle={angle}", GREY)[:, :, 0] - np.clip(expected, 0, 255)).max() <= 1


def test_emboss_lights_the_side_towards_the_light() -> None:
    square = np.full((20, 20, 1), 60, np.uint8)
    square[6:14, 6:14] = 120
    result = apply("emboss:angle=270", square)[:, :, 0]
    assert result[10, 6] > 120
    assert result[10, 14] < 60


def test_vignette_darkens_from_the_middle_to_the_corner() -> None:
    white = np.full((41, 61, 3), 200, np.uint8)
    result = apply("vignette:80,20", white)[:, :, 1].astype(int)
    assert result[20, 30] == 200
    assert result[0, 0] == pytest.approx(200 * 0.2, abs=5)
    assert (np.diff(result[20, 30:]) <= 0).all()
    assert np.array_equal(result, result[::-1])
    assert np.array_equal(result, result[:, ::-1])
    assert np.array_equal(apply("vignette:0", BGR), BGR)


def test_vignette_does_not_depend_on_where_stripes_begin() -> None:
    tall = np.full((5000, 300, 1), 200, np.uint8)
    result = apply("vignette", tall)
    assert np.array_equal(result, result[::-1])
    assert np.abs(np.diff(result[:, 150, 0].astype(int))).max() <= 1


@pytest.mark.parametrize("amount", [2, 10, 30])
def test_grain_has_the_deviation_it_is_told(amount: int) -> None:
    flat = np.full((300, 300, 3), 128, np.uint8)
    noise = apply(f"grain:{amount}", flat).astype(float) - 128
    assert noise.std() == pytest.approx(amount, rel=0.03)
    assert abs(noise.mean()) < 0.1 * amount
    assert np.array_equal(noise[:, :, 0], noise[:, :, 2])
    colored = apply(f"grain:{amount},color=true", flat).astype(float) - 128
    assert abs(np.corrcoef(colored[:, :, 0].ravel(), colored[:, :, 2].ravel())[0, 1]) < 0.02


def test_grain_by_seed_and_frame() -> None:
    def of(text: str, frame: int) -> NDArray[np.uint8]:
        return run(text, BGR, origin=Origin(format="gif", size=Size(96, 64), frame=frame)).pixels

    first = of("grain:10", 0)
    assert np.array_equal(first, of("grain:10", 0))
    assert not np.array_equal(first, of("grain:10,1", 0))
    assert not np.array_equal(first, of("grain:10", 1))
    assert np.array_equal(of("grain:0", 0), BGR)


@pytest.mark.parametrize(("size", "angle"), [(3, 20), (5.5, 20), (5.5, 45), (8, 0), (8, 20), (8, 45), (16, 45)])
def test_halftone_keeps_the_brightness(size: float, angle: int) -> None:
    for value in (0, 40, 128, 210, 255):
        result = apply(f"halftone:{size},{angle}", np.full((240, 240, 1), value, np.uint8))
        assert result.mean() == pytest.approx(value, abs=6 if 0 < value < 255 else 0.1)


def test_halftone_repeats_with_its_distance() -> None:
    result = apply("halftone:8,0", np.full((64, 64, 1), 128, np.uint8))
    assert np.abs(result[:56].astype(int) - result[8:]).mean() < 4, "but for the waves' rounding at a dot's edge"
    assert np.abs(result[:, :56].astype(int) - result[:, 8:]).mean() < 4
    assert result.min() == 0
    assert result.max() == 255


def test_halftone_in_colour_has_a_screen_for_each_ink() -> None:
    result = apply("halftone:6,color=true", np.full((60, 60, 3), 128, np.uint8))
    assert result.shape[2] == 3
    assert not np.array_equal(result[:, :, 0], result[:, :, 1])
    assert apply("halftone:6", BGR).shape[2] == 1
    soft = cv2.GaussianBlur(apply("halftone:4,color=true", BGR), (0, 0), 4).astype(int)
    assert np.abs(soft - cv2.GaussianBlur(BGR, (0, 0), 4)).mean() < 8
