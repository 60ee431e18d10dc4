"""The classes: for each an outline as a polygon, turned upright, about the origin, y downwards.

Proportions vary a little (how fat a cross is, how sharp a star), so that a class is not one template.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Rng = np.random.Generator

_ROUND = 96
"""Corners of a polygon that stands for a circle: 0.2 pixels off at a radius of 350."""


def _around(count: int, radii: float | Points = 1.0, start: float = -np.pi / 2) -> Points:
    """`count` points evenly about the origin, the first one at the top."""
    angles = start + np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1) * np.reshape(radii, (-1, 1))


def _stretched(points: Points, rng: Rng, most: float = 1.2) -> Points:
    """Wider or higher by up to `most`: a triangle need not be equilateral."""
    factor = most ** rng.uniform(-0.5, 0.5)
    return points * (factor, 1 / factor)


def _circle(_: Rng) -> Points:
    return _around(_ROUND)


def _square(rng: Rng) -> Points:
    return _stretched(_around(4, start=-np.pi / 4), rng, 1.05)


def _triangle(rng: Rng) -> Points:
    return _stretched(_around(3), rng, 1.4)


def _star(rng: Rng) -> Points:
    return _around(10, np.tile([1.0, rng.uniform(0.36, 0.5)], 5))


def _heart(rng: Rng) -> Points:
    """The curve of https://mathworld.wolfram.com/HeartCurve.html, in sines and cosines."""
    t = np.linspace(0, 2 * np.pi, _ROUND, endpoint=False)
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return _stretched(np.stack([16 * np.sin(t) ** 3, -y - 2], axis=1) / 16, rng)


def _cross(rng: Rng) -> Points:
    arm = rng.uniform(0.26, 0.4)
    quarter = np.array([[-arm, -1], [arm, -1], [arm, -arm]])
    turns = [quarter, quarter[:, ::-1] * (-1, 1), -quarter, quarter[:, ::-1] * (1, -1)]
    return np.concatenate(turns)


def _arrow(rng: Rng) -> Points:
    shaft, wing, neck = rng.uniform(0.18, 0.3), rng.uniform(0.62, 0.8), rng.uniform(-0.25, 0.1)
    right = np.array([[0, -1], [wing, neck], [shaft, neck], [shaft, 1]])
    return np.concatenate([right, right[:0:-1] * (-1, 1)])


def _crescent(rng: Rng) -> Points:
    """A disc without another: tips at the angle `opening`, 1 - `depth` thick in its middle."""
    opening, depth = rng.uniform(0.7, 1.1), rng.uniform(0.3, 0.5)
    tip = np.array([np.cos(opening), np.sin(opening)])
    outer = np.linspace(opening, 2 * np.pi - opening, _ROUND // 2)
    centre = (tip @ tip - depth**2) / (2 * (tip[0] + depth))
    radius, turn = centre + depth, np.arctan2(tip[1], tip[0] - centre)
    inner = np.linspace(2 * np.pi - turn, turn, _ROUND // 2)[1:-1]
    arc = np.stack([np.cos(inner), np.sin(inner)], axis=1) * radius + (centre, 0)
    return np.concatenate([np.stack([np.cos(outer), np.sin(outer)], axis=1), arc])


OUTLINES: dict[str, Callable[[Rng], Points]] = {
    "circle": _circle,
    "square": _square,
    "triangle": _triangle,
    "star": _star,
    "heart": _heart,
    "cross": _cross,
    "arrow": _arrow,
    "crescent": _crescent,
}
LABELS = tuple(OUTLINES)


def outline(index: int, rng: Rng) -> Points:
    """The outline of class `index` at a random turn, N×2, scaled so that the longer side of its bounds is 1."""
    points = OUTLINES[LABELS[index]](rng)
    angle = rng.uniform(0, 2 * np.pi)
    cos, sin = np.cos(angle), np.sin(angle)
    turned = points @ np.array([[cos, sin], [-sin, cos]])
    low, high = turned.min(axis=0), turned.max(axis=0)
    return (turned - (low + high) / 2) / (high - low).max()
