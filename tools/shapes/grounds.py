"""What shapes are drawn on: a plain colour, a gradient, or either with noise."""

from statistics import NormalDist

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.shapes.outlines import Rng

Pixels = NDArray[np.uint8]

_QUANTILES = np.array([NormalDist().inv_cdf((i + 0.5) / 256) for i in range(256)])
"""Turns random bytes into normal noise: a seventh of the time of a normal generator."""


def ground(rng: Rng, width: int, height: int, noise: tuple[float, float]) -> Pixels:
    """BGR: plain, gradient, noisy plain or noisy gradient, equally often; `noise` bounds its standard deviation."""
    kind = rng.integers(4)
    canvas = _gradient(rng, width, height) if kind % 2 else _plain(rng, width, height)
    if kind < 2:
        return canvas
    canvas = speckled(canvas, rng, rng.uniform(*noise))
    return canvas if rng.random() < 0.5 else _clouded(canvas, rng, rng.uniform(*noise))


def _plain(rng: Rng, width: int, height: int) -> Pixels:
    return cv2.merge([np.full((height, width), channel, np.uint8) for channel in rng.integers(0, 256, 3)])


def _gradient(rng: Rng, width: int, height: int) -> Pixels:
    """From one colour to another along any direction."""
    angle = rng.uniform(0, 2 * np.pi)
    across = np.cos(angle) * np.linspace(-1, 1, width, dtype=np.float32)
    down = np.sin(angle) * np.linspace(-1, 1, height, dtype=np.float32)
    along = (across[None, :] + down[:, None]) / (abs(np.cos(angle)) + abs(np.sin(angle))) / 2 + 0.5
    colors = rng.uniform(0, 255, (2, 3))
    ramp = colors[0] + (colors[1] - colors[0]) * np.linspace(0, 1, 256)[:, None]
    return cv2.LUT(cv2.merge([cv2.convertScaleAbs(along, alpha=255)] * 3), ramp.round().astype(np.uint8)[None])


def speckled(canvas: Pixels, rng: Rng, sigma: float) -> Pixels:
    """With normal noise of each channel of each pixel on its own, or of all three together."""
    height, width = canvas.shape[:2]
    channels = 3 if rng.random() < 0.7 else 1
    random = np.frombuffer(rng.bytes(height * width * channels), np.uint8).reshape(height, width, channels)
    if channels == 1:
        random = cv2.merge([random] * 3)
    scaled = (_QUANTILES * sigma).round()
    lighter = cv2.LUT(random, np.maximum(scaled, 0).astype(np.uint8))
    darker = cv2.LUT(random, np.maximum(-scaled, 0).astype(np.uint8))
    return cv2.subtract(cv2.add(canvas, lighter), darker)


def _clouded(canvas: Pixels, rng: Rng, sigma: float) -> Pixels:
    """With soft blots of an eighth to a fortieth of the picture."""
    height, width = canvas.shape[:2]
    cells = rng.integers(8, 41)
    blots = rng.normal(128, sigma, (cells * height // max(width, height) + 2, cells * width // max(width, height) + 2))
    coarse = np.clip(blots, 0, 255).astype(np.uint8)
    fine = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return cv2.addWeighted(canvas, 1, cv2.merge([fine] * 3), 1, -128)
