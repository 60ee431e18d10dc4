"""How much there is in a picture for an encoder to write, and what a step leaves of it.

Encoders that lose something take their time for strong differences, those that keep every value for frequent ones: a
picture of two values is much work for AVIF and next to none for PNG. So there are two numbers.
"""

from collections.abc import Callable

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from core.picture import Size

_MOST_LOSSY, _MOST_EXACT = 1.8, 1.3


class Detail(msgspec.Struct, frozen=True):
    """What a picture has beside a photograph that fills its file: 0 is a plain colour.

    `lossy` goes with the bytes of a JPEG or AVIF file of it, `exact` with those of a PNG or TIFF file.
    """

    lossy: float = 1.0
    exact: float = 1.0


PHOTOGRAPH = Detail()


class Left(msgspec.Struct, frozen=True):
    """What a step leaves: the shares `lossy` and `exact` of what was there, and what comes on top of it.

    `draws` and `values` are what it draws whatever was there, of either kind; `raises` is what it makes of the noise of
    a picture that is not plain.
    """

    lossy: float = 1.0
    exact: float = 1.0
    draws: float = 0.0
    values: float = 0.0
    raises: float = 0.0

    def of(self, before: Detail) -> Detail:
        """The detail after the step."""
        noise = min(1.0, _NOISY * before.exact)
        kept = before.lossy * self.lossy
        if self.lossy > 1:
            kept = max(before.lossy, min(kept, _MOST_SHARPENED))
        lossy = kept + self.raises * noise + self.draws
        return Detail(min(lossy, _MOST_LOSSY), min(before.exact * self.exact + self.values, _MOST_EXACT))


_MOST_SHARPENED = 1.4
"""What is raised again and again ends in two values: there are no stronger differences."""
_NOISY = 2.5
"""One part of a photograph's exact detail in so many is noise enough to be raised."""

Kept = float | Left | Callable[..., float | Left]
"""What is left as it is declared: a number is the share of both kinds, or it follows from the parameters."""


def left(declared: float | Left) -> Left:
    """What is declared, in full."""
    return declared if isinstance(declared, Left) else Left(declared, declared)


_STEPS = (2, 4, 8)
"""Levels by which neighbours of a photograph differ most often."""
_MIDDLE, _WIDTH = 110.0, 60.0
"""Where the values of a photograph lie: a bell over 0 to 255."""


def left_by_table(table: NDArray[np.uint8]) -> Left:
    """What is left by replacing each value by another: of an array of 256 rows, one column a channel.

    `lossy` is how much neighbouring values still differ, `exact` how often they do.
    """
    values = table.astype(np.float32)
    lossy = exact = 0.0
    for step in _STEPS:
        apart = np.abs(values[step:] - values[:-step]).mean(axis=1)
        usual = np.exp(-0.5 * ((np.arange(len(apart)) + step / 2 - _MIDDLE) / _WIDTH) ** 2)
        usual /= usual.sum() * len(_STEPS)
        lossy += float(usual @ apart) / step
        exact += float(usual @ np.minimum(apart, 1.0))
    return Left(lossy=lossy, exact=exact)


def covered(matrix: NDArray[np.float64], before: Size, after: Size) -> tuple[float, float]:
    """How many pixels of a canvas show a picture that `matrix` (3×3, edge coordinates) moves there, and how many of it.

    All of both where it is seen from behind somewhere.
    """
    moved = matrix @ np.vstack([_corners(before).T, np.ones(4)])
    if moved[2].min() <= 0:
        return after.pixels, before.pixels
    quad = (moved[:2] / moved[2]).T.astype(np.float32)
    shown, _ = cv2.intersectConvexConvex(quad, _corners(after))
    whole = cv2.contourArea(quad)
    return shown, before.pixels * min(shown / whole, 1.0) if whole else 0.0


def _corners(size: Size) -> NDArray[np.float32]:
    return np.array([(0, 0), (size.width, 0), size, (0, size.height)], np.float32)


def left_by_moving(matrix: NDArray[np.float64], before: Size, after: Size) -> Left:
    """What is left of a picture that is moved: what scaling leaves, on as much of the canvas as shows it."""
    shown, of = covered(matrix, before, after)
    left = left_by_scaling(of, shown)
    share = shown / after.pixels
    return Left(lossy=left.lossy * share, exact=left.exact * share)


_LEAST_LOSSY, _LEAST_EXACT = 0.03, 0.15


def left_by_scaling(before: float, after: float) -> Left:
    """What is left of a picture of so many pixels that gets another size: of one that grows borders and smooth areas.

    One that shrinks has more for each pixel that is left.
    """
    share = before / max(after, 1.0)
    if share >= 1:
        return Left(lossy=share**0.35, exact=min(share, 16.0) ** 0.1)
    return Left(lossy=max(_LEAST_LOSSY, share), exact=max(_LEAST_EXACT, share**0.5))
