"""Geometry: filters that move pixels. Each decides a move; the runner applies it to pixels and findings alike."""

from typing import Annotated

import numpy as np

from core.geometry import Geometry, Turn, Warp
from core.picture import Size
from core.registry import image_filter
from core.values import Color, doc, ranged


@image_filter(cost=2, memory=3, smooth=True, example="flip")
def flip(size: Size) -> Geometry:
    """Mirror from top to bottom."""
    return Turn(before=size, quarters=2, mirror=True)


@image_filter(cost=12, memory=3.5, smooth=True, example="rotate:30")
def rotate(
    size: Size,
    angle: Annotated[float, ranged(-360, 360, "Degrees, clockwise")] = 90.0,
    expand: Annotated[bool, doc("Grow the canvas so that nothing is cut off")] = True,
    background: Annotated[Color | None, doc("Fill of the corners; transparent with alpha, white without")] = None,
) -> Geometry:
    """Rotate clockwise about the centre.

    Multiples of 90 degrees are lossless. Source: https://docs.opencv.org/4.x/da/d54/group__imgproc__transform.html.
    """
    quarters, rest = divmod(angle, 90)
    if rest == 0 and (expand or quarters % 2 == 0):
        return Turn(before=size, quarters=int(quarters) % 4)
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    canvas = size
    if expand:
        grown = np.abs([[cos, sin], [sin, cos]]) @ size
        canvas = Size(*(max(1, int(np.ceil(side - 1e-6))) for side in grown))
    turn = np.array([[cos, -sin], [sin, cos]])
    shift = np.array(canvas) / 2 - turn @ (np.array(size) / 2)
    forward = (cos, -sin, shift[0], sin, cos, shift[1], 0.0, 0.0, 1.0)
    return Warp(forward=tuple(map(float, forward)), canvas=canvas, background=background)
