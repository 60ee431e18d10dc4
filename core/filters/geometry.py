"""Geometry: filters that move pixels. Each decides a move; the runner applies it to pixels and findings alike."""

from typing import Annotated, Any, Literal

import msgspec

from core.cost import Cost
from core.errors import BadParameterError
from core.imaging.geometry import Box, Geometry, Placement, Turn, rotation, scale_geometry
from core.language.values import Color, doc, ranged
from core.picture import Size
from core.registry import image_filter

Fit = Literal["contain", "cover", "fill", "inside", "outside"]
Kernel = Literal["auto", "nearest", "linear", "cubic", "area", "lanczos"]

_SHRINKING = {"auto": 3.5, "nearest": 0.1, "linear": 3.0, "cubic": 3.5, "area": 3.5, "lanczos": 6.0}
_MAKING = {"auto": 2.5, "nearest": 1.6, "linear": 1.5, "cubic": 1.5, "area": 1.5, "lanczos": 30.0}


def _resize_cost(kernel: str, linear: bool, **_: Any) -> Cost:
    if linear and kernel != "nearest":
        return Cost(pixel=2.0 * _SHRINKING[kernel], made=_MAKING[kernel] + 9.0, fixed=100, alpha=12.0)
    return Cost(pixel=_SHRINKING[kernel], made=_MAKING[kernel], fixed=60)


def _resize_memory(linear: bool, **_: Any) -> float:
    return 9 if linear else 4


@image_filter(cost=_resize_cost, memory=_resize_memory, smooth=True, example="resize:48,48,fit=cover,enlarge=true")
def resize(
    size: Size,
    width: Annotated[int | None, ranged(1, 16384, "Width, pixels; left out, it follows from the height")] = None,
    height: Annotated[int | None, ranged(1, 16384, "Height, pixels; left out, it follows from the width")] = None,
    fit: Annotated[Fit, doc("How a picture of another aspect meets width and height")] = "inside",
    enlarge: Annotated[bool, doc("Whether a picture may become larger than it is")] = False,
    kernel: Annotated[Kernel, doc("How pixels are mixed; auto is near Lanczos to shrink, cubic to enlarge")] = "auto",
    dpr: Annotated[float, ranged(0.1, 8, "Device pixels a pixel: multiplies width and height")] = 1.0,
    background: Annotated[Color | None, doc("Bars of contain; transparent with alpha, white without")] = None,
    linear: Annotated[
        bool, doc("Mix light, not the values that stand for it: fine bright detail stays bright")
    ] = False,
) -> Geometry:
    """Scale to a width, a height, or a box.

    With one side the other follows. With both, `inside` is the largest that fits into the box, `outside` the smallest
    that covers it, `fill` is the box exactly (distorted), `cover` is the box filled and its overhang cut off evenly,
    `contain` is the box with bars around. Without `enlarge`, `cover` gives the largest part of the asked aspect where
    the picture is too small, `contain` more bars, the others the picture's own side.
    auto shrinks nearly as Lanczos with three lobes does, and averages areas where light is mixed; linear, cubic and
    lanczos average areas first when they shrink to less than half. With `linear=true` black and white in equal parts
    become 188, as bright as they are from afar, and not 128. A JPEG that becomes much smaller is decoded
    smaller, unless `kernel` is nearest, light is mixed, or a later step looks for edges or objects.
    Source: https://developer.mozilla.org/docs/Web/CSS/object-fit and
    https://docs.opencv.org/4.x/da/d54/group__imgproc__transform.html (resize).
    """
    if width is None and height is None:
        raise BadParameterError("resize.width", "a width, a height or both", "neither")
    wide, high = (None if side is None else _at_least_1(side * dpr) for side in (width, height))
    if wide is None or high is None:
        wide, high, fit = *_followed(size, wide, high), "fill"
    placed = _placed(size, Size(wide, high), fit, kernel, background, enlarge=enlarge)
    return msgspec.structs.replace(placed, linear=linear)


