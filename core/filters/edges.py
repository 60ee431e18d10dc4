"""Edges: filters that show where a picture changes. They look at luma and return grey.

Where a picture becomes transparent is no edge: what is hidden is taken to go on as what is seen beside it.
"""

import math
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from core.cost import Cost
from core.detail import Left
from core.findings.coverage import EVERYWHERE
from core.imaging.alpha import apart
from core.imaging.compositing import painted
from core.imaging.pixels import by_rows, grey
from core.imaging.shapes import outlines, shapes
from core.language.values import Color, Length, doc, odd, ranged
from core.picture import Pixels
from core.registry import image_filter

Axis = Literal["x", "y", "both"]
AXIS = doc("x looks for changes from left to right, y from top to bottom, both takes the magnitude")
SCALE = ranged(0.01, 100, "Factor on the result")


_USUAL_EDGE, _FAINT_EDGE = 200.0, 10.0
_STEEPER = {3: 1.0, 5: 12.0, 7: 160.0}
"""By how much a Sobel kernel's gradients are larger than those of the smallest one."""
_GRADIENT = {3: 3.0, 5: 5.0, 7: 10.0}
"""Nanoseconds a pixel for the gradients of each kernel."""


def _canny_cost(low: float, high: float, aperture: int) -> Cost:
    """By the kernel, and by how many edges there are to follow."""
    edges = 27.0 * math.exp(-max(low, high) / _STEEPER[aperture] / _USUAL_EDGE)
    return Cost(pixel=edges, made=_GRADIENT[aperture], fixed=20, grey=0.95, flat=0.3)


def _canny_left(low: float, high: float, aperture: int) -> Left:
    """Lines where gradients are strong; everywhere, where faint ones count. The higher level begins them."""
    high = max(low, high) / _STEEPER[aperture]
    return Left(
        lossy=1.2 * min(1.0, _USUAL_EDGE / max(high, 1.0)), exact=0.3, raises=2.2 * math.exp(-high / _FAINT_EDGE)
    )


@image_filter(
    cost=_canny_cost,
    gives=1,
    detail=_canny_left,
    memory=4.5,
    alpha="fill",
    revision=2,
    example="canny:100,200",
    reach=EVERYWHERE,
)
def canny(
    pixels: Pixels,
    low: Annotated[float, ranged(0, 32767, "Gradient above which an edge goes on")] = 100.0,
    high: Annotated[float, ranged(0, 32767, "Gradient above which an edge begins")] = 200.0,
    aperture: Annotated[int, odd(3, 7, "Side of the Sobel kernel, pixels; odd")] = 3,
) -> Pixels:
    """Canny: thin white edges on black.

    The gradient is |dx| + |dy| of luma. Source: Canny, "A Computational Approach to Edge Detection", 1986;
    https://docs.opencv.org/4.x/dd/d1a/group__imgproc__feature.html.
    """
    return cv2.Canny(grey(pixels), low, high, apertureSize=aperture)


def _derivative_cost(axis: Axis, **_: Any) -> Cost:
    """Twice the work for both axes."""
    return Cost(pixel=3.7 if axis == "both" else 1.5, fixed=70, grey=0.9)


def _edges_left(scale: float) -> Left:
    """Noise, where small changes are stretched to white; next to nothing where large ones are hardly seen."""
    seen, stretched = min(1.0, scale), 1 - math.exp(min(0.0, 1 - scale) / 6)
    return Left(
        lossy=1.3 * seen * (1 - stretched), exact=seen - 0.7 * stretched, raises=2.2 * stretched, values=0.15 * seen
    )


