"""How a picture is mapped to a network's input and back: OpenCV resizes, the graph does the rest."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from core.findings.matrices import Matrix
from core.imaging.alpha import flattened
from core.imaging.pixels import three_axes
from core.models.model import Input
from core.picture import Pixels, Size

REVISION = 3
"""Revision of what a network is shown of a picture: its predictions depend on it."""
_WHITE = (255, 255, 255)
_KERNELS = {"linear": cv2.INTER_LINEAR, "area": cv2.INTER_AREA, "nearest": cv2.INTER_NEAREST_EXACT}
_HALVED = 3
"""A picture that many times as large as the input on both sides is halved before means of areas are taken."""


class Fit(NamedTuple):
    """Where a picture lies in a network's input of `size`.

    `window` (left, top, right, bottom) of the picture fills `filled` pixels at the input's top left; the rest is
    padding.
    """

    size: Size
    window: tuple[int, int, int, int]
    filled: Size

    @property
    def matrix(self) -> Matrix:
        """Network's input to picture, 3×3, edge coordinates."""
        left, top, right, bottom = self.window
        across, down = (right - left) / self.filled.width, (bottom - top) / self.filled.height
        return np.array([[across, 0, left], [0, down, top], [0, 0, 1]], np.float64)


def fitted(pixels: Pixels, about: Input) -> tuple[Pixels, Fit]:
    """The pixels (grey, BGR or BGRA) as BGR, height × width × 3, of the network's size, and where they lie in it."""
    fit = fit_of(Size(pixels.shape[1], pixels.shape[0]), about)
    image = np.empty((fit.size.height, fit.size.width, 3), np.uint8)
    _fill(image, pixels, fit, about)
    return image, fit


def fitted_rows(parts: Sequence[Pixels], about: Input) -> Pixels:
    """The parts as `fitted` would give them, one below the other as rows of one tensor; not for `dynamic` inputs."""
    width, height = about.size
    rows = np.empty((len(parts), height, width, 3), np.uint8)
    for row, pixels in zip(rows, parts, strict=True):
        _fill(row, pixels, fit_of(Size(pixels.shape[1], pixels.shape[0]), about), about)
    return rows


def shown(pixels: Pixels, size: Size, about: Input) -> Pixels:
    """All of the pixels (grey, BGR or BGRA) at another size, scaled as for the network; grey or BGR."""
    return three_axes(_scaled(flattened(pixels, _WHITE), size, about))


def _fill(image: Pixels, pixels: Pixels, fit: Fit, about: Input) -> None:
    left, top, right, bottom = fit.window
    seen = flattened(pixels[top:bottom, left:right], _WHITE)
    if fit.filled == fit.size:
        _scale_into(image, seen, about)
    else:
        image[fit.filled.height :] = image[:, fit.filled.width :] = about.fill
        _scale_into(image[: fit.filled.height, : fit.filled.width], seen, about)


def fit_of(size: Size, about: Input) -> Fit:
    """Where a picture of this size lies."""
    whole = (0, 0, size.width, size.height)
    if about.dynamic:
        filled = _scaled_size(size, min(1.0, _least(size, about)))
        return Fit(_rounded_up(filled, about), whole, filled)
    target = Size(*about.size)
    if about.resize == "letterbox":
        return Fit(target, whole, _scaled_size(size, _least(size, about)))
    return Fit(target, whole if about.resize == "stretch" else _middle(size, target), target)


def _least(size: Size, about: Input) -> float:
    """The scale at which a picture just fits into the input."""
    return min(about.size[0] / size.width, about.size[1] / size.height)


def _scaled_size(size: Size, scale: float) -> Size:
    return Size(max(1, round(size.width * scale)), max(1, round(size.height * scale)))


def _rounded_up(size: Size, about: Input) -> Size:
    return Size(*(-(-side // about.multiple) * about.multiple for side in size))


def _middle(size: Size, target: Size) -> tuple[int, int, int, int]:
    """The largest part of the target's shape, in the middle."""
    scale = max(target.width / size.width, target.height / size.height)
    width, height = (max(1, min(side, round(goal / scale))) for side, goal in zip(size, target, strict=True))
    left, top = (size.width - width) // 2, (size.height - height) // 2
    return left, top, left + width, top + height


def _scale_into(target: Pixels, pixels: Pixels, about: Input) -> None:
    """Fill the target with the pixels. OpenCV writes directly into it, even though it is part of a larger array."""
    size = Size(target.shape[1], target.shape[0])
    if pixels.ndim == 2 or pixels.shape[2] == 1:
        cv2.cvtColor(_scaled(pixels, size, about), cv2.COLOR_GRAY2BGR, dst=target)
    elif pixels.shape == target.shape:
        target[:] = pixels
    else:
        _scaled(pixels, size, about, target)


def _scaled(pixels: Pixels, size: Size, about: Input, target: Pixels | None = None) -> Pixels:
    if (pixels.shape[1], pixels.shape[0]) == size:
        return pixels
    if about.interpolation == "area":
        pixels = _halved(pixels, size)
    return cv2.resize(pixels, size, dst=target, interpolation=_KERNELS[about.interpolation])


def _halved(pixels: Pixels, size: Size) -> Pixels:
    """The picture halved while it is that much larger than `size`: OpenCV has vector code for halves only."""
    while pixels.shape[1] >= _HALVED * size.width and pixels.shape[0] >= _HALVED * size.height:
        half = ((pixels.shape[1] + 1) // 2, (pixels.shape[0] + 1) // 2)
        pixels = cv2.resize(pixels, half, interpolation=cv2.INTER_LINEAR)  # of even sides the mean of each 2 × 2
    return pixels
