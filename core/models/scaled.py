"""Windows of a picture that is scaled once for all of them: they overlap, and each is then only copied."""

from typing import NamedTuple

import numpy as np

from core.findings.matrices import Matrix
from core.models.fit import fit_of, shown
from core.models.model import Input
from core.models.tiles import Window
from core.picture import Pixels, Size

_LEAST = 2
"""How many times as many pixels the picture has as the scaled one, at least: that is kept beside it."""


class Placed(NamedTuple):
    """A network's input of `size`, and its coordinates in those of a window."""

    size: Size
    matrix: Matrix


class Scaled(NamedTuple):
    """A picture of `size` as a network is shown windows of it, each `filled` pixels of `pixels`."""

    pixels: Pixels
    size: Size
    filled: Size

    def cut(self, window: Window) -> tuple[Pixels, Matrix]:
        """What is shown of a window, and from its coordinates to those of the window, 3×3, edge coordinates.

        It begins on a whole pixel, up to half of one beside the window's own edge.
        """
        high, wide = self.pixels.shape[:2]
        across, down = self.size.width / wide, self.size.height / high
        left = _start(window.left, window.right, self.size.width, wide, self.filled.width)
        top = _start(window.top, window.bottom, self.size.height, high, self.filled.height)
        moved = (left * across - window.left, top * down - window.top)
        matrix = np.array([[across, 0, moved[0]], [0, down, moved[1]], [0, 0, 1]], np.float64)
        return self.pixels[top : top + self.filled.height, left : left + self.filled.width], matrix


def _start(low: int, high: int, side: int, scaled: int, length: int) -> int:
    """Where a window begins in the scaled picture: what ends at an edge does so there too."""
    return scaled - length if high == side else min(round(low * scaled / side), scaled - length)


def scaled_for(pixels: Pixels, window: Size, about: Input) -> Scaled | None:
    """The picture (grey, BGR or BGRA) at the scale at which windows of this size are shown.

    None where each is better scaled by itself: where little is left out, or only their middle is shown.
    """
    size, fit = Size(pixels.shape[1], pixels.shape[0]), fit_of(window, about)
    sides = zip(size, window, fit.filled, strict=True)
    made = Size(*(max(filled, round(side * filled / part)) for side, part, filled in sides))
    if fit.window != (0, 0, *window) or made.pixels * _LEAST > size.pixels:
        return None
    return Scaled(shown(pixels, made, about), size, fit.filled)
