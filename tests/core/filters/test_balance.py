"""Filters that read the histogram, beside Pillow, scikit-image and plain statistics."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps
from skimage.exposure import equalize_hist

from tests.conftest import made_picture
from tests.core.filters.support import apply

GREY = made_picture(1)
DULL = (made_picture(3) // 3 + 60).astype(np.uint8)


def luma(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    return pixels.astype(float) @ (0.114, 0.587, 0.299)


@pytest.mark.parametrize("cutoff", [0, 1, 5, 20])
def test_autocontrast_equals_pillow(cutoff: int) -> None:
    image = Image.fromarray(np.ascontiguousarray(DULL[:, :, ::-1]))
    for by, keep in (("channel", False), ("luma", True)):
        expected = np.asarray(ImageOps.autocontrast(image, cutoff, preserve_tone=keep))[:, :, ::-1]
        result = apply(f"autocontrast:{cutoff},by={by}", DULL)
        assert np.abs(result.astype(int) - expected).max() <= 2


@pytest.mark.parametrize("text", ["autocontrast", "equalize", "white_balance", "white_balance:white_patch", "clahe"])
def test_flat_pictures_are_no_division_by_zero(text: str) -> None:
    for value in (0, 90, 255):
        for channels in (1, 3):
            assert len(np.unique(apply(text, np.full((9, 9, channels), value, np.uint8)))) == 1


def test_equalize_equals_scikit_image_on_grey() -> None:
    expected = equalize_hist(GREY[:, :, 0]) * 255
    assert np.abs(apply("equalize", GREY)[:, :, 0] - expected).mean() < 3


@pytest.mark.parametrize(
    ("text", "reference"),
    [("equalize", cv2.equalizeHist), ("clahe:3,4", cv2.createCLAHE(3, (4, 4)).apply)],
    ids=["equalize", "clahe"],
)
def test_colour_is_moved_by_its_luma(text: str, reference: object) -> None:
    ycc = cv2.cvtColor(DULL, cv2.COLOR_BGR2YCrCb)
    ycc[:, :, 0] = reference(np.ascontiguousarray(ycc[:, :, 0]))  # type: ignore[operator]
    expected = cv2.cvtColor(ycc, cv2.COLOR_YCrCb2BGR)
    difference = np.abs(apply(text, DULL).astype(int) - expected)
    assert np.percentile(difference, 99) <= 1, "but for a luma that OpenCV rounds otherwise in its two conversions"


def test_clahe_raises_local_contrast() -> None:
    assert np.std(apply("clahe:4", DULL // 2)) > np.std(DULL // 2)


def test_gray_world_makes_the_means_equal() -> None:
    cast = (DULL * (0.6, 0.8, 1.0)).astype(np.uint8)
    means = apply("white_balance", cast).mean(axis=(0, 1))
    assert means.max() - means.min() < 1
    assert means.mean() == pytest.approx(cast.mean(), abs=1)


@pytest.mark.parametrize("percentile", [90, 99, 100])
def test_white_patch_makes_the_percentile_white(percentile: int) -> None:
    cast = (DULL * (0.6, 0.8, 1.0)).astype(np.uint8)
    result = apply(f"white_balance:white_patch,{percentile}", cast)
    assert np.percentile(result, percentile, axis=(0, 1), method="inverted_cdf").tolist() == [255, 255, 255]


def test_white_balance_leaves_grey_and_balanced_alone() -> None:
    assert np.array_equal(apply("white_balance", GREY), GREY)
    same = np.repeat(GREY, 3, axis=2)
    assert np.array_equal(apply("white_balance", same), same)
