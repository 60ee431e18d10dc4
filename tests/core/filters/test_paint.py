"""Painting: beside brute force, OpenCV and properties."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conftest import made_picture
from tests.core.filters.support import apply

GREY = made_picture(1)
BGR = made_picture(3)


def oil_by_hand(pixels: NDArray[np.uint8], radius: int, levels: int) -> NDArray[np.float64]:
    luma = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
    around = cv2.copyMakeBorder(pixels, *[radius] * 4, cv2.BORDER_REFLECT_101).astype(float)
    steps = cv2.copyMakeBorder(luma, *[radius] * 4, cv2.BORDER_REFLECT_101).astype(int) * levels // 256
    result = np.empty(pixels.shape)
    for y, x in np.ndindex(luma.shape):
        window = (slice(y, y + 2 * radius + 1), slice(x, x + 2 * radius + 1))
        level = np.bincount(steps[window].ravel(), minlength=levels).argmax()
        result[y, x] = around[window][steps[window] == level].mean(axis=0)
    return result


@pytest.mark.parametrize(("radius", "levels"), [(1, 4), (3, 8), (5, 20)])
def test_oil_is_the_mean_of_the_most_frequent_step(radius: int, levels: int) -> None:
    part = np.ascontiguousarray(BGR[8:40, 10:50])
    assert np.abs(apply(f"oil:{radius},{levels}", part) - oil_by_hand(part, radius, levels)).max() <= 0.51


def test_oil_does_not_depend_on_where_stripes_begin() -> None:
    tall = np.tile(np.ascontiguousarray(BGR[:, :50]), (40, 8, 1))
    result = apply("oil:3,8", tall)
    assert np.array_equal(result[64:128], result[64 * 30 : 64 * 31])


def test_oil_of_hidden_colours() -> None:
    pixels = np.zeros((16, 16, 4), np.uint8)
    pixels[:, :8] = (0, 0, 255, 0)
    pixels[:, 8:] = (255, 0, 0, 255)
    visible = apply("oil", pixels)
    assert visible[visible[:, :, 3] > 0][:, 2].max() == 0


def test_cartoon_is_flat_with_dark_lines() -> None:
    result = apply("cartoon:colors=6", BGR)
    shades = np.rint(np.arange(6) * 255 / 5)
    assert np.isin(result, shades).all()
    edge = result[16:32, 22:27].astype(int)  # the left side of the red square
    assert (edge.sum(axis=2) == 0).any()


def test_sketch_is_white_where_nothing_happens() -> None:
    assert (apply("sketch", np.full((40, 40, 3), 90, np.uint8)) == 255).all()
    step = np.full((40, 40, 3), 200, np.uint8)
    step[:, :20] = 60
    drawn = apply("sketch:3", step)
    assert drawn.shape[2] == 1
    assert (drawn[:, 19] < 160).all()
    assert (drawn[:, :5] > 250).all()


def test_sketch_is_the_colour_dodge_of_the_blurred_negative() -> None:
    luma = GREY[:, :, 0].astype(float)
    negative = 255 - cv2.GaussianBlur(GREY[:, :, 0], (0, 0), 8).astype(float)
    expected = np.minimum(255, luma * 255 / np.maximum(255 - negative, 1))
    assert np.abs(apply("sketch:8", GREY)[:, :, 0] - expected).max() <= 1


@pytest.mark.parametrize("text", ["stylize", "stylize:20,0.2"])
def test_stylize_equals_opencv(text: str) -> None:
    reach, contrast = (60, 0.45) if text == "stylize" else (20, 0.2)
    large = made_picture(3, 160, 100)
    assert np.array_equal(apply(text, large), cv2.stylization(large, sigma_s=reach, sigma_r=contrast))
    assert apply(text, GREY).shape == GREY.shape
