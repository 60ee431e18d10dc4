"""Sharpening against SciPy, scikit-image, and the blurs that it undoes."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import unsharp_mask

from tests.conftest import made_picture
from tests.core.filters.support import apply


@pytest.mark.parametrize("amount", [0, 50, 100, 500])
@pytest.mark.parametrize("channels", [1, 3], ids=["grey", "bgr"])
def test_sharpen_as_scipy(amount: int, channels: int) -> None:
    pixels = made_picture(channels)
    part = amount / 100
    kernel = np.array([[0, -part, 0], [-part, 1 + 4 * part, -part], [0, -part, 0]])[:, :, None]
    expected = np.clip(ndimage.convolve(pixels.astype(np.float64), kernel, mode="mirror"), 0, 255)
    assert np.abs(apply(f"sharpen:{amount}", pixels) - expected).max() <= 0.51


@pytest.mark.parametrize(("radius", "amount"), [(2, 100), (0.8, 250), (6, 50), (12, 80)], ids=str)
@pytest.mark.parametrize("channels", [1, 3], ids=["grey", "bgr"])
def test_unsharp_as_scikit_image(radius: float, amount: float, channels: int) -> None:
    pixels = made_picture(channels)
    options = {"radius": radius, "amount": amount / 100, "channel_axis": 2, "preserve_range": True}
    expected = np.clip(unsharp_mask(pixels.astype(np.float64), **options), 0, 255)
    difference = np.abs(apply(f"unsharp:{radius},{amount}", pixels) - expected)
    assert difference.max() <= 1 + 1.5 * amount / 100
    assert difference.mean() <= 0.8


def test_unsharp_leaves_small_differences() -> None:
    pixels = made_picture(3)
    blurred = ndimage.gaussian_filter(pixels.astype(np.float64), (2, 2, 0), mode="reflect")
    changed = apply("unsharp:2,200,20", pixels) != pixels
    difference = np.abs(pixels - blurred)
    assert not changed[difference < 19].any()
    assert changed[(difference > 22) & (pixels > 0) & (pixels < 255)].all()


def psnr(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    return float(10 * np.log10(255**2 / np.mean((one.astype(float) - other) ** 2)))


def photo() -> NDArray[np.uint8]:
    """Round patches, some of them hard, as a lens would see them."""
    canvas = np.full((160, 200, 3), 90, np.uint8)
    for index, (x, y) in enumerate(np.random.default_rng(5).integers(10, 150, (24, 2))):
        cv2.circle(
            canvas, (int(x) + 20, int(y)), 4 + index % 9, [(index * 37) % 256, 230 - index * 6, 40 + index * 8], -1
        )
    return canvas


BLURS = [
    ("blur:17,2", "deblur:2,noise=0.1", 3.0),
    ("blur:9,1", "deblur:1,noise=0.1", 3.0),
    ("motion_blur:11", "deblur:kind=motion,length=11,noise=0.2", 3.0),
    ("motion_blur:11,40", "deblur:kind=motion,length=11,angle=40", 3.0),
]


@pytest.mark.parametrize(("blur", "undo", "gain"), BLURS, ids=[undo for _, undo, _ in BLURS])
def test_deblur_undoes_its_blur(blur: str, undo: str, gain: float) -> None:
    sharp = photo()
    blurred = apply(blur, sharp)
    assert psnr(apply(undo, blurred), sharp) >= psnr(blurred, sharp) + gain


def test_deblur_along_the_wrong_way_makes_it_worse() -> None:
    sharp = photo()
    blurred = apply("motion_blur:11,40", sharp)
    assert psnr(apply("deblur:kind=motion,length=11,angle=-40,noise=0.2", blurred), sharp) < psnr(blurred, sharp)


@pytest.mark.parametrize("text", ["deblur", "deblur:20", "deblur:kind=motion,angle=70", "unsharp", "sharpen:500"])
def test_flat_stays_flat(text: str) -> None:
    flat = np.full((40, 60, 3), (3, 120, 251), np.uint8)
    assert np.array_equal(apply(text, flat), flat)
