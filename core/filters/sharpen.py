"""Sharpening: filters that bring back or stress fine detail."""

from typing import Annotated, Any, Literal

import cv2
import numpy as np

from core.cost import Cost
from core.detail import Left
from core.findings.coverage import EVERYWHERE
from core.imaging.pixels import by_placed_rows
from core.imaging.spectrum import Numbers, gaussian, gaussian_reach, multiplied
from core.language.values import doc, ranged
from core.picture import Pixels
from core.registry import image_filter


@image_filter(
    cost=Cost(pixel=1.9, fixed=40),
    detail=lambda amount: Left(lossy=min(2.0, 1 + amount / 150), exact=1.15, raises=amount / 1200),
    memory=2.5,
    alpha="premultiply",
    example="sharpen:50",
    reach=1,
)
def sharpen(
    pixels: Pixels, amount: Annotated[float, ranged(0, 500, "Strength, percent; 0 changes nothing")] = 50.0
) -> Pixels:
    """Sharpen the finest detail.

    The picture plus `amount` percent of how each pixel differs from its four neighbours: at 100 the kernel is
    (0 -1 0, -1 5 -1, 0 -1 0). Source: Gonzalez and Woods, "Digital Image Processing", 4th edition, §3.6.
    """
    part = amount / 100
    kernel = np.array([[0, -part, 0], [-part, 1 + 4 * part, -part], [0, -part, 0]], np.float32)
    return cv2.filter2D(pixels, -1, kernel)


@image_filter(
    cost=lambda radius, **_: Cost(pixel=9 + 0.6 * radius, fixed=200),
    detail=lambda amount, **_: Left(lossy=min(1.8, 1 + amount / 400), exact=1.05, raises=amount / 2000),
    memory=4.5,
    alpha="premultiply",
    example="unsharp:2,100,3",
    reach=lambda radius, **_: gaussian_reach(radius),
)
def unsharp(
    pixels: Pixels,
    radius: Annotated[float, ranged(0.1, 30, "Standard deviation of the Gaussian blur, pixels")] = 2.0,
    amount: Annotated[float, ranged(0, 500, "Strength, percent; 0 changes nothing")] = 100.0,
    threshold: Annotated[int, ranged(0, 255, "Differences up to this many levels are left as they are")] = 0,
) -> Pixels:
    """Unsharp mask: stress what a blur would take away.

    The picture plus `amount` percent of its difference from its Gaussian blur, each channel by itself.
    Source: https://pillow.readthedocs.io/en/stable/reference/ImageFilter.html (UnsharpMask).
    """
    blurred = gaussian(pixels, radius).reshape(pixels.shape)

    def part(rows: Pixels, top: int) -> Pixels:
        soft = blurred[top : top + len(rows)]
        sharp = cv2.addWeighted(rows, 1 + amount / 100, soft, -amount / 100, 0).reshape(rows.shape)
        flat = cv2.absdiff(rows, soft).reshape(rows.shape) <= threshold
        return np.where(flat, rows, sharp)

    return by_placed_rows(pixels, part)


def _deblur_cost(kind: str, **_: Any) -> Cost:
    return Cost(pixel=120 if kind == "motion" else 48, fixed=2000)


@image_filter(cost=_deblur_cost, memory=6, alpha="premultiply", example="deblur:1.5", reach=EVERYWHERE)
def deblur(
    pixels: Pixels,
    radius: Annotated[float, ranged(0.1, 20, "Standard deviation of a gaussian blur, pixels")] = 1.5,
    kind: Annotated[Literal["gaussian", "motion"], doc("What blurred it: the lens, or a movement")] = "gaussian",
    length: Annotated[float, ranged(1, 150, "Length of the movement, pixels; for motion only")] = 15.0,
    angle: Annotated[float, ranged(-360, 360, "Direction of the movement, degrees clockwise; for motion only")] = 0.0,
    noise: Annotated[float, ranged(0.01, 100, "Noise in percent of the signal's power: more rings less")] = 1.0,
) -> Pixels:
    """Undo a known blur (Wiener deconvolution).

    The spectrum is multiplied by H × (1 + K) / (H² + K), where H is the blur's own response and K is `noise` / 100;
    brightness stays. Source: Gonzalez and Woods, "Digital Image Processing", 4th edition, §5.8.
    """
    share = noise / 100
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))

    def response(down: Numbers, across: Numbers) -> Numbers:
        if kind == "motion":
            blur = np.sinc(length * (across * cos + down * sin))
        else:
            blur = np.exp(-2 * (np.pi * radius) ** 2 * (down**2 + across**2))
        return ((1 + share) * blur / (blur**2 + share)).astype(np.float32)

    return multiplied(pixels, response, reach=8 * radius if kind == "gaussian" else 2 * length)
