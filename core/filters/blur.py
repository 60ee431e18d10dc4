"""Blurs: filters that mix a pixel with its neighbours."""

import math
from functools import cache
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from core.cost import Cost
from core.detail import Left
from core.findings.coverage import EVERYWHERE
from core.imaging.alpha import premultiplied, straight
from core.imaging.bilateral import smoothed
from core.imaging.light import in_light
from core.imaging.pixels import by_rows
from core.imaging.spectrum import Numbers, gaussian, gaussian_cost, gaussian_reach, multiplied
from core.language.values import doc, odd, ranged
from core.picture import Pixels
from core.registry import image_filter

_HUGE = 1e30
_NYQUIST = 0.5
"""Cycles a pixel: the finest pattern that a grid of pixels can hold."""


def half_of_kernel(kernel: int, **_: Any) -> float:
    """How far a square reaches from the pixel in its middle, pixels."""
    return kernel // 2


def _blurred(kernel: float) -> Left:
    return Left(lossy=1 / (1 + kernel / 12), exact=max(0.4, 1 / (1 + kernel / 50)))


def _blur_cost(kernel: int, linear: bool, **_: Any) -> Cost:
    if linear:
        return Cost(pixel=5 + 4.1 * kernel, fixed=100, alpha=25.0)
    return Cost(pixel=3 + 0.42 * kernel, fixed=20 + 9 * kernel)


def _wide(kernel: int, sigma: float = 0.0, **_: Any) -> bool:
    return kernel >= 5 and not 0 < sigma < 1


_WIDE_ENOUGH = {2: 1.0, 4: 1.3, 8: 1.3}
"""By the share of the size: deviation, smaller pixels, from which on decoding at it takes away what the blur would."""
_WHOLE = 5.0
"""Sides of a kernel, deviations, from which on little is cut off; one of less leaves fine detail, as a mean does."""
_BY_SCALING = 0.2
"""Variance, smaller pixels squared, of decoding at a part of the size and enlarging linearly: nearest to the blur."""


