"""Colour: filters that change hue, saturation and white, each pixel by itself."""

from typing import Annotated, Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from core.cost import Cost
from core.detail import Left
from core.imaging.pixels import by_rows, grey, through_table
from core.imaging.srgb import LUMINANCE, TO_LINEAR, encoded
from core.language.values import doc, ranged
from core.picture import Pixels
from core.registry import image_filter

_LUMA = np.array((0.299, 0.587, 0.114))
_SEPIA = np.array(((0.393, 0.769, 0.189), (0.349, 0.686, 0.168), (0.272, 0.534, 0.131)))


def _mixed(pixels: Pixels, matrix: NDArray[Any]) -> Pixels:
    """BGR times a 3×3 matrix that is written for red, green, blue."""
    return cv2.transform(pixels, matrix[::-1, ::-1])


_SMOOTH = 150
"""Percent up to which differences between colours grow without notice."""


@image_filter(
    cost=Cost(pixel=0.4, fixed=10, grey=0.1), gives=1, memory=3, luma=True, smooth=True, example="grayscale", reach=0
)
def grayscale(pixels: Pixels) -> Pixels:
    """Shades of grey.

    Luma of Rec. 601: 0.299 red + 0.587 green + 0.114 blue. The result has one channel, or grey with its alpha.
    As a first step, or behind moves alone, it takes a JPEG's luma as it is stored. That is within a level of rounding,
    but for colours that lie outside of RGB, which a JPEG can store at strong edges: there the two are up to 27 levels
    apart.
    Source: https://docs.opencv.org/4.x/de/d25/imgproc_color_conversions.html.
    """
    return grey(pixels)


@image_filter(cost=Cost(pixel=0.5, fixed=15), memory=3, color=True, smooth=True, example="sepia", reach=0)
def sepia(
    pixels: Pixels, amount: Annotated[float, ranged(0, 100, "Strength, percent; 0 changes nothing")] = 100.0
) -> Pixels:
    """Brown tones of an old photograph.

    Source: https://www.w3.org/TR/filter-effects-1/#sepiaEquivalent (rows 0.393 0.769 0.189 …).
    """
    share = amount / 100
    return _mixed(pixels, share * _SEPIA + (1 - share) * np.eye(3))


_HUE_KEPT = np.array(((0.213, 0.715, 0.072),) * 3)
_HUE_COSINE = np.array(((0.787, -0.715, -0.072), (-0.213, 0.285, -0.072), (-0.213, -0.715, 0.928)))
_HUE_SINE = np.array(((-0.213, -0.715, 0.928), (0.143, 0.140, -0.283), (-0.787, 0.715, 0.072)))


@image_filter(cost=Cost(pixel=0.5, fixed=15, grey=0.02), memory=3, example="hue:90", reach=0)
def hue(
    pixels: Pixels, degrees: Annotated[float, ranged(-360, 360, "Turn of the colour wheel, degrees")] = 90.0
) -> Pixels:
    """Turn all colours around the colour wheel.

    Luminance stays nearly the same; grey stays grey. As CSS `hue-rotate()`.
    Source: https://www.w3.org/TR/filter-effects-1/#huerotateEquivalent.
    """
    if pixels.shape[2] == 1 or degrees % 360 == 0:
        return pixels
    angle = np.radians(degrees)
    return _mixed(pixels, _HUE_KEPT + np.cos(angle) * _HUE_COSINE + np.sin(angle) * _HUE_SINE)


@image_filter(
    cost=Cost(pixel=0.5, fixed=15, grey=0.02),
    memory=3,
    smooth=lambda amount: amount <= _SMOOTH,
    example="saturation:150",
    reach=0,
)
def saturation(
    pixels: Pixels,
    amount: Annotated[float, ranged(0, 400, "Percent; 0 is grey, 100 changes nothing")] = 150.0,
) -> Pixels:
    """More colour, or less.

    Luma + amount × (pixel - luma), so 0 equals `grayscale`. As Pillow's `ImageEnhance.Color`.
    Source: https://pillow.readthedocs.io/en/stable/reference/ImageEnhance.html.
    """
    if pixels.shape[2] == 1:
        return pixels
    share = amount / 100
    return _mixed(pixels, share * np.eye(3) + (1 - share) * _LUMA)


@image_filter(cost=Cost(pixel=6.4, fixed=40, grey=0.02), memory=4.5, example="vibrance:40", reach=0)
def vibrance(
    pixels: Pixels,
    amount: Annotated[float, ranged(-100, 100, "Percent; below 0 fades pale colours first")] = 40.0,
) -> Pixels:
    """More colour where there is little, so that skin and strong colours stay calm.

    As `saturation` by 1 + amount × (1 - s), where s = (largest - smallest channel) / 255 of the pixel.
    Source: https://helpx.adobe.com/photoshop/using/adjust-vibrance.html (the idea; the formula is ours).
    """
    if pixels.shape[2] == 1:
        return pixels
    gains = (1 + amount / 100 * (1 - np.arange(256) / 255)).astype(np.float32)
    return by_rows(pixels, lambda part: _enriched(part, gains))


def _enriched(pixels: Pixels, gains: NDArray[np.float32]) -> Pixels:
    """Each pixel's distance from its luma × the gain for its spread."""
    planes, luma = cv2.split(pixels), grey(pixels)[:, :, 0]
    spread = cv2.subtract(cv2.max(cv2.max(*planes[:2]), planes[2]), cv2.min(cv2.min(*planes[:2]), planes[2]))
    gain = cv2.LUT(spread, gains.reshape(1, 256)).reshape(luma.shape)
    moved = [cv2.multiply(cv2.subtract(plane, luma, dtype=cv2.CV_16S), gain, dtype=cv2.CV_32F) for plane in planes]
    return cv2.merge([cv2.add(luma, distance, dtype=cv2.CV_8U) for distance in moved])


