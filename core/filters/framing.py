"""Framing: filters that cut the picture or put space around it; they never scale, but for `square` with a side."""

import math
from itertools import chain
from typing import Annotated, Any, Literal

import cv2
import numpy as np

from core.cost import Cost
from core.errors import BadParameterError
from core.findings.coverage import EVERYWHERE
from core.findings.findings import Object
from core.imaging.alpha import premultiplied
from core.imaging.geometry import Box, Geometry, Placement, crop_geometry, no_change
from core.imaging.gravity import Gravity, placed
from core.imaging.subject import largest, nothing_found, on_subject
from core.language.values import Aspect, Color, Length, Point, doc, ranged
from core.picture import Frames, Picture, Pixels, Size
from core.registry import image_filter

SmartGravity = Literal[Gravity, "smart", "faces", "object"]
_BY_CONTENT = {"smart", "faces", "object"}


def _whole(length: float) -> int:
    """The nearest whole number, halves up."""
    return math.floor(length + 0.5)


# --- crop ----------------------------------------------------------------------------------------------------------


def _crop_size(size: Size, *, width: Length | None, height: Length | None, aspect: Aspect | None) -> Size:
    """The size of the box, from at most two of width, height and aspect, checked against the picture."""
    if width and height and aspect:
        raise BadParameterError("crop.aspect", "left out where width and height are given", aspect)
    wide = width.of(size.width) if width else size.width
    high = height.of(size.height) if height else size.height
    if aspect and height:
        wide = high * aspect.ratio
    elif aspect:
        wide = wide if width else min(wide, high * aspect.ratio)
        high = wide / aspect.ratio
    for name, side, most in (("width", wide, size.width), ("height", high, size.height)):
        if side <= 0 or _whole(side) > most:
            expected = f"from 1 to {most} pixels here, the picture's own {name}"
            raise BadParameterError(f"crop.{name}", expected, f"{side:g} pixels")
    return Size(max(1, _whole(wide)), max(1, _whole(high)))


def _crop_at(name: str, offset: Length, side: int, whole: int) -> int:
    """Where the box begins; what rounding alone puts over the edge is moved back, more is an error."""
    start, rounding = offset.of(whole), 1 if offset.percent else 0.5
    if start < 0 or start + side > whole + rounding:
        expected = f"from 0 to {whole - side} pixels here, so that the box lies in the picture"
        raise BadParameterError(f"crop.{name}", expected, f"{start:g} pixels")
    return min(_whole(start), whole - side)


def _crop_focus(size: Size, inner: Size, focus: Point) -> Box:
    """The box with the point in its middle, moved as little as needed to lie in the picture."""
    x, y = focus.of(*size)
    if not (0 <= x <= size.width and 0 <= y <= size.height):
        raise BadParameterError("crop.focus", f"a point in the picture of {size.width}×{size.height} pixels", focus)
    left = min(max(_whole(x - inner.width / 2), 0), size.width - inner.width)
    top = min(max(_whole(y - inner.height / 2), 0), size.height - inner.height)
    return Box(left, top, *inner)


def _crop_box(
    size: Size,
    *,
    width: Length | None,
    height: Length | None,
    x: Length | None,
    y: Length | None,
    gravity: str,
    aspect: Aspect | None,
    focus: Point | None,
) -> Box:
    """The box, all checked against the picture's size; where the content decides, it lies in the middle for now."""
    if focus and (x or y or gravity != "center"):
        raise BadParameterError("crop.focus", "given without x, y and gravity", focus)
    if gravity in _BY_CONTENT and (x or y):
        raise BadParameterError("crop.gravity", "a side or a corner where x or y is given", gravity)
    inner = _crop_size(size, width=width, height=height, aspect=aspect)
    if focus:
        return _crop_focus(size, inner, focus)
    box = placed(size, inner, gravity)
    left = _crop_at("x", x, inner.width, size.width) if x else box.x
    top = _crop_at("y", y, inner.height, size.height) if y else box.y
    return Box(left, top, *inner)


def _crop_bound(size: Size, missing: str, **arguments: Any) -> Size:  # noqa: ARG001 - it changes no size
    box = _crop_box(size, **arguments)
    return Size(box.width, box.height)


def _crop_cost(gravity: str, **_: Any) -> Cost:
    return Cost(pixel=5, fixed=4000) if gravity in _BY_CONTENT else Cost(fixed=50)


