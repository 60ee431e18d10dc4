"""Mounting: filters for what lies around and behind a picture, and for its damaged places."""

import math
from typing import Annotated, Any, Literal, cast

import cv2
import numpy as np

from core.cost import Cost
from core.errors import BadParameterError
from core.findings.coverage import EVERYWHERE
from core.imaging.alpha import flattened
from core.imaging.compositing import over, with_alpha
from core.imaging.geometry import Box, Geometry, Placement
from core.imaging.pixels import grey
from core.language.values import WHITE, Color, Length, PictureName, doc, ranged
from core.picture import Picture, Pixels, Size
from core.registry import image_filter

_ROWS = 64


@image_filter(cost=Cost(made=0.5, fixed=50, grey=0.8), memory=3, smooth=True, example="border:5p,336699")
def border(
    size: Size,
    width: Annotated[Length, doc("Width of the border, pixels or percent of the shorter side")] = Length(
        5, percent=True
    ),
    color: Annotated[Color, doc("Colour of the border; on a grey picture its luma")] = WHITE,
) -> Geometry:
    """A border around the picture, which grows by it on all sides.

    Errors: 400 where the width is negative.
    Source: https://docs.opencv.org/4.x/d2/de8/group__core__array.html (copyMakeBorder).
    """
    wide = round(width.of(min(size)))
    if wide < 0:
        raise BadParameterError("border.width", "0 or more", width)
    whole, canvas = Box.whole(size), Size(size.width + 2 * wide, size.height + 2 * wide)
    return Placement(window=whole, target=Box(wide, wide, *size), canvas=canvas, background=color)


_WHOLE = {True: 50.0, False: 600.0}
"""A radius by which usual pictures are rounded whole: in percent, and in pixels."""


def _rounded_cost(radius: Length) -> Cost:
    """By the square of the radius, as the corners are."""
    share = min(1.0, max(radius.amount, 0.0) / _WHOLE[radius.percent])
    return Cost(pixel=1 + 8 * share**2 if share else 0, fixed=60, grey=0.8)


@image_filter(
    cost=_rounded_cost,
    gives=lambda radius: 4 if radius.amount > 0 else None,
    memory=6,
    alpha="own",
    smooth=True,
    revision=3,
    example="rounded:15p",
    reach=0,
)
def rounded(
    pixels: Pixels,
    radius: Annotated[Length, doc("Radius, pixels or percent of the shorter side; 50p is a circle")] = Length(
        10, percent=True
    ),
) -> Pixels:
    """Round the corners off; what lies outside is transparent.

    Alpha is multiplied by how much of a pixel lies inside, so edges are smooth. A radius is at most half a side. No
    file holds a colour where alpha is 0: what was cut off is gone.
    Source: https://www.w3.org/TR/css-backgrounds-3/#border-radius.
    """
    height, width = pixels.shape[:2]
    reach = min(max(radius.of(min(width, height)), 0), min(width, height) / 2)
    if reach <= 0:
        return pixels
    result = with_alpha(pixels)
    result = result.copy() if result is pixels else result
    alpha = result[:, :, 3]
    for down in (1, -1):
        for across in (1, -1):
            _cut(alpha[::down, ::across], reach)
            corner = result[::down, ::across][: math.ceil(reach), : math.ceil(reach)]
            corner[corner[:, :, 3] == 0] = 0
    return result


def _cut(alpha: Pixels, radius: float) -> None:
    """Multiply the first corner of an alpha plane by its coverage, a stripe at a time to keep the floats small."""
    side = int(np.ceil(radius))
    across = np.maximum(radius - 0.5 - np.arange(side, dtype=np.float32), 0)
    for top in range(0, side, _ROWS):
        rows = slice(top, min(top + _ROWS, side))
        down = np.maximum(radius - 0.5 - np.arange(top, rows.stop, dtype=np.float32), 0)[:, None]
        inside = np.clip(radius + 0.5 - np.sqrt(across**2 + down**2), 0, 1)
        alpha[rows, :side] = np.rint(alpha[rows, :side] * inside)