def _smaller(scale: int, kernel: int, sigma: float, linear: bool) -> dict[str, Any] | None:
    """The parameters for a picture at 1/`scale`: what is left of the variance."""
    weights = cv2.getGaussianKernel(kernel, sigma, cv2.CV_64F)[:, 0]
    variance = float(weights @ (np.arange(kernel) - kernel // 2) ** 2)
    wide = variance >= (_WIDE_ENOUGH[scale] * scale) ** 2
    if linear or not wide or kernel < _WHOLE * math.sqrt(variance):
        return None
    reach = math.ceil(kernel // 2 / scale)
    return {"kernel": 2 * reach + 1, "sigma": math.sqrt(variance / scale**2 - _BY_SCALING), "linear": False}


@image_filter(
    cost=_blur_cost,
    detail=lambda kernel, **_: _blurred(kernel),
    memory=2.5,
    alpha="premultiply",
    smooth=True,
    averages=_wide,
    smaller=_smaller,
    example="blur:15",
    reach=half_of_kernel,
)
def blur(
    pixels: Pixels,
    kernel: Annotated[int, odd(1, 99, "Side of the square that is averaged, pixels; odd")] = 15,
    sigma: Annotated[float, ranged(0, 50, "Standard deviation, pixels; 0 derives it from the kernel")] = 0.0,
    linear: Annotated[bool, doc("Mix light, not the values that stand for it: lights glow, as out of focus")] = False,
) -> Pixels:
    """Gaussian blur.

    With sigma 0 it is 0.3 × ((kernel - 1) × 0.5 - 1) + 0.8, as in OpenCV, which takes fixed weights in place of that
    for kernels of 3 (1 2 1), 5 (1 4 6 4 1), 7 (2 7 14 18 …) and 9 (4 13 30 51 60 …): at most 8 levels apart from it.
    Source: https://docs.opencv.org/4.x/d4/d86/group__imgproc__filter.html (GaussianBlur, getGaussianKernel).
    """
    # GaussianBlur itself rounds its kernel to 8 bits, and takes longer: 1.1 times at 15×15, 1.8 at 99×99
    line = cv2.getGaussianKernel(kernel, sigma, cv2.CV_32F)
    if not linear:
        return cv2.sepFilter2D(pixels, -1, line, line)

    def blurred(part: Pixels) -> Pixels:
        return premultiplied(in_light(straight(part), lambda light: cv2.sepFilter2D(light, -1, line, line)))

    return by_rows(pixels, blurred, halo=kernel // 2)


@image_filter(
    cost=lambda kernel: Cost(pixel=2.9 + 0.009 * kernel, fixed=60),
    detail=_blurred,
    memory=2.5,
    alpha="premultiply",
    smooth=True,
    averages=_wide,
    example="box:9",
    reach=half_of_kernel,
)
def box(
    pixels: Pixels,
    kernel: Annotated[int, odd(1, 255, "Side of the square that is averaged, pixels; odd")] = 9,
) -> Pixels:
    """Box blur: the plain mean of a square.

    Source: https://docs.opencv.org/4.x/d4/d86/group__imgproc__filter.html (blur).
    """
    return cv2.blur(pixels, (kernel, kernel))


@image_filter(
    cost=lambda kernel: Cost(pixel={1: 0.2, 3: 0.8, 5: 3.4}.get(kernel, 66 + 400 / kernel), fixed=50, grey=0.33),
    detail=_blurred,
    memory=4.5,
    alpha="premultiply",
    smooth=True,
    example="median:5",
    reach=half_of_kernel,
)
def median(
    pixels: Pixels, kernel: Annotated[int, odd(1, 99, "Side of the square that is looked at, pixels; odd")] = 5
) -> Pixels:
    """Median: removes specks and keeps edges.

    Each channel by itself. Source: https://docs.opencv.org/4.x/d4/d86/group__imgproc__filter.html (medianBlur).
    """
    return cv2.medianBlur(pixels, kernel)


def _bilateral_cost(diameter: int, **_: Any) -> Cost:
    return Cost(pixel=max(5.0, 1.73 * diameter**2 - 10), fixed=5 * diameter**2, grey=0.32)


@image_filter(
    cost=_bilateral_cost,
    detail=Left(lossy=0.65, exact=0.9),
    memory=4.5,
    alpha="fill",
    revision=2,
    example="bilateral:9,75,75",
    reach=lambda diameter, **_: diameter // 2,
)
def bilateral(
    pixels: Pixels,
    diameter: Annotated[int, odd(3, 25, "Width of the neighbourhood, pixels; odd")] = 9,
    color: Annotated[
        float, ranged(1, 255, "How different a neighbour may be, standard deviation, levels over all three channels")
    ] = 75.0,
    space: Annotated[float, ranged(1, 255, "How far away a neighbour may be, standard deviation, pixels")] = 75.0,
) -> Pixels:
    """Bilateral smoothing: flat areas become smooth, edges stay.

    Source: Tomasi and Manduchi, "Bilateral filtering for gray and color images", 1998;
    https://docs.opencv.org/4.x/d4/d86/group__imgproc__filter.html (bilateralFilter).
    """
    return smoothed(pixels, diameter, color, space)


_BY_FOURIER = 50
"""Weights from which on `filter2D` may take the way over frequencies: its roundings then depend on every pixel."""


def _motion_cost(length: float, angle: float) -> Cost:
    weights = _line(length, angle)
    if weights.size < _BY_FOURIER:
        return Cost(pixel=0.5 + 0.6 * int(np.count_nonzero(weights)), fixed=100)
    return Cost(pixel=31, fixed=3000) if min(weights.shape) == 1 else Cost(pixel=108, fixed=60 * length)


def _motion_reach(length: float, angle: float, **_: Any) -> float:
    return EVERYWHERE if _line(length, angle).size >= _BY_FOURIER else math.ceil(length / 2)


@image_filter(
    cost=_motion_cost,
    detail=lambda length, **_: _blurred(length / 3),
    memory=4,
    alpha="premultiply",
    smooth=True,
    revision=2,
    example="motion_blur:15,30",
    reach=_motion_reach,
)
def motion_blur(
    pixels: Pixels,
    length: Annotated[float, ranged(1, 150, "Length of the movement, pixels")] = 15.0,
    angle: Annotated[float, ranged(-360, 360, "Direction of the movement, degrees clockwise from the right")] = 0.0,
) -> Pixels:
    """Motion blur: as if the camera had moved while the shutter was open.

    The mean along a line of one pixel's width through the pixel, each neighbour weighted by how much of it the line
    covers. Source: https://docs.opencv.org/4.x/d4/d86/group__imgproc__filter.html (filter2D).
    """
    return cv2.filter2D(pixels, -1, _line(length, angle))


def _line(length: float, angle: float) -> NDArray[np.float32]:
    """A line through the middle of an odd rectangle, as small as holds it, as weights that sum to 1."""
    reach = int(np.ceil((length - 1) / 2))
    down, across = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    along, beside = np.abs(across * cos + down * sin), np.abs(down * cos - across * sin)
    weights = np.clip((length + 1) / 2 - along, 0, 1) * np.clip(1 - beside, 0, 1)
    rows, columns = (np.flatnonzero(weights.any(axis=axis)) for axis in (1, 0))
    weights = weights[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return (weights / weights.sum()).astype(np.float32)


def _denoise_cost(search: int, **_: Any) -> Cost:
    return Cost(pixel=105 + 5.5 * search**2, fixed=2000, grey=0.42)


@image_filter(
    cost=_denoise_cost,
    detail=Left(lossy=0.7, exact=0.75),
    memory=7,
    alpha="fill",
    revision=2,
    example="denoise:10",
    reach=lambda search, **_: search // 2 + 3,
)
def denoise(
    pixels: Pixels,
    strength: Annotated[float, ranged(0.1, 50, "How much brightness noise is removed, levels")] = 10.0,
    color: Annotated[float, ranged(0.1, 50, "How much colour noise is removed, levels; grey has none")] = 10.0,
    search: Annotated[int, odd(3, 35, "Side of the square that is searched for like patches, pixels; odd")] = 21,
) -> Pixels:
    """Remove noise by averaging patches that look alike (slow).

    Patches are 7×7 pixels; the work grows with the square of `search`. Brightness is the L of CIE Lab.
    Source: Buades, Coll and Morel, "Non-Local Means Denoising", 2011, https://doi.org/10.5201/ipol.2011.bcm_nlm;
    https://docs.opencv.org/4.x/d1/d79/group__photo__denoise.html.
    """
    if pixels.shape[2] == 1:
        to_lightness, to_grey = _lightness()
        return cv2.LUT(cv2.fastNlMeansDenoising(cv2.LUT(pixels, to_lightness), None, strength, 7, search), to_grey)
    return cv2.fastNlMeansDenoisingColored(pixels, None, strength, color, 7, search)


@cache
def _lightness() -> tuple[Pixels, Pixels]:
    """What OpenCV's denoising of colours makes of grey: the lightness of each value, the value of each lightness."""
    values = np.arange(256, dtype=np.uint8).reshape(1, 256, 1)
    lab = cv2.cvtColor(cv2.cvtColor(values, cv2.COLOR_GRAY2BGR), cv2.COLOR_LBGR2Lab)
    neutral = np.full_like(values, 128)
    back = cv2.cvtColor(cv2.merge([values, neutral, neutral]), cv2.COLOR_Lab2LBGR)
    return cv2.extractChannel(lab, 0), cv2.cvtColor(back, cv2.COLOR_BGR2GRAY)


_SMOOTH = 30
"""Cutoff, percent, up to which a Gaussian of the frequency is one of the pixels too; above that it is too narrow."""


def _lowpass_cost(cutoff: float, kind: str, **_: Any) -> Cost:
    if kind != "gaussian" or cutoff > _SMOOTH:
        return Cost(pixel=44, fixed=800)
    return gaussian_cost(1 / (2 * np.pi * cutoff / 100 * _NYQUIST))


def _lowpass_reach(cutoff: float, kind: str, **_: Any) -> float:
    smooth = kind == "gaussian" and cutoff <= _SMOOTH
    return gaussian_reach(1 / (2 * np.pi * cutoff / 100 * _NYQUIST)) if smooth else EVERYWHERE


def _lowpass_memory(cutoff: float, kind: str, **_: Any) -> float:
    return 4 if kind == "gaussian" and cutoff <= _SMOOTH else 6


@image_filter(
    cost=_lowpass_cost,
    detail=lambda cutoff, **_: Left(lossy=min(1.0, 0.13 * cutoff**0.45), exact=min(1.0, 0.45 * cutoff**0.18)),
    memory=_lowpass_memory,
    alpha="premultiply",
    smooth=True,
    example="lowpass:10",
    reach=_lowpass_reach,
)
def lowpass(
    pixels: Pixels,
    cutoff: Annotated[float, ranged(0.1, 100, "Cutoff frequency, percent of Nyquist (half a cycle a pixel)")] = 10.0,
    kind: Annotated[
        Literal["gaussian", "ideal", "butterworth"], doc("Form of the frequency response; ideal rings at edges")
    ] = "gaussian",
    order: Annotated[int, ranged(1, 10, "Steepness of butterworth; unused by the others")] = 2,
) -> Pixels:
    """Keep coarse structures and drop fine ones.

    With the distance f from frequency 0 and the cutoff c, in cycles a pixel, the response is exp(-f² / 2c²) for
    gaussian, 1 up to c and 0 above for ideal, 1 / (1 + (f / c)^(2 × order)) for butterworth. A Gaussian up to 30 is
    done in space, where it is a blur with a standard deviation of 1 / 2πc pixels; all else by Fourier transform.
    Source: Gonzalez and Woods, "Digital Image Processing", 4th edition, §4.8.
    """
    limit = cutoff / 100 * _NYQUIST
    if kind == "gaussian" and cutoff <= _SMOOTH:
        return gaussian(pixels, 1 / (2 * np.pi * limit))

    def response(down: Numbers, across: Numbers) -> Numbers:
        square = (down**2 + across**2) / np.float32(limit**2)
        if kind == "ideal":
            return (square <= 1).astype(np.float32)
        if kind == "gaussian":
            return np.exp(-square / 2)
        return (1 / (1 + np.minimum(square, _HUGE ** (1 / order)) ** order)).astype(np.float32)

    return multiplied(pixels, response, reach=4 / limit)
