"""Morphology against SciPy and scikit-image."""

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import euler_number, label
from skimage.morphology import thin

from tests.conftest import made_picture
from tests.core.filters.support import apply

BRUSHES = {
    "rect": lambda side: np.ones((side, side), bool),
    "cross": lambda side: np.add.outer(*[np.arange(side) == side // 2] * 2),
    "ellipse": lambda side: cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)).astype(bool),
}


def erosion(plane: Any, brush: Any) -> Any:
    return ndimage.grey_erosion(plane, footprint=brush, mode="constant", cval=255)


def dilation(plane: Any, brush: Any) -> Any:
    return ndimage.grey_dilation(plane, footprint=brush, mode="constant", cval=0)


REFERENCES = {
    "erode": erosion,
    "dilate": dilation,
    "open": lambda plane, brush: dilation(erosion(plane, brush), brush),
    "close": lambda plane, brush: erosion(dilation(plane, brush), brush),
}


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize("brush", ["3", "5,ellipse", "7,cross", "1"])
@pytest.mark.parametrize("channels", [1, 3], ids=["grey", "bgr"])
def test_as_scipy(name: str, brush: str, channels: int) -> None:
    pixels = made_picture(channels)
    side, _, form = brush.partition(",")
    shape = BRUSHES[form or "rect"](int(side))
    expected = np.dstack([REFERENCES[name](pixels[:, :, channel], shape) for channel in range(channels)])
    assert np.array_equal(apply(f"{name}:{brush}", pixels), expected)


@pytest.mark.parametrize(("text", "same"), [("erode:3,times=3", "erode:7"), ("dilate:5,times=2", "dilate:9")])
def test_times(text: str, same: str) -> None:
    pixels = made_picture(3)
    assert np.array_equal(apply(text, pixels), apply(same, pixels))


def test_transparent_pixels_have_no_colour_to_grow() -> None:
    pixels = np.zeros((20, 20, 4), np.uint8)
    pixels[:, :, :3] = (0, 255, 0)
    pixels[8:12, 8:12] = (10, 20, 200, 255)
    grown = apply("dilate:3", pixels)
    assert np.array_equal(np.unique(grown[grown[:, :, 3] == 255], axis=0), [[10, 20, 200, 255]])
    assert (grown[:, :, 3] == 255).sum() == 36


def shapes(sigma: float, size: tuple[int, int] = (90, 140)) -> NDArray[np.uint8]:
    noise = np.random.default_rng(4).integers(0, 256, size, np.uint8).astype(np.float64)
    soft = ndimage.gaussian_filter(noise, sigma)
    return np.where(soft > np.median(soft), 220, 30).astype(np.uint8)[:, :, None]


@pytest.mark.parametrize("sigma", [0.3, 1, 3, 10], ids=lambda sigma: f"blobs of {sigma}")
@pytest.mark.parametrize("channels", [1, 3, 4], ids=["grey", "bgr", "bgra"])
def test_skeleton_as_scikit_image(sigma: float, channels: int) -> None:
    pixels = shapes(sigma) if channels == 1 else np.dstack([shapes(sigma)] * channels)
    skeleton = apply("skeleton", pixels)
    assert np.array_equal(skeleton[:, :, 0] > 0, thin(pixels[:, :, 0] > 127))
    assert set(np.unique(skeleton[:, :, 0])) == {0, 255}


@pytest.mark.parametrize("size", [(1, 1), (3, 63), (40, 64), (40, 65), (65, 128), (130, 7)])
def test_skeleton_of_any_width(size: tuple[int, int]) -> None:
    for pixels in (shapes(1.5, size), np.full((*size, 1), 220, np.uint8)):
        assert np.array_equal(apply("skeleton:127", pixels)[:, :, 0] > 0, thin(pixels[:, :, 0] > 127))


def test_a_large_shape_is_thinned_in_many_passes() -> None:
    pixels = np.zeros((400, 500, 1), np.uint8)
    cv2.circle(pixels, (230, 200), 150, 255, -1)
    cv2.rectangle(pixels, (100, 190), (490, 215), 255, -1)
    cv2.circle(pixels, (300, 200), 8, 0, -1)
    skeleton = apply("skeleton", pixels)[:, :, 0] > 0
    assert np.array_equal(skeleton, thin(pixels[:, :, 0] > 0))
    assert label(skeleton, connectivity=2).max() == 1
    assert euler_number(skeleton, connectivity=2) == 0


@pytest.mark.parametrize(("text", "count"), [("skeleton:100", 30), ("skeleton:149", 30), ("skeleton:150", 0)])
def test_level(text: str, count: int) -> None:
    pixels = np.zeros((40, 60, 1), np.uint8)
    pixels[20, 15:45] = 150
    assert np.count_nonzero(apply(text, pixels)) == count


def test_invert_takes_dark_shapes() -> None:
    pixels = shapes(3)
    assert np.array_equal(apply("skeleton:invert=true", pixels), apply("skeleton", 255 - pixels))