@image_filter(
    cost=lambda color: Cost(fixed=5, alpha=24 if color.alpha == 255 else 34),
    memory=3.5,
    alpha="own",
    smooth=True,
    example="background:ffcc00",
    reach=0,
)
def background(
    pixels: Pixels, color: Annotated[Color, doc("Colour of the sheet; it may be see-through itself")] = WHITE
) -> Pixels:
    """Lay the picture on a sheet of one colour, so that nothing is transparent.

    A picture without alpha stays as it is. Source: https://www.w3.org/TR/compositing-1/ (source over).
    """
    if color.alpha == 255:
        return flattened(pixels, color.bgr)
    if pixels.shape[2] < 4:
        return pixels
    return over(np.full_like(pixels, color.bgra), pixels)


_INPAINT_WORK = 3_000_000
"""Damaged pixels × radius² that are restored at full size; more are restored in a smaller picture."""
_DAMAGED = 0.12
"""The share of the picture that a mask is expected to mark."""


_INPAINT = {"telea": 68.0, "ns": 50.0}
"""Nanoseconds for each pixel around each damaged one."""


def _inpaint_cost(radius: int, method: str, **_: Any) -> Cost:
    """The work is by the damaged pixel and what lies within the radius, up to the bound."""
    each = _DAMAGED * radius**2
    return Cost(pixel=6, sampled=22 + _INPAINT[method] * each, samples=1.4 * _INPAINT_WORK / each, second=2, fixed=400)


@image_filter(cost=_inpaint_cost, memory=6, alpha="fill", revision=2, example="inpaint:mask", reach=EVERYWHERE)
def inpaint(
    pixels: Pixels,
    mask: Annotated[PictureName, doc("Name of a picture that is white where this one is damaged")],
    radius: Annotated[int, ranged(1, 20, "How far away pixels are looked at, pixels")] = 3,
    method: Annotated[Literal["telea", "ns"], doc("Fast marching, or fluid dynamics (Navier-Stokes)")] = "telea",
) -> Pixels:
    """Restore damaged places from what lies around them.

    The mask is scaled to the picture; luma above 127 is damaged. Large damage is restored in a smaller picture.
    Source: Telea, "An Image Inpainting Technique Based on the Fast Marching Method", 2004; Bertalmio et al., 2001;
    https://docs.opencv.org/4.x/d7/d8b/group__photo__inpaint.html.
    """
    damaged = _damaged(cast("Picture", mask).pixels, Size(pixels.shape[1], pixels.shape[0]))
    left, top, width, height = cv2.boundingRect(damaged)
    if width == 0:
        return pixels
    rows = slice(max(0, top - radius - 1), top + height + radius + 1)
    columns = slice(max(0, left - radius - 1), left + width + radius + 1)
    flag = cv2.INPAINT_TELEA if method == "telea" else cv2.INPAINT_NS
    result = pixels.copy()
    result[rows, columns] = _restored(pixels[rows, columns], damaged[rows, columns], radius, flag)
    return result


def _damaged(mask: Pixels, size: Size) -> Pixels:
    """255 where the mask's luma, on black, is above 127; as large as the picture."""
    luma = grey(flattened(mask, (0, 0, 0)))[:, :, 0]
    return cv2.threshold(cv2.resize(luma, size, interpolation=cv2.INTER_NEAREST_EXACT), 127, 255, cv2.THRESH_BINARY)[1]


def _restored(pixels: Pixels, damaged: Pixels, radius: int, flag: int) -> Pixels:
    """The part of a picture restored, with bounded work."""
    height, width = damaged.shape
    scale = min(1.0, (_INPAINT_WORK / (cv2.countNonZero(damaged) * radius**2)) ** 0.5)
    if scale == 1:
        return cv2.inpaint(pixels, damaged, radius, flag).reshape(pixels.shape)
    small = (max(1, round(width * scale)), max(1, round(height * scale)))
    rough = cv2.inpaint(
        cv2.resize(pixels, small, interpolation=cv2.INTER_AREA),
        cv2.threshold(cv2.resize(damaged, small, interpolation=cv2.INTER_AREA), 0, 255, cv2.THRESH_BINARY)[1],
        radius,
        flag,
    )
    filled = cv2.resize(rough, (width, height), interpolation=cv2.INTER_LINEAR).reshape(pixels.shape)
    np.copyto(filled, pixels, where=damaged[:, :, None] == 0)
    return filled