def _crop_reach(gravity: str, missing: str, **_: Any) -> float:
    """Where the box lies is told by the picture for `smart`, and for what falls back on it."""
    return EVERYWHERE if gravity == "smart" or (gravity in _BY_CONTENT and missing == "smart") else 0


def _crop_reads(gravity: str, **_: Any) -> Literal["objects"] | None:
    return "objects" if gravity in {"faces", "object"} else None


def _crop_classes(gravity: str, **_: Any) -> tuple[str, ...]:
    return ("face",) if gravity == "faces" else ()


@image_filter(
    cost=_crop_cost, memory=3.5, bound=_crop_bound, example="crop:50p,50p,gravity=smart", findings=_crop_reads,
    classes=_crop_classes, revision=2,
    reach=_crop_reach, exact=lambda gravity, **_: gravity not in _BY_CONTENT,
)  # fmt: skip
def crop(
    picture: Picture,
    width: Annotated[Length | None, doc("Width of the box, pixels or percent; left out, all or by the aspect")] = None,
    height: Annotated[Length | None, doc("Height of the box, pixels or percent; left out, all or by aspect")] = None,
    x: Annotated[Length | None, doc("Left edge of the box, pixels or percent; left out, by gravity")] = None,
    y: Annotated[Length | None, doc("Top edge of the box, pixels or percent; left out, by gravity")] = None,
    gravity: Annotated[
        SmartGravity, doc("Where the box lies; smart looks at the picture, faces and object at what was found before")
    ] = "center",
    aspect: Annotated[Aspect | None, doc("Width to height of the box, in place of one side or both")] = None,
    focus: Annotated[Point | None, doc("Point to keep in the middle as well as the edges allow")] = None,
    missing: Annotated[
        Literal["smart", "error"], doc("Where gravity finds no face or object: what draws attention, or a 422")
    ] = "smart",
) -> Geometry:
    """Cut a box out.

    Percents are of the picture's own sides. A box that reaches over the edge is an error, and no side is under a pixel.
    `smart` keeps what draws attention: edges, strong colours and skin tones. `faces` keeps the faces that were found in
    the middle, `object` the largest object; with several faces that do not fit, the largest. In an animation the first
    frame decides.
    Source: https://github.com/jwagner/smartcrop.js and https://www.libvips.org/API/current/enum.Interesting.html.
    """
    size = picture.size
    box = _crop_box(size, width=width, height=height, x=x, y=y, gravity=gravity, aspect=aspect, focus=focus)
    if gravity in _BY_CONTENT:
        box = on_subject(picture, Size(box.width, box.height), _crop_subject(picture, gravity, missing))
    return crop_geometry(box)


def _crop_subject(picture: Picture, gravity: str, missing: str) -> tuple[Object, ...]:
    """The objects that a gravity looks for; none for `smart`."""
    if gravity == "smart":
        return ()
    found = picture.findings.of(("face",) if gravity == "faces" else ())
    if not found and missing == "error":
        raise nothing_found("crop", "no face" if gravity == "faces" else "no object")
    return found if gravity == "faces" or not found else (largest(found, picture.size),)


@image_filter(
    cost=lambda side: Cost(pixel=3.5, made=2.5, fixed=50) if side else Cost(fixed=50),
    memory=4, smooth=True, exact=lambda side: side is None, example="square:32",
)  # fmt: skip
def square(
    size: Size,
    side: Annotated[int | None, ranged(1, 16384, "Side of the result, pixels; left out, the picture's shorter")] = None,
) -> Geometry:
    """Cut the largest square out of the middle; scaled to a side where one is given, smaller or larger.

    Source: https://developer.mozilla.org/docs/Web/CSS/object-fit (cover).
    """
    shorter = min(size)
    target = Size(side or shorter, side or shorter)
    window = placed(size, Size(shorter, shorter), "center")
    return Placement(window=window, target=Box.whole(target), canvas=target)


# --- trim ----------------------------------------------------------------------------------------------------------


def _trim_bound(size: Size, **_: Any) -> Size:
    return size