def _placed(size: Size, box: Size, fit: Fit, kernel: str, background: Color | None, *, enlarge: bool) -> Placement:
    if fit == "cover":
        return _cover(size, box, enlarge, kernel)
    if fit == "fill":
        return scale_geometry(size, box if enlarge else _smaller(size, box), kernel)
    target = _scaled(size, box, larger=fit == "outside", enlarge=enlarge)
    if fit != "contain":
        return scale_geometry(size, target, kernel)
    inside = Box((box.width - target.width) // 2, (box.height - target.height) // 2, *target)
    return Placement(window=Box.whole(size), target=inside, canvas=box, background=background, kernel=kernel)


def _at_least_1(side: float) -> int:
    return max(1, int(side + 0.5))


def _smaller(one: Size, other: Size) -> Size:
    return Size(min(one.width, other.width), min(one.height, other.height))


def _followed(size: Size, wide: int | None, high: int | None) -> Size:
    """Both sides from one, in the picture's aspect."""
    if wide is not None:
        return Size(wide, _at_least_1(wide * size.height / size.width))
    return Size(_at_least_1((high or 1) * size.width / size.height), high or 1)


def _scaled(size: Size, box: Size, *, larger: bool, enlarge: bool) -> Size:
    """The picture's size, scaled until it fits into the box, or (`larger`) covers it."""
    ratios = (box.width / size.width, box.height / size.height)
    scale = max(ratios) if larger else min(ratios)
    scale = scale if enlarge else min(scale, 1.0)
    return Size(_at_least_1(size.width * scale), _at_least_1(size.height * scale))


def _cover(size: Size, box: Size, enlarge: bool, kernel: str) -> Placement:
    """The middle of the picture in the box's aspect, cut out in whole pixels before it is scaled."""
    cut = _scaled(box, size, larger=False, enlarge=True)
    window = Box((size.width - cut.width) // 2, (size.height - cut.height) // 2, *cut)
    target = box if enlarge or (box.width <= cut.width and box.height <= cut.height) else cut
    return Placement(window=window, target=Box.whole(target), canvas=target, kernel=kernel)


@image_filter(cost=Cost(made=0.6, fixed=30, grey=0.7), memory=3.5, smooth=True, exact=True, example="flip")
def flip(size: Size) -> Geometry:
    """Mirror from top to bottom.

    Source: https://docs.opencv.org/4.x/d2/de8/group__core__array.html (flip).
    """
    return Turn(before=size, quarters=2, mirror=True)


@image_filter(cost=Cost(made=0.6, fixed=30, grey=0.7), memory=3.5, smooth=True, exact=True, example="flop")
def flop(size: Size) -> Geometry:
    """Mirror from left to right.

    Source: https://docs.opencv.org/4.x/d2/de8/group__core__array.html (flip).
    """
    return Turn(before=size, mirror=True)


def _rotate_cost(angle: float, **_: Any) -> Cost:
    if angle % 90:
        return Cost(pixel=2.8, made=8.4, fixed=300, grey=0.8)
    return Cost(made=3.5 if angle % 180 else 0.4, fixed=50)


def _rotate_exact(angle: float, expand: bool, **_: Any) -> bool:
    """Whether it is a turn by quarters that cuts nothing off."""
    return angle % 180 == 0 or (expand and angle % 90 == 0)


@image_filter(cost=_rotate_cost, memory=4, smooth=True, exact=_rotate_exact, example="rotate:30")
def rotate(
    size: Size,
    angle: Annotated[float, ranged(-360, 360, "Degrees, clockwise")] = 90.0,
    expand: Annotated[bool, doc("Grow the canvas so that nothing is cut off")] = True,
    background: Annotated[Color | None, doc("Fill of the corners; transparent with alpha, white without")] = None,
) -> Geometry:
    """Rotate clockwise about the centre.

    Multiples of 90 degrees are lossless. Source: https://docs.opencv.org/4.x/da/d54/group__imgproc__transform.html.
    """
    return rotation(size, angle, expand=expand, background=background)