def _kernel_reach(kernel: int, **_: Any) -> float:
    return max(1, kernel // 2)


@image_filter(
    cost=_derivative_cost,
    gives=1,
    detail=lambda **_: _edges_left(1.0),
    memory=3.5,
    alpha="fill",
    revision=2,
    example="gradient:both",
    reach=1,
)
def gradient(pixels: Pixels, axis: Annotated[Axis, AXIS] = "both") -> Pixels:
    """How fast brightness changes along an axis, or in all.

    |Sobel 3×3| of luma; both is √(dx² + dy²). Values above 255 are 255.
    Source: https://docs.opencv.org/4.x/d4/d86/group__imgproc__filter.html (Sobel).
    """
    return _derivative(pixels, axis, 3, 1)


@image_filter(
    cost=_derivative_cost,
    gives=1,
    detail=lambda scale, **_: _edges_left(scale),
    memory=3.5,
    alpha="fill",
    revision=2,
    example="sobel:both,5,0.1",
    reach=_kernel_reach,
)
def sobel(
    pixels: Pixels,
    axis: Annotated[Axis, AXIS] = "both",
    kernel: Annotated[int, odd(1, 7, "Side of the kernel, pixels; odd")] = 3,
    scale: Annotated[float, SCALE] = 1.0,
) -> Pixels:
    """Sobel derivative with a kernel of any size.

    |Sobel| of luma × scale; both is √(dx² + dy²). Larger kernels give larger values: 5 about 16 times those of 3.
    Source: https://docs.opencv.org/4.x/d4/d86/group__imgproc__filter.html (Sobel).
    """
    return _derivative(pixels, axis, kernel, scale)


@image_filter(
    cost=_derivative_cost,
    gives=1,
    detail=lambda scale, **_: _edges_left(4 * scale),
    memory=3.5,
    alpha="fill",
    revision=2,
    example="scharr:both,0.25",
    reach=1,
)
def scharr(pixels: Pixels, axis: Annotated[Axis, AXIS] = "both", scale: Annotated[float, SCALE] = 1.0) -> Pixels:
    """Scharr derivative: like Sobel 3×3, and alike in all directions.

    |Scharr| of luma × scale; both is √(dx² + dy²). It gives four times what Sobel does.
    Source: https://docs.opencv.org/4.x/d4/d86/group__imgproc__filter.html (Scharr).
    """
    return _derivative(pixels, axis, cv2.FILTER_SCHARR, scale)


def _derivative(pixels: Pixels, axis: Axis, kernel: int, scale: float) -> Pixels:
    def part(rows: Pixels) -> Pixels:
        luma = grey(rows)
        along = [cv2.Sobel(luma, cv2.CV_32F, *way, ksize=kernel, scale=scale) for way in _WAYS[axis]]
        return _eight_bits(along[0] if len(along) == 1 else _magnitude(*along))

    return by_rows(pixels, part, halo=3)


def _magnitude(across: NDArray[Any], down: NDArray[Any]) -> NDArray[Any]:
    """√(x² + y²); `cv2.magnitude` may round differently from one call to the next, as its arrays lie in memory."""
    return np.sqrt(across * across + down * down)


_WAYS: dict[Axis, tuple[tuple[int, int], ...]] = {"x": ((1, 0),), "y": ((0, 1),), "both": ((1, 0), (0, 1))}


def _eight_bits(values: NDArray[Any]) -> Pixels:
    """|values|, rounded, at most 255."""
    return cv2.convertScaleAbs(values).reshape(*values.shape[:2], 1)


@image_filter(
    cost=lambda kernel, **_: Cost(pixel=1.6 if kernel < 5 else 2.4, fixed=60, grey=0.7),
    gives=1,
    detail=lambda scale, **_: _edges_left(1.5 * scale),
    memory=3.5,
    alpha="fill",
    revision=2,
    example="laplacian:3",
    reach=_kernel_reach,
)
def laplacian(
    pixels: Pixels,
    kernel: Annotated[int, odd(1, 7, "Side of the kernel, pixels; odd")] = 3,
    scale: Annotated[float, SCALE] = 1.0,
) -> Pixels:
    """Laplacian: fine detail, in all directions at once.

    |Laplacian| of luma × scale. Source: https://docs.opencv.org/4.x/d4/d86/group__imgproc__filter.html (Laplacian).
    """

    def part(rows: Pixels) -> Pixels:
        return _eight_bits(cv2.Laplacian(grey(rows), cv2.CV_32F, ksize=kernel, scale=scale))

    return by_rows(pixels, part, halo=4)


def _contours_reach(level: int | None, thickness: int, **_: Any) -> float:
    return EVERYWHERE if level is None else 1 + thickness  # without a level all pixels decide it


@image_filter(
    cost=lambda thickness, **_: Cost(pixel=16 + 0.55 * thickness, fixed=150),
    memory=5,
    alpha="weigh",
    color=True,
    revision=2,
    example="contours:color=00ff00",
    reach=_contours_reach,
)
def contours(
    pixels: Pixels,
    level: Annotated[int | None, ranged(0, 254, "Luma above which a pixel is in a shape; left out: by Otsu")] = None,
    color: Annotated[Color, doc("Colour of the lines")] = Color(0, 255, 0),
    thickness: Annotated[int, ranged(1, 50, "Width of the lines, pixels")] = 1,
) -> Pixels:
    """Draw the outlines of bright shapes, and of the holes in them.

    What is transparent is in no shape.
    Source: Suzuki and Abe, "Topological Structural Analysis of Digitized Binary Images", 1985, as in
    https://docs.opencv.org/4.x/d3/dc0/group__imgproc__shape.html (findContours); a pixel wide they are the same.
    """
    ground, _ = apart(pixels)
    lines = outlines(shapes(pixels, level))
    if thickness > 1:
        lines = cv2.dilate(lines, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (thickness, thickness)))
    return painted(ground, color, lines)


