"""Reduction: filters that leave fewer values or colours."""

import math
from typing import Annotated, Any, Literal

import cv2
import numpy as np

from core.cost import Cost
from core.detail import Left
from core.findings.coverage import EVERYWHERE
from core.imaging.alpha import apart, filled
from core.imaging.palette import (
    SAMPLES,
    clustering,
    color_cells,
    dominant,
    halving,
    nearest_colors,
    occupied_cells,
    sample,
)
from core.imaging.pixels import by_placed_rows, by_rows, grey, through_table
from core.imaging.screens import bayer, blue_noise
from core.imaging.shapes import two_values
from core.language.values import doc, odd, ranged
from core.picture import Pixels
from core.registry import image_filter

_VALUES = np.arange(256, dtype=np.float64)
_HALF = 127
"""Of more than this alpha a pixel is seen more than not."""


@image_filter(
    cost=Cost(pixel=1.6, fixed=20),
    memory=3,
    by_value=True,
    example="posterize",
    reach=0,
)
def posterize(pixels: Pixels, levels: Annotated[int, ranged(2, 64, "Values that each channel keeps")] = 4) -> Pixels:
    """Flat steps instead of smooth shades.

    floor(value × levels / 256), spread over 0 to 255.
    Source: https://docs.gimp.org/en/gimp-filter-posterize.html.
    """
    return through_table(pixels, np.floor(_VALUES * levels / 256) * 255 / (levels - 1))


@image_filter(cost=Cost(pixel=1.6, fixed=20), memory=3, by_value=True, example="solarize", reach=0)
def solarize(
    pixels: Pixels, threshold: Annotated[int, ranged(0, 256, "Values from here on are inverted")] = 128
) -> Pixels:
    """Lights become a negative, as film that saw light while developing.

    As Pillow's `ImageOps.solarize`.
    Source: https://pillow.readthedocs.io/en/stable/reference/ImageOps.html#PIL.ImageOps.solarize.
    """
    return through_table(pixels, np.where(threshold > _VALUES, _VALUES, 255 - _VALUES))


_THRESHOLD_COST = {"fixed": 0.5, "otsu": 1.2, "adaptive": 3.2}
_THRESHOLD_REACH: dict[str, float] = {"fixed": 0, "otsu": EVERYWHERE}


