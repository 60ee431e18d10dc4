"""Scaling, beside Lanczos, exact means of areas and OpenCV's own kernels."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bench.peers.rows import ssim
from core.imaging.geometry import scale_geometry
from core.imaging.scaling import crisp
from core.picture import Size
from tests.conftest import made_picture

SIZE = Size(96, 64)

REDUCED = [((96, 64), (48, 32)), ((96, 64), (32, 16)), ((96, 64), (1, 1)), ((96, 64), (96, 8)), ((60, 45), (7, 45))]


def area_average(pixels: NDArray[np.uint8], target: Size) -> NDArray[np.float64]:
    """The exact mean over every target pixel's share of the source, by an integral and its interpolation."""
    result = pixels.astype(np.float64)
    for axis, side in ((0, target.height), (1, target.width)):
        sums = np.concatenate([np.zeros_like(result.take([0], axis)), result.cumsum(axis)], axis)
        length = result.shape[axis]
        edges = np.linspace(0, length, side + 1)
        low = np.minimum(edges.astype(int), length - 1)
        part = (edges - low).reshape([-1 if a == axis else 1 for a in range(3)])
        at_edges = sums.take(low, axis) * (1 - part) + sums.take(low + 1, axis) * part
        result = np.diff(at_edges, axis=axis) * side / length
    return result


@pytest.mark.parametrize(("source", "target"), REDUCED, ids=[f"{s} to {t}" for s, t in REDUCED])
def test_area_is_the_mean_of_areas(source: tuple[int, int], target: tuple[int, int]) -> None:
    pixels = made_picture(3, *source)
    result = scale_geometry(Size(*source), Size(*target), "area").apply(pixels)
    assert np.abs(result - area_average(pixels, Size(*target))).max() <= 1


@pytest.mark.parametrize("photo", ["kite.jpg", "ovms_zebra.jpeg"])
@pytest.mark.parametrize("ratio", [1.3, 1.6, 1.7, 2, 2.04, 2.4, 2.75, 3, 3.3, 4.1, 5.3, 6.5, 8.3, 11, 13.7, 40])
def test_photographs_shrink_as_their_true_means(data: Path, photo: str, ratio: float) -> None:
    pixels = cv2.imread(str(data / "images/photos" / photo))
    height, width, _ = pixels.shape
    target = Size(round(width / ratio), round(height / ratio))
    result = scale_geometry(Size(width, height), target, "area").apply(pixels)
    assert cv2.PSNR(result.astype(np.float64), area_average(pixels, target), 255) >= 50


def test_shrinking_in_one_axis_and_growing_in_the_other() -> None:
    stripes = np.zeros((20, 400, 3), np.uint8)
    stripes[:, ::2] = 255  # the finest stripes: any kernel but the area's makes moiré of them
    averaged = scale_geometry(Size(400, 20), Size(37, 60), "area").apply(stripes)
    assert averaged.shape == (60, 37, 3)
    assert np.abs(averaged.astype(int) - 127).max() <= 13  # 400 / 37 columns each: one stripe more or less
    crisp = scale_geometry(Size(400, 20), Size(37, 60)).apply(stripes)
    assert crisp.shape == (60, 37, 3)
    assert np.abs(crisp.astype(int) - 127).max() <= 2


@pytest.mark.parametrize("photo", ["kite.jpg", "ovms_zebra.jpeg"])
@pytest.mark.parametrize("ratio", [1.1, 1.3, 1.6, 2, 2.04, 2.75, 3.3, 3.9, 4.1, 5.3, 8.3, 13.7])
def test_photographs_shrink_nearly_as_by_lanczos(data: Path, photo: str, ratio: float) -> None:
    pixels = cv2.imread(str(data / "images/photos" / photo))
    height, width, _ = pixels.shape
    target = Size(round(width / ratio), round(height / ratio))
    best = np.asarray(Image.fromarray(pixels).resize(target, Image.Resampling.LANCZOS))
    found, averaged = (
        ssim(best, scale_geometry(Size(width, height), target, kernel).apply(pixels)) for kernel in ("auto", "area")
    )
    assert found >= 0.985
    assert found > averaged


def test_transparent_pixels_lend_no_colour() -> None:
    pixels = np.zeros((90, 90, 4), np.uint8)
    pixels[:, :, 2], pixels[20:70, 20:70] = 255, (0, 255, 0, 255)  # green on invisible red
    result = scale_geometry(Size(90, 90), Size(31, 31)).apply(pixels)
    seen = result[result[:, :, 3] > 0]
    assert seen[:, 2].max() == 0


@pytest.mark.parametrize("kernel", ["auto", "linear", "cubic", "lanczos"])
def test_no_kernel_aliases(kernel: str) -> None:
    stripes = np.zeros((400, 400, 1), np.uint8)
    stripes[:, ::2] = 255
    result = scale_geometry(Size(400, 400), Size(30, 30), kernel).apply(stripes)
    assert np.abs(result.astype(int) - 127).max() <= 20


def test_enlarging_is_cubic_and_nearest_copies(pixels: NDArray[np.uint8]) -> None:
    if pixels.shape[2] < 4:
        expected = cv2.resize(pixels, (200, 100), interpolation=cv2.INTER_CUBIC).reshape(100, 200, -1)
        assert np.array_equal(scale_geometry(SIZE, Size(200, 100)).apply(pixels), expected)
    doubled = scale_geometry(SIZE, Size(192, 192), "nearest").apply(pixels)
    assert np.array_equal(doubled, pixels.repeat(3, axis=0).repeat(2, axis=1))


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("ratio", [2.05, 2.4])
def test_a_tall_picture_is_softened_as_if_at_once(kind: type[np.generic], channels: int, ratio: float) -> None:
    """By parts of rows, whose edges must not show."""
    pixels = np.random.default_rng(5).integers(0, 255, (9001, 164, channels)).astype(kind)
    target = Size(round(164 / ratio), round(9001 / ratio))
    middle = Size(164, 9001) if ratio < 2.12 else Size(2 * target.width, 2 * target.height)
    before = pixels if middle == (164, 9001) else cv2.resize(pixels, middle, interpolation=cv2.INTER_LINEAR)
    soft = cv2.GaussianBlur(before, (3, 3), 0, borderType=cv2.BORDER_REPLICATE)
    last = cv2.INTER_LINEAR if ratio < 2.12 else cv2.INTER_AREA
    line = np.array([-0.1, 1.2, -0.1] if ratio < 2.12 else [-0.17, 1.34, -0.17], np.float32)
    small = cv2.resize(soft, target, interpolation=last)
    expected = cv2.sepFilter2D(small, -1, line, line, borderType=cv2.BORDER_REPLICATE)
    assert np.array_equal(crisp(pixels, target), expected.reshape(target.height, target.width, channels))