_HOUGH_PIXELS = 1_000_000
"""Lines are looked for in a picture of at most this size: the work grows with the number of edge pixels."""


@image_filter(
    cost=Cost(pixel=14, sampled=48, samples=_HOUGH_PIXELS, fixed=100, grey=0.95, flat=0.3),
    memory=5,
    alpha="fill",
    color=True,
    revision=2,
    example="hough_lines:60,20p",
    reach=EVERYWHERE,
)
def hough_lines(
    pixels: Pixels,
    votes: Annotated[int, ranged(1, 5000, "Edge pixels that a line needs")] = 60,
    shortest: Annotated[Length, doc("Shortest line, pixels or percent of the shorter side")] = Length(10, percent=True),
    gap: Annotated[Length, doc("Longest gap in it, pixels or percent of the shorter side")] = Length(1, percent=True),
    limit: Annotated[int, ranged(1, 1000, "How many lines at most, the longest first")] = 100,
    color: Annotated[Color, doc("Colour of the lines")] = Color(255, 0, 0),
    thickness: Annotated[int, ranged(1, 50, "Width of the lines, pixels")] = 2,
) -> Pixels:
    """Find straight lines and draw them.

    Canny (50, 150), then the probabilistic Hough transform at 1 pixel and 1 degree, in the picture shrunk to a
    megapixel where it is larger; lengths and gaps are those of the picture itself.
    Source: Matas, Galambos and Kittler, "Robust Detection of Lines Using the Progressive Probabilistic Hough
    Transform", 2000; https://docs.opencv.org/4.x/dd/d1a/group__imgproc__feature.html (HoughLinesP).
    """
    side = min(pixels.shape[:2])
    canvas = np.zeros(pixels.shape[:2], np.uint8)
    for start, end in _segments(pixels, votes, max(shortest.of(side), 0), max(gap.of(side), 0))[:limit]:
        cv2.line(canvas, start.tolist(), end.tolist(), 255, thickness, cv2.LINE_AA)
    return painted(pixels, color, canvas)


def _segments(pixels: Pixels, votes: int, shortest: float, gap: float) -> NDArray[np.int32]:
    """Lines as ((x, y), (x, y)), the longest first."""
    height, width = pixels.shape[:2]
    scale = min(1.0, (_HOUGH_PIXELS / (height * width)) ** 0.5)
    luma = grey(pixels)[:, :, 0]
    if scale < 1:
        luma = cv2.resize(luma, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    found = cv2.HoughLinesP(cv2.Canny(luma, 50, 150), 1, np.pi / 180, votes, None, shortest * scale, gap * scale)
    if found is None:
        return np.empty((0, 2, 2), np.int32)
    lines = found.reshape(-1, 2, 2)
    order = np.argsort(-np.hypot(*(lines[:, 1] - lines[:, 0]).T), kind="stable")
    factor = np.array([width / luma.shape[1], height / luma.shape[0]])
    return np.rint((lines[order] + 0.5) * factor - 0.5).astype(np.int32)
