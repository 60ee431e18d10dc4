"""Pictures to learn from and to measure on: shapes by `tools.shapes`, single arrows, and single shapes with a style."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tools.shapes.drawing import Floats, painted
from tools.shapes.grounds import Pixels, ground
from tools.shapes.outlines import LABELS, Rng, outline

ARROW, STYLED = 64, 48
"""Sides of an arrow's picture and of a styled shape's, pixels."""
POINTS = ("tip", "tail")
STYLES = ("filled", "outlined")
_NOISE = (4.0, 25.0)
_CONTRAST = 60


class Arrow(NamedTuple):
    """A picture of one arrow; `points` 2×2: its tip and the middle of its tail, x and y in edge coordinates."""

    pixels: Pixels
    points: Floats


class Styled(NamedTuple):
    """A picture of one shape: its style, and how light its paint is, 0 to 1 (the mean of the channels)."""

    pixels: Pixels
    style: int
    lightness: float


def arrow(seed: int, side: int = ARROW) -> Arrow:
    """The arrow of this seed, filled, anywhere in its picture."""
    rng = np.random.default_rng([seed, 7])
    canvas = ground(rng, side, side, _NOISE)
    points = outline(LABELS.index("arrow"), rng) * rng.uniform(0.35, 0.85) * side
    points += _place(rng, points, side)
    painted(canvas, points, 0, _paint(canvas, points, rng))
    # the outline begins at the tip; its fourth and fifth corners are the tail's
    return Arrow(canvas, np.stack([points[0], (points[3] + points[4]) / 2]).astype(np.float32))


def styled(seed: int, side: int = STYLED) -> Styled:
    """The shape of this seed, of any class, filled or outlined, filling most of its picture as a crop of it does."""
    rng = np.random.default_rng([seed, 11])
    canvas = ground(rng, side, side, _NOISE)
    points = outline(int(rng.integers(len(LABELS))), rng) * rng.uniform(0.65, 0.95) * side
    style = int(rng.integers(2))
    stroke = max(2, round(rng.uniform(0.04, 0.12) * side)) if style else 0
    points = points * (1 - stroke / side)
    points += side / 2 - (points.min(axis=0) + points.max(axis=0)) / 2 + rng.uniform(-2, 2, 2)
    color = _paint(canvas, points, rng)
    painted(canvas, points, stroke, color)
    return Styled(canvas, style, float(np.mean(color)) / 255)


def _place(rng: Rng, points: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """An offset at which all of it lies inside."""
    low, high = points.min(axis=0), points.max(axis=0)
    place: NDArray[np.float64] = rng.uniform(-low, side - high)
    return place


def _paint(canvas: Pixels, points: NDArray[np.float64], rng: Rng) -> list[float]:
    """A colour that differs from the ground's mean by enough of some channel."""
    left, top = np.maximum(points.min(axis=0), 0).astype(int)
    right, bottom = points.max(axis=0).astype(int) + 1
    mean = canvas[top:bottom, left:right].reshape(-1, 3).mean(axis=0)
    colors = rng.uniform(0, 255, (24, 3))
    away = np.abs(colors - mean).max(axis=1)
    enough = np.flatnonzero(away >= _CONTRAST)
    return colors[enough[0] if enough.size else away.argmax()].tolist()
