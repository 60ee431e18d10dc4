"""Edges against SciPy's derivatives, NumPy's arithmetic and OpenCV's own lists of contours."""

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from tests.core.filters.support import apply

Floats = NDArray[np.float64]


def luma(pixels: NDArray[np.uint8]) -> Floats:
    """Rec. 601, rounded as 8-bit grey is."""
    if pixels.shape[2] == 1:
        return pixels[:, :, 0].astype(np.float64)
    return np.rint(pixels[:, :, :3].astype(np.float64) @ [0.114, 0.587, 0.299])


def separable(plane: Floats, smooth: list[float], slope: list[float], axis: str) -> Floats:
    """A derivative along an axis: `slope` along it, `smooth` across."""
    across, down = (slope, smooth) if axis == "x" else (smooth, slope)
    return ndimage.correlate1d(ndimage.correlate1d(plane, across, axis=1, mode="mirror"), down, axis=0, mode="mirror")


def derivative(smooth: list[float], slope: list[float], axis: str, scale: float = 1) -> Any:
    def reference(plane: Floats) -> Floats:
        ways = ["x", "y"] if axis == "both" else [axis]
        return scale * np.sqrt(sum(separable(plane, smooth, slope, way) ** 2 for way in ways))

    return reference


SOBEL_3, SOBEL_5, SCHARR = ([1, 2, 1], [-1, 0, 1]), ([1, 4, 6, 4, 1], [-1, -2, 0, 2, 1]), ([3, 10, 3], [-1, 0, 1])
LAPLACE_3 = np.array([[2, 0, 2], [0, -8, 0], [2, 0, 2]])
DERIVATIVES = [
    ("gradient", derivative(*SOBEL_3, "both")),
    ("gradient:x", derivative(*SOBEL_3, "x")),
    ("gradient:y", derivative(*SOBEL_3, "y")),
    ("sobel", derivative(*SOBEL_3, "both")),
    ("sobel:x,5,0.1", derivative(*SOBEL_5, "x", 0.1)),
    ("sobel:both,5,0.1", derivative(*SOBEL_5, "both", 0.1)),
    ("sobel:y,1", derivative([0, 1, 0], [-1, 0, 1], "y")),
    ("scharr", derivative(*SCHARR, "both")),
    ("scharr:x,0.25", derivative(*SCHARR, "x", 0.25)),
    ("laplacian", lambda plane: ndimage.correlate(plane, LAPLACE_3, mode="mirror")),
    ("laplacian:1,2", lambda plane: 2 * ndimage.laplace(plane, mode="mirror")),
]


@pytest.mark.parametrize(("text", "reference"), DERIVATIVES, ids=[text for text, _ in DERIVATIVES])
def test_as_scipy(text: str, reference: Any, pixels: NDArray[np.uint8]) -> None:
    result = apply(text, pixels)
    if pixels.shape[2] == 4:
        assert np.flatnonzero((pixels[:, :, 3] == 0).all(axis=0)).tolist() == [0]
        pixels[:, 0, :3] = pixels[:, 1, :3]  # what is hidden goes on as what is seen beside it
    expected = np.clip(np.abs(reference(luma(pixels))), 0, 255)
    slack = 0.51 if pixels.shape[2] == 1 else 32  # grey of a colour may be rounded the other way in a few pixels
    difference = np.abs(result[:, :, 0] - expected)
    assert difference.max() <= slack
    assert np.median(difference) <= 0.5
    if pixels.shape[2] == 4:
        assert np.array_equal(result[:, :, 3], pixels[:, :, 3])
        assert np.array_equal(result[:, :, 0], result[:, :, 2])
    else:
        assert result.shape[2] == 1


@pytest.mark.parametrize("text", ["gradient", "sobel:both,7", "laplacian:7"])
def test_stripes_leave_no_seams(text: str) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (160, 16000, 1), np.uint8)
    whole = apply(text, pixels)
    part = apply(text, np.ascontiguousarray(pixels[:, :300]))
    assert np.array_equal(whole[:, :250], part[:, :250])


