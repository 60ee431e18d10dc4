"""Filters in frequency, lean: a channel at a time, and a Gaussian in space, where it needs no transform at all."""

import math
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.cost import Cost
from core.picture import Pixels

Numbers = NDArray[np.float32]
Response = Callable[[Numbers, Numbers], Numbers]
"""Frequencies down and across, cycles a pixel, to a real factor, alike for (down, across) and its negative."""

_DIRECT = 8.0
"""Standard deviation, pixels, up to which a Gaussian is done at full size."""
_ROWS = 128
_FADE = 256


def gaussian_reach(sigma: float) -> float:
    """How far away a pixel may be that changes one of the result of `gaussian`, pixels, at any size of the picture."""
    return math.ceil(4 * sigma) if sigma <= _DIRECT else math.ceil(6 * sigma)  # on a smaller picture: 5.75


def gaussian_cost(sigma: float) -> Cost:
    """What `gaussian` takes."""
    return Cost(pixel=1.5 + 4.8 * sigma if sigma <= _DIRECT else 6.8, fixed=150)


def gaussian(pixels: Pixels, sigma: float) -> Pixels:
    """Gaussian blur of any standard deviation, pixels, at a bounded cost: a wide one is done on a smaller picture.

    Source of the idea: Burt and Adelson, "The Laplacian Pyramid as a Compact Image Code", 1983.
    """
    height, width = pixels.shape[:2]
    factor = int(sigma // (_DIRECT / 2)) if sigma > _DIRECT else 1
    small = (max(1, width // factor), max(1, height // factor))
    if factor == 1:
        return _blurred(pixels, sigma, sigma)
    across, down = (_rest(sigma, side / less) for side, less in zip((width, height), small, strict=True))
    shrunk = _blurred(cv2.resize(pixels, small, interpolation=cv2.INTER_AREA), across, down)
    return cv2.resize(shrunk, (width, height), interpolation=cv2.INTER_LINEAR)


def _rest(sigma: float, factor: float) -> float:
    """What the small picture is blurred by: the two scalings blur too (a box's variance, then a triangle's)."""
    spread = (factor**2 - 1) / 12 + (factor**2 - 1) / 6
    return float(np.sqrt(max(sigma**2 - spread, 0.01)) / factor)


def _blurred(pixels: Pixels, across: float, down: float) -> Pixels:
    """Gaussian of at least four standard deviations to each side; in 8 bits OpenCV's own choice is three."""
    wide, high = (2 * int(np.ceil(4 * sigma)) + 1 for sigma in (across, down))
    return cv2.GaussianBlur(pixels, (wide, high), across, sigmaY=down, borderType=cv2.BORDER_REFLECT)


def multiplied(pixels: Pixels, response: Response, reach: float) -> Pixels:
    """Each channel's spectrum times `response`; the picture goes on mirrored for at least `reach` pixels.

    A discrete Fourier transform wraps round, so the mirror images of opposite edges fade into one another there.
    """
    height, width, channels = pixels.shape
    more = min(int(np.ceil(reach)), _FADE)
    result = np.empty_like(pixels)
    plane = np.empty([cv2.getOptimalDFTSize(side + more) for side in (height, width)], np.float32)
    for channel in range(channels):
        plane[:height, :width] = pixels[:, :, channel]
        _continue(plane[:height], width)
        _continue(plane.T, height)
        cv2.dft(plane, plane)
        _multiply(plane, response)
        cv2.dft(plane, plane, flags=cv2.DFT_INVERSE | cv2.DFT_SCALE)
        result[:, :, channel] = cv2.add(plane[:height, :width], 0, dtype=cv2.CV_8U).reshape(height, width)
    return result


def _continue(plane: Numbers, side: int) -> None:
    """Fill the columns from `side` on: the mirror image of the last ones, halfway faded into that of the first ones."""
    steps = np.arange(plane.shape[1] - side)
    weights = np.clip(2 * (steps + 1) / (len(steps) + 1) - 0.5, 0, 1).astype(np.float32)
    after, before = _folded(side + steps, side), _folded(steps - len(steps), side)
    for index, weight in enumerate(weights):
        plane[:, side + index] = (1 - weight) * plane[:, after[index]] + weight * plane[:, before[index]]


def _folded(index: NDArray[Any], side: int) -> NDArray[Any]:
    """Where an index outside of 0 to `side` - 1 falls in the picture mirrored at its edges, again and again."""
    wrapped = index % (2 * side)
    return np.minimum(wrapped, 2 * side - 1 - wrapped)


def _multiply(plane: Numbers, response: Response) -> None:
    """A packed spectrum times `response`, in place.

    OpenCV packs real spectra: columns 2k - 1 and 2k hold the real and imaginary part of frequency k; in column 0, and
    in the last one of an even width, they lie under one another in the same order.
    Source: https://docs.opencv.org/4.x/d2/de8/group__core__array.html (dft).
    """
    height, width = plane.shape
    across = ((np.arange(width) + 1) // 2 / width).astype(np.float32)
    down = np.fft.fftfreq(height).astype(np.float32)[:, None]
    packed = ((np.arange(height) + 1) // 2 / height).astype(np.float32)
    paired = slice(1, width - 1 + width % 2)
    for top in range(0, height, _ROWS):
        rows = slice(top, top + _ROWS)
        plane[rows, paired] *= response(down[rows], across[paired])
    for column in {0, width - 1 if width % 2 == 0 else 0}:
        plane[:, column] *= response(packed, across[column])
