"""Painting: filters that redraw the picture as if by hand."""

import math
from typing import Annotated

import cv2
import numpy as np
from numpy.typing import NDArray

from core.cost import Cost
from core.detail import Left
from core.findings.coverage import EVERYWHERE
from core.imaging.bilateral import smoothed
from core.imaging.pixels import by_rows, grey, through_table, to_uint8
from core.language.values import odd, ranged
from core.picture import Pixels
from core.registry import image_filter


@image_filter(
    cost=Cost(pixel=89, fixed=100, grey=0.32),
    detail=Left(lossy=1.3, exact=0.4),
    memory=6.5,
    alpha="fill",
    revision=2,
    example="cartoon",
    reach=lambda lines, **_: lines // 2 + 3,
)
def cartoon(
    pixels: Pixels,
    lines: Annotated[int, odd(3, 31, "Width that a line is looked for in, pixels; larger draws thicker lines")] = 9,
    colors: Annotated[int, ranged(2, 64, "Values that each channel keeps")] = 12,
) -> Pixels:
    """Flat colours with black outlines.

    Bilateral filter, posterized; black where the smoothed luma is 3 or more under its neighbourhood's mean.
    Source: https://docs.opencv.org/4.x/d4/d86/group__imgproc__filter.html (bilateralFilter).
    """
    calm = cv2.medianBlur(grey(pixels), 5)
    outlines = cv2.adaptiveThreshold(calm, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, lines, 3)
    flat = smoothed(pixels, 7, 60, 7)
    steps = np.floor(np.arange(256) * colors / 256) * 255 / (colors - 1)
    return cv2.bitwise_and(through_table(flat, steps), _like(outlines, pixels))


def _like(plane: Pixels, pixels: Pixels) -> Pixels:
    return plane[:, :, None] if pixels.shape[2] == 1 else cv2.merge([plane] * pixels.shape[2])


@image_filter(
    cost=lambda softness: Cost(pixel=2 + 0.48 * softness + 0.07 * softness**2, fixed=18 * softness**2, grey=1.0),
    gives=1,
    detail=Left(lossy=0.2, exact=0.9, raises=0.9),
    memory=3,
    alpha="fill",
    revision=2,
    example="sketch",
    reach=lambda softness: math.ceil(3 * softness) + 1,
)
def sketch(
    pixels: Pixels,
    softness: Annotated[float, ranged(0.5, 50, "Standard deviation of the blur, pixels; larger is darker")] = 8.0,
) -> Pixels:
    """Pencil on white paper.

    Luma × 255 / blurred luma ("colour dodge" with the blurred negative).
    Source: https://www.w3.org/TR/compositing-1/#blendingcolordodge.
    """
    luma = grey(pixels)
    return cv2.divide(luma, cv2.GaussianBlur(luma, (0, 0), softness), scale=255)


@image_filter(
    cost=lambda levels, **_: Cost(pixel=45 + 11 * levels, flat=0.45),
    detail=Left(lossy=0.55, exact=0.65),
    memory=8,
    alpha="premultiply",
    example="oil:3,8",
    reach=lambda radius, **_: radius,
)
def oil(
    pixels: Pixels,
    radius: Annotated[int, ranged(1, 16, "Reach of the brush, pixels")] = 4,
    levels: Annotated[int, ranged(2, 32, "Brightnesses that are told apart; fewer look coarser")] = 12,
) -> Pixels:
    """Oil paint: brush strokes of one colour.

    In the square around a pixel, the mean colour of those pixels whose luma is in its most frequent of `levels` steps.
    Source: Holzmann, "Beyond Photography", 1988; https://docs.opencv.org/4.x/de/daa/group__xphoto.html (oilPainting).
    """
    return by_rows(pixels, lambda part: _painted(part, radius, levels), halo=radius)


def _painted(pixels: Pixels, radius: int, levels: int) -> Pixels:
    step = (grey(pixels)[:, :, 0].astype(np.uint16) * levels >> 8).astype(np.uint8)
    most = np.zeros(step.shape, np.float32)
    total = np.zeros(pixels.shape, np.float32)
    for level in range(levels):
        inside = np.where(step == level, np.uint8(255), np.uint8(0))
        count = _sums(inside, radius)
        more = count > most
        if more.any():
            np.copyto(most, count, where=more)
            sums = _sums(cv2.bitwise_and(pixels, _like(inside, pixels)), radius).reshape(pixels.shape)
            np.copyto(total, sums, where=more[:, :, None])
    return to_uint8(total / (most / 255)[:, :, None])


def _sums(pixels: Pixels, radius: int) -> NDArray[np.float32]:
    side = 2 * radius + 1
    return cv2.boxFilter(pixels, cv2.CV_32F, (side, side), normalize=False)


_MOST_REACH, _LEAST_SIDE = 0.6, 16
"""A share of the shorter side, and pixels; beyond them OpenCV's filter reads past the end of its rows."""


@image_filter(
    cost=Cost(pixel=780, grey=0.9),
    detail=Left(lossy=0.8, exact=0.8),
    memory=50,
    alpha="fill",
    revision=2,
    example="stylize",
    reach=EVERYWHERE,
)
def stylize(
    pixels: Pixels,
    reach: Annotated[float, ranged(1, 200, "Reach of the smoothing, pixels")] = 60.0,
    contrast: Annotated[float, ranged(0.01, 1, "Differences below it are smoothed, as a share of 0 to 1")] = 0.45,
) -> Pixels:
    """Soft areas with strong edges, as a drawing.

    The reach is at most 0.6 of the shorter side: OpenCV paints black what is smaller. It keeps much in floats:
    pictures above some 12 megapixels are refused by default, so `resize` first.
    Source: https://docs.opencv.org/4.x/df/dac/group__photo__render.html (stylization, sigma_s and sigma_r).
    """
    height, width, channels = pixels.shape
    color = pixels if channels == 3 else cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)
    down, across = (max(_LEAST_SIDE - side, 0) for side in (height, width))
    if down or across:
        color = cv2.copyMakeBorder(color, 0, down, 0, across, cv2.BORDER_REPLICATE)
    reach = min(reach, _MOST_REACH * min(color.shape[:2]))
    result = cv2.stylization(color, sigma_s=reach, sigma_r=contrast)[:height, :width]
    return result if channels == 3 else grey(result)