def blobs(shape: tuple[int, int] = (80, 120)) -> NDArray[np.uint8]:
    noise = np.random.default_rng(2).integers(0, 256, shape, np.uint8).astype(np.float64)
    soft = ndimage.gaussian_filter(noise, 2.5)
    return np.rint(255 * (soft - soft.min()) / np.ptp(soft)).astype(np.uint8)[:, :, None]


@pytest.mark.parametrize(
    ("text", "options"),
    [("canny:50,100", (50, 100, 3)), ("canny:20,60", (20, 60, 3)), ("canny:900,3000,5", (900, 3000, 5))],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("channels", [1, 3], ids=["grey", "bgr"])
def test_canny_is_opencv_on_luma(text: str, options: tuple[int, int, int], channels: int) -> None:
    pixels = blobs() if channels == 1 else np.dstack([blobs(), 255 - blobs()[::-1], blobs()[:, ::-1]])
    plane = pixels if channels == 1 else cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
    result = apply(text, pixels)
    assert np.array_equal(result[:, :, 0], cv2.Canny(plane, *options[:2], apertureSize=options[2]))
    assert 0 < np.count_nonzero(result) < result.size / 2


@pytest.mark.parametrize("level", [60, 128, 170])
def test_contours_are_those_of_find_contours(level: int) -> None:
    pixels = blobs()
    binary = (pixels[:, :, 0] > level).astype(np.uint8)
    found, _ = cv2.findContours(binary, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    expected = cv2.drawContours(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR), found, -1, (0, 128, 255), 1)
    assert len(found) > 5
    assert np.array_equal(apply(f"contours:{level},ff8000", pixels), expected)


def test_contours_choose_their_level_and_width() -> None:
    pixels = np.full((60, 60, 3), 40, np.uint8)
    pixels[20:40, 20:40] = 200
    red = np.all(apply("contours:color=ff0000", pixels) == (0, 0, 255), axis=2)
    assert red.sum() == 4 * 19
    assert np.all(apply("contours:color=ff0000,thickness=5", pixels) == (0, 0, 255), axis=2).sum() > 3 * red.sum()


def drawn_line(scale: int = 1) -> NDArray[np.uint8]:
    pixels = np.zeros((300 * scale, 400 * scale, 3), np.uint8)
    cv2.line(pixels, (40 * scale, 50 * scale), (340 * scale, 210 * scale), (255, 255, 255), 3 * scale)
    return pixels


@pytest.mark.parametrize("scale", [1, 5], ids=["as it is", "shrunk to look"])
def test_hough_finds_a_line(scale: int) -> None:
    marked = np.all(apply("hough_lines:color=ff0000", drawn_line(scale)) == (0, 0, 255), axis=2)
    y, x = np.nonzero(marked)
    assert x.size > 250 * scale
    assert np.abs(y / scale - 50 - (x / scale - 40) * 160 / 300).max() < 8


@pytest.mark.parametrize(("limit", "rows"), [(1, {150}), (2, {100, 150}), (3, {50, 100, 150})], ids=str)
def test_hough_draws_the_longest_lines(limit: int, rows: set[int]) -> None:
    pixels = np.zeros((200, 300, 3), np.uint8)
    for row, length in ((50, 80), (100, 160), (150, 250)):
        pixels[row, 20 : 20 + length] = 255
    red = np.all(apply(f"hough_lines:limit={2 * limit},gap=5", pixels) == (0, 0, 255), axis=2)
    assert {row for row in (50, 100, 150) if red[row - 2 : row + 3, 40:80].any()} == rows


def test_hough_leaves_a_picture_without_lines() -> None:
    pixels = np.full((50, 60, 3), 77, np.uint8)
    assert np.array_equal(apply("hough_lines", pixels), pixels)