def _gained(pixels: Pixels, gains: NDArray[Any]) -> Pixels:
    """Linear light of red, green, blue times gains that are scaled to keep the luminance of grey."""
    gains = gains / np.dot(gains, LUMINANCE)
    return through_table(pixels, 255 * encoded(TO_LINEAR[:, None] * gains[::-1]))


def _planck_xy(kelvin: float) -> tuple[float, float]:
    """CIE xy of a black body, 1667 to 25000 K: Kim et al., US patent 7024034."""
    t = 1000 / kelvin
    if kelvin < 4000:
        x = -0.2661239 * t**3 - 0.2343589 * t**2 + 0.8776956 * t + 0.179910
    else:
        x = -3.0258469 * t**3 + 2.1070379 * t**2 + 0.2226347 * t + 0.240390
    if kelvin < 2222:
        return x, -1.1063814 * x**3 - 1.34811020 * x**2 + 2.18555832 * x - 0.20219683
    if kelvin < 4000:
        return x, -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
    return x, 3.0817580 * x**3 - 5.87338670 * x**2 + 3.75112997 * x - 0.37001483


_XYZ_TO_RGB = np.array(
    ((3.2404542, -1.5371385, -0.4985314), (-0.9692660, 1.8760108, 0.0415560), (0.0556434, -0.2040259, 1.0572252))
)
_MIRED_OF_WHITE = 1e6 / 6504


def _planck_rgb(mired: float) -> NDArray[np.float64]:
    x, y = _planck_xy(1e6 / mired)
    return _XYZ_TO_RGB @ (x / y, 1, (1 - x - y) / y)


@image_filter(
    cost=Cost(pixel=3.1, fixed=20), memory=3, color=True, smooth=True, by_value=True, example="temperature:30", reach=0
)
def temperature(
    pixels: Pixels, shift: Annotated[float, ranged(-100, 100, "Mired; above 0 warmer, below 0 colder")] = 30.0
) -> Pixels:
    """Warmer or colder light.

    White moves along the black-body curve from 6504 K by `shift` mired (a warming filter 81A has 18, an 85 has 112),
    as gains in linear light that keep the luminance of grey.
    Source: https://en.wikipedia.org/wiki/Planckian_locus#Approximation, https://en.wikipedia.org/wiki/Mired.
    """
    return _gained(pixels, _planck_rgb(_MIRED_OF_WHITE + shift) / _planck_rgb(_MIRED_OF_WHITE))


@image_filter(
    cost=Cost(pixel=3.1, fixed=20), memory=3, color=True, smooth=True, by_value=True, example="tint:30", reach=0
)
def tint(
    pixels: Pixels, amount: Annotated[float, ranged(-100, 100, "Percent; above 0 magenta, below 0 green")] = 30.0
) -> Pixels:
    """Towards magenta or green, across `temperature`.

    Green light × 2^(-amount / 100), then all gains scaled to keep the luminance of grey.
    Source: https://en.wikipedia.org/wiki/Color_balance (gains in linear light).
    """
    return _gained(pixels, np.array((1, 2 ** (-amount / 100), 1)))


@image_filter(cost=Cost(pixel=0.2, fixed=5), memory=3, smooth=True, by_value=True, example="invert", reach=0)
def invert(pixels: Pixels) -> Pixels:
    """Negative: 255 minus each value.

    Source: https://docs.opencv.org/4.x/d2/de8/group__core__array.html (bitwise_not).
    """
    return cv2.bitwise_not(pixels)


Channel = Literal["red", "green", "blue", "alpha", "hue", "saturation", "value", "luma"]
_BGR = ("blue", "green", "red")
_HSV = ("hue", "saturation", "value")


def _channel_left(name: Channel) -> Left:
    """Dark colours have a hue and a saturation of noise; most pictures are opaque."""
    if name == "alpha":
        return Left(lossy=0.05, exact=0.05)
    return Left(lossy=0.6, raises=0.5) if name in {"hue", "saturation"} else Left()


@image_filter(
    cost=lambda name: Cost(pixel=2.2 if name in _HSV else 0.5, fixed=15, grey=0.2),
    gives=1,
    detail=_channel_left,
    memory=3.5,
    alpha="own",
    example="channel:green",
    reach=0,
)
def channel(
    pixels: Pixels, name: Annotated[Channel, doc("Which one; hue, saturation and value are those of HSV")] = "red"
) -> Pixels:
    """One channel as grey.

    `hue` is scaled to 0 to 255. `alpha` gives an opaque picture, white where there is no alpha; the others keep alpha.
    Source: https://docs.opencv.org/4.x/de/d25/imgproc_color_conversions.html.
    """
    if name == "alpha":
        return pixels[:, :, 3:].copy() if pixels.shape[2] == 4 else np.full((*pixels.shape[:2], 1), 255, np.uint8)
    plane = by_rows(pixels, lambda part: _plane(part, name))
    return cv2.merge([plane, plane, plane, pixels[:, :, 3]]) if pixels.shape[2] == 4 else plane


def _plane(pixels: Pixels, name: str) -> Pixels:
    if pixels.shape[2] == 1:
        return np.zeros_like(pixels) if name in {"hue", "saturation"} else pixels
    if name == "luma":
        return grey(pixels)
    if name in _BGR:
        return cv2.extractChannel(pixels, _BGR.index(name))
    hsv = cv2.cvtColor(np.ascontiguousarray(pixels[:, :, :3]), cv2.COLOR_BGR2HSV_FULL)
    return cv2.extractChannel(hsv, _HSV.index(name))
