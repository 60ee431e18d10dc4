"""Warping: filters that slant, straighten and map the picture; what nothing covers is background."""

import math
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from core.cost import Cost
from core.errors import BadParameterError
from core.findings.coverage import EVERYWHERE
from core.findings.matrices import Matrix
from core.imaging.geometry import Geometry, Warp, no_change, rotation
from core.imaging.skew import skew
from core.language.values import Color, Point, doc, ranged
from core.picture import Picture, Size
from core.registry import image_filter

_BACKGROUND = "What nothing covers; transparent with alpha, white without"
_CORNERS = "four corners clockwise from the top left, of a quad whose corners all point outwards"


# --- perspective ---------------------------------------------------------------------------------------------------


@image_filter(
    cost=Cost(made=10, fixed=400, grey=0.8),
    memory=4,
    smooth=True,
    example="perspective:10p:10p+90p:0p+100p:100p+0p:90p",
)
def perspective(
    size: Size,
    points: Annotated[tuple[Point, ...], doc("Four corners in the picture, clockwise from that of the top left")],
    width: Annotated[int | None, ranged(1, 16384, "Width of the result, pixels; left out, by the corners")] = None,
    height: Annotated[int | None, ranged(1, 16384, "Height of the result, pixels; left out, by the corners")] = None,
    background: Annotated[Color | None, doc(_BACKGROUND)] = None,
) -> Geometry:
    """Straighten a quadrilateral into a rectangle, as for a page or a sign seen at an angle.

    The result is as large as the longer of each two opposite sides. Corners may lie outside the picture.
    Source: P. Heckbert, "Fundamentals of Texture Mapping and Image Warping", 1989, §2.2.3.
    """
    quad = np.array([point.of(*size) for point in points], np.float64).reshape(-1, 2)
    _check_quad(quad, points)
    canvas = _rectangle(quad, width, height)
    backward = _square_to_quad(quad) @ np.diag((1 / canvas.width, 1 / canvas.height, 1))
    forward = np.linalg.inv(backward)
    forward /= forward[2] @ (*quad.mean(axis=0), 1)  # positive within the quad, 1 all over where it is affine
    return Warp(forward=tuple(map(float, forward.ravel())), canvas=canvas, background=background)


def _check_quad(quad: NDArray[np.float64], points: tuple[Point, ...]) -> None:
    """Refuse all but convex clockwise quads with sides of 0.1 pixels and angles of 1 to 179 degrees."""
    got = "+".join(map(str, points))
    if len(quad) != 4:
        raise BadParameterError("perspective.points", _CORNERS, got)
    sides = np.roll(quad, -1, axis=0) - quad
    lengths = np.hypot(*sides.T)
    before = np.roll(sides, 1, axis=0)
    turns = before[:, 0] * sides[:, 1] - before[:, 1] * sides[:, 0]
    if lengths.min() < 0.1 or (turns < math.sin(math.radians(1)) * lengths * np.roll(lengths, 1)).any():
        raise BadParameterError("perspective.points", _CORNERS, got)


def _rectangle(quad: NDArray[np.float64], width: int | None, height: int | None) -> Size:
    """The longer of opposite sides; one that is given scales the other."""
    top, right, bottom, left = np.hypot(*(np.roll(quad, -1, axis=0) - quad).T)
    across, down = max(top, bottom), max(left, right)
    wide = width or (height * across / down if height else across)
    high = height or (width * down / across if width else down)
    return Size(max(1, round(wide)), max(1, round(high)))


def _square_to_quad(quad: NDArray[np.float64]) -> Matrix:
    """The projective map of the unit square to the quad (Heckbert); its third coordinate is positive in the square."""
    first, second, third, fourth = quad
    lean = first - second + third - fourth
    sides = np.column_stack([second - third, fourth - third])
    g, h = np.linalg.solve(sides, lean)
    columns = np.column_stack([second - first + g * second, fourth - first + h * fourth, first])
    return np.vstack([columns, (g, h, 1.0)])


# --- affine --------------------------------------------------------------------------------------------------------