def _threshold_reach(method: str, block: int, **_: Any) -> float:
    return _THRESHOLD_REACH.get(method, block // 2)


def _two_values(method: str, **_: Any) -> Left:
    if method == "otsu":
        return Left(lossy=0.6, exact=0.15, draws=0.3, values=0.03)
    return Left(lossy=0.9 if method == "fixed" else 1.2, exact=0.18)


@image_filter(
    cost=lambda method, **_: Cost(
        pixel=_THRESHOLD_COST[method], alpha=60 * (method == "adaptive"), fixed=20, grey=0.8
    ),
    gives=1, detail=_two_values, memory=3, alpha="weigh", revision=2,
    example="threshold:method=otsu",
    reach=_threshold_reach,
)  # fmt: skip
def threshold(
    pixels: Pixels,
    value: Annotated[int, ranged(0, 255, "Luma above it is white; only for `fixed`")] = 127,
    method: Annotated[
        Literal["fixed", "otsu", "adaptive"], doc("The value given, one for all by Otsu, or one for each neighbourhood")
    ] = "fixed",
    block: Annotated[int, odd(3, 499, "Side of a neighbourhood, pixels; only for `adaptive`")] = 31,
    offset: Annotated[float, ranged(-255, 255, "Below its neighbourhood's mean by this much is black")] = 8.0,
) -> Pixels:
    """Black and white.

    For `otsu` a pixel counts by its alpha; a neighbourhood goes on over what is transparent as over the picture's edge.
    Source: https://docs.opencv.org/4.x/d7/d1b/group__imgproc__misc.html (threshold, adaptiveThreshold); Otsu, 1979.
    """
    if method == "adaptive":
        luma = grey(filled(pixels))
        return cv2.adaptiveThreshold(luma, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, block, offset)
    color, alpha = apart(pixels)
    return two_values(grey(color)[:, :, 0], alpha, None if method == "otsu" else value)


def _dithered(levels: int, **_: Any) -> Left:
    return Left(lossy=1 + 2.6 / levels, exact=0.45 if levels < _FEW else 0.6, draws=min(0.4, 3 / levels))


_FEW = 5


@image_filter(cost=Cost(pixel=6.7, fixed=20, grey=0.25), detail=_dithered, memory=4.5, example="dither:2", reach=0)
def dither(
    pixels: Pixels,
    levels: Annotated[int, ranged(2, 64, "Values that each channel keeps")] = 2,
    pattern: Annotated[
        Literal["bayer", "blue"], doc("A regular 8×8 grid, or blue noise without visible rows")
    ] = "bayer",
) -> Pixels:
    """Few values whose mixture looks like all of them.

    Ordered: floor(value × (levels - 1) / 255 + mask), mask between 0 and 1. `grayscale/dither` gives black and white.
    Source: Bayer, 1973; Ulichney, "The void-and-cluster method for dither array generation", Proc. SPIE 1913, 1993.
    """
    mask = bayer() if pattern == "bayer" else blue_noise()
    side = len(mask)
    wide = np.tile(mask, (1, -(-pixels.shape[1] // side)))[:, : pixels.shape[1]]
    scaled = (_VALUES * (levels - 1) / 255).astype(np.float32).reshape(1, 256)
    shades = np.arange(256) * 255 / (levels - 1)

    def dithered(part: Pixels, top: int) -> Pixels:
        lift = wide[np.arange(top, top + part.shape[0]) % side] - np.float32(0.5)  # so that rounding is flooring
        planes = [cv2.LUT(plane, scaled).reshape(lift.shape) for plane in cv2.split(part)]
        return through_table(cv2.merge([cv2.add(plane, lift, dtype=cv2.CV_8U) for plane in planes]), shades)

    return by_placed_rows(pixels, dithered)


def _quantized(colors: int) -> Left:
    return Left(lossy=1 - 1.8 / colors, exact=min(0.85, 0.05 + 0.1 * math.log2(colors)))


@image_filter(
    cost=lambda colors: Cost(
        pixel=20, made=22, sampled=clustering(colors), samples=SAMPLES, fixed=1500 + halving(colors),
        grey=0.6, flat=0.12,
    ),
    detail=_quantized, memory=lambda colors: 4.5 + colors / 200, alpha="weigh", revision=3,
    example="quantize:8",
    reach=EVERYWHERE,
)  # fmt: skip
def quantize(pixels: Pixels, colors: Annotated[int, ranged(2, 256, "Most colours that are left")] = 8) -> Pixels:
    """At most so many colours, chosen from the picture.

    k-means in CIE Lab over about 16 thousand of its pixels, fixed seed; each pixel takes the nearest colour. Pixels
    that are more than half transparent choose none, unless all are.
    Source: https://docs.opencv.org/4.x/d1/d5c/tutorial_py_kmeans_opencv.html.
    """
    if pixels.shape[2] == 1:
        return cv2.extractChannel(quantize(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR), colors), 0)
    color, _ = apart(pixels)
    chosen, _ = dominant(_seen(sample(pixels)), colors)
    table = nearest_colors(chosen, occupied_cells(color))
    return by_rows(color, lambda part: table[color_cells(part)])


def _seen(samples: Pixels) -> Pixels:
    """The colours of rows of BGRA that are more than half opaque; of all that are seen, where none is."""
    if samples.shape[1] < 4:
        return samples
    alpha = samples[:, 3]
    for kept in (alpha > _HALF, alpha > 0):
        if kept.any():
            return np.ascontiguousarray(samples[kept, :3])
    return np.zeros((1, 3), np.uint8)