@image_filter(
    cost=Cost(pixel=1.4, fixed=80),
    memory=3.5,
    bound=_trim_bound,
    revision=2,
    example="trim:20",
    reach=EVERYWHERE,
)
def trim(
    frames: Frames,
    tolerance: Annotated[int, ranged(0, 255, "Largest difference to the border's colour, levels a channel")] = 10,
    margin: Annotated[int, ranged(0, 16384, "Border that is kept around, pixels")] = 0,
) -> Geometry:
    """Cut an even or transparent border off.

    The border's colour is the median, channel by channel, of the outermost pixels, premultiplied by alpha. A picture
    that is all border stays as it is. In an animation each frame has a border of its own, and what is border in every
    frame is cut off. Source: https://www.libvips.org/API/current/method.Image.find_trim.html.
    """
    first = next(frames)
    contents = [_content(premultiplied(picture.pixels), tolerance) for picture in chain((first,), frames)]
    shown = [(x, y, x + width, y + height) for x, y, width, height in contents if width]
    if not shown:
        return no_change(first.size)
    lefts, tops, rights, bottoms = zip(*shown, strict=True)
    x, y = max(min(lefts) - margin, 0), max(min(tops) - margin, 0)
    right, bottom = min(max(rights) + margin, first.size.width), min(max(bottoms) + margin, first.size.height)
    return crop_geometry(Box(x, y, right - x, bottom - y))


def _content(pixels: Pixels, tolerance: int) -> tuple[int, int, int, int]:
    """Bounds (x, y, width, height) of what differs from the border; width 0 where nothing does."""
    ring = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    color = np.rint(np.median(ring, axis=0))
    low, high = np.clip(color - tolerance, 0, 255), np.clip(color + tolerance, 0, 255)
    border = cv2.inRange(pixels, low, high)
    x, y, width, height = cv2.boundingRect(cv2.bitwise_not(border, dst=border))
    return x, y, width, height


# --- pad -----------------------------------------------------------------------------------------------------------


@image_filter(cost=Cost(made=0.5, fixed=60), memory=3.5, smooth=True, example="pad:10p,background=336699")
def pad(
    size: Size,
    top: Annotated[Length | None, doc("Space above, pixels or percent; alone it is for all four sides")] = None,
    right: Annotated[Length | None, doc("Space to the right; left out, as top")] = None,
    bottom: Annotated[Length | None, doc("Space below; left out, as top")] = None,
    left: Annotated[Length | None, doc("Space to the left; left out, as right")] = None,
    background: Annotated[Color | None, doc("Colour of the space; transparent with alpha, white without")] = None,
    aspect: Annotated[Aspect | None, doc("Width to height of the canvas, which grows to reach it")] = None,
    width: Annotated[int | None, ranged(1, 16384, "Width of the canvas at least, pixels")] = None,
    height: Annotated[int | None, ranged(1, 16384, "Height of the canvas at least, pixels")] = None,
    gravity: Annotated[Gravity, doc("Where the picture lies on a canvas that has grown")] = "center",
) -> Geometry:
    """Put space around the picture.

    Sides are as in CSS: `pad:20` is all around, `pad:20,10` above and below 20, beside 10; without a top, sides left
    out have no space. Percents are of the picture's own sides. The canvas then grows to `width`, `height` and `aspect`;
    it never cuts. `pad` alone puts 5 % on each side. Source: https://www.w3.org/TR/css-box-3/#padding-shorthand.
    """
    if not any((top, right, bottom, left, aspect, width, height)):
        top = Length(5, percent=True)
    right = right or top
    sides = [_space(name, length, whole) for name, length, whole in (
        ("top", top, size.height), ("right", right, size.width),
        ("bottom", bottom or top, size.height), ("left", left or (right if top else None), size.width),
    )]  # fmt: skip
    padded = Size(size.width + sides[1] + sides[3], size.height + sides[0] + sides[2])
    canvas = _grown(Size(max(padded.width, width or 0), max(padded.height, height or 0)), aspect)
    outer = placed(canvas, padded, gravity)
    target = Box(outer.x + sides[3], outer.y + sides[0], *size)
    return Placement(window=Box.whole(size), target=target, canvas=canvas, background=background)


def _space(name: str, length: Length | None, whole: int) -> int:
    if length and length.amount < 0:
        raise BadParameterError(f"pad.{name}", "at least 0", length)
    return _whole(length.of(whole)) if length else 0


def _grown(size: Size, aspect: Aspect | None) -> Size:
    """The smallest size of this aspect that holds `size`, to the nearest pixel."""
    if aspect is None:
        return size
    wide, high = _whole(size.height * aspect.ratio), _whole(size.width / aspect.ratio)
    return Size(max(size.width, wide), max(size.height, high))