@image_filter(cost=Cost(made=8, fixed=300, grey=0.7), memory=4, smooth=True, example="affine:1,0.25,expand=true")
def affine(
    size: Size,
    a: Annotated[float, ranged(-100, 100, "x′ for each pixel of x")] = 1.0,
    b: Annotated[float, ranged(-100, 100, "x′ for each pixel of y")] = 0.0,
    c: Annotated[float, ranged(-100_000, 100_000, "Shift to the right, pixels")] = 0.0,
    d: Annotated[float, ranged(-100, 100, "y′ for each pixel of x")] = 0.0,
    e: Annotated[float, ranged(-100, 100, "y′ for each pixel of y")] = 1.0,
    f: Annotated[float, ranged(-100_000, 100_000, "Shift down, pixels")] = 0.0,
    width: Annotated[int | None, ranged(1, 16384, "Width of the result, pixels; left out, the picture's")] = None,
    height: Annotated[int | None, ranged(1, 16384, "Height of the result, pixels; left out, the picture's")] = None,
    expand: Annotated[bool, doc("Fit the canvas to all of the moved picture; c and f then change nothing")] = False,
    background: Annotated[Color | None, doc(_BACKGROUND)] = None,
) -> Geometry:
    """Shear, scale, turn and shift by six numbers.

    x′ = a·x + b·y + c and y′ = d·x + e·y + f, in edge coordinates: the picture reaches from 0 to its width and height.
    Source: https://docs.opencv.org/4.x/d4/d61/tutorial_warp_affine.html.
    """
    linear = np.array([[a, b], [d, e]])
    if np.linalg.svd(linear, compute_uv=False)[-1] < 1e-4:
        got = ", ".join(f"{number:g}" for number in (a, b, d, e))
        raise BadParameterError("affine", "a, b, d and e that keep the picture's width and height", got)
    if expand and (width or height):
        raise BadParameterError("affine.expand", "false where width or height is given", "true")
    canvas, shift = Size(width or size.width, height or size.height), np.array([c, f])
    if expand:
        corners = linear @ [[0, size.width, size.width, 0], [0, 0, size.height, size.height]]
        canvas = Size(*(max(1, math.ceil(side - 1e-6)) for side in np.ptp(corners, axis=1)))
        shift = -corners.min(axis=1)
    forward = (a, b, shift[0], d, e, shift[1], 0, 0, 1)
    return Warp(forward=tuple(map(float, forward)), canvas=canvas, background=background)


# --- deskew --------------------------------------------------------------------------------------------------------


def _deskew_bound(size: Size, limit: float, expand: bool, **_: Any) -> Size:
    """The largest sides of any rotation up to the limit."""
    if not expand:
        return size
    return Size(*(_widest(*sides, math.radians(limit)) for sides in (size, size[::-1])))


def _deskew_cost(limit: float, **_: Any) -> Cost:
    """Angles are tried on a picture of a megapixel at most."""
    return Cost(pixel=1, sampled=26, samples=1e6, made=4, fixed=300 + 1200 * limit, grey=0.8)


def _widest(side: int, other: int, limit: float) -> int:
    """The most that side·cos + other·sin reaches up to the limit, in radians."""
    angle = min(limit, math.atan2(other, side))
    return math.ceil(side * math.cos(angle) + other * math.sin(angle))


@image_filter(
    cost=_deskew_cost,
    memory=4,
    bound=_deskew_bound,
    revision=2,
    example="deskew",
    reach=EVERYWHERE,
)
def deskew(
    picture: Picture,
    limit: Annotated[float, ranged(0.5, 45, "Largest angle that is looked for, degrees either way")] = 10.0,
    expand: Annotated[bool, doc("Grow the canvas so that nothing is cut off")] = True,
    background: Annotated[Color | None, doc("Fill of the corners; transparent with alpha, white without")] = None,
) -> Geometry:
    """Turn a tilted page or photograph upright.

    The angle is that of the sharpest projection profile of its edges, to 0.05 degrees where its sides are 500 pixels
    and more. A picture stays as it is where it has no straight lines, and where they are upright to a pixel or two
    from end to end: 0.2 degrees at 700 pixels, 1 degree at 140.
    Source: W. Postl, "Detection of linear oblique structures and skew scan in digitized documents", 1986.
    """
    angle = skew(picture.pixels, limit)
    return rotation(picture.size, -angle, expand=expand, background=background) if angle else no_change(picture.size)
