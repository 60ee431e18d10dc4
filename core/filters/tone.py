"""Tone: filters that map each value by a fixed curve."""

from typing import Annotated, Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from core.cost import Cost
from core.errors import BadParameterError
from core.imaging.pixels import through_table
from core.imaging.srgb import TO_LINEAR, encoded
from core.language.values import Length, Point, doc, ranged
from core.picture import Pixels
from core.registry import image_filter

_VALUES = np.arange(256, dtype=np.float64)
_SMOOTH = 150
"""Percent up to which small differences grow without notice."""


@image_filter(
    cost=Cost(pixel=1.6, fixed=20),
    memory=3,
    smooth=lambda amount: amount <= _SMOOTH,
    by_value=True,
    example="brightness:130",
    reach=0,
)
def brightness(
    pixels: Pixels, amount: Annotated[float, ranged(0, 1000, "Percent; 0 is black, 100 changes nothing")] = 130.0
) -> Pixels:
    """Lighter or darker.

    Each value × amount. Source: https://www.w3.org/TR/filter-effects-1/#brightnessEquivalent.
    """
    return through_table(pixels, _VALUES * amount / 100)


@image_filter(
    cost=Cost(pixel=1.6, fixed=20),
    memory=3,
    smooth=lambda amount: amount <= _SMOOTH,
    by_value=True,
    example="contrast:130",
    reach=0,
)
def contrast(
    pixels: Pixels, amount: Annotated[float, ranged(0, 1000, "Percent; 0 is grey, 100 changes nothing")] = 130.0
) -> Pixels:
    """Larger or smaller differences of light.

    The distance of each value from the middle, 127.5, × amount.
    Source: https://www.w3.org/TR/filter-effects-1/#contrastEquivalent.
    """
    return through_table(pixels, 127.5 + (_VALUES - 127.5) * amount / 100)


@image_filter(cost=Cost(pixel=1.6, fixed=20), memory=3, by_value=True, example="gamma:1.5", reach=0)
def gamma(
    pixels: Pixels, amount: Annotated[float, ranged(0.1, 10, "Exponent's inverse; above 1 lifts the shadows")] = 1.5
) -> Pixels:
    """Lighter or darker middle tones; black and white stay.

    255 × (value / 255) ^ (1 / amount), as ImageMagick's `-gamma`.
    Source: https://imagemagick.org/script/command-line-options.php#gamma.
    """
    return through_table(pixels, 255 * (_VALUES / 255) ** (1 / amount))


@image_filter(cost=Cost(pixel=1.6, fixed=30), memory=3, by_value=True, example="exposure:0.7", reach=0)
def exposure(pixels: Pixels, stops: Annotated[float, ranged(-8, 8, "Stops (EV); 1 doubles the light")] = 0.7) -> Pixels:
    """More or less light, as a longer or shorter exposure.

    Linear light × 2 ^ stops. Source: https://en.wikipedia.org/wiki/Exposure_value, IEC 61966-2-1.
    """
    return through_table(pixels, 255 * encoded(TO_LINEAR * 2.0**stops))


@image_filter(cost=Cost(pixel=1.6, fixed=50), memory=3, by_value=True, example="levels:20,235,1.2", reach=0)
def levels(
    pixels: Pixels,
    black: Annotated[float, ranged(0, 255, "Value that becomes black")] = 20.0,
    white: Annotated[float, ranged(0, 255, "Value that becomes white; above `black`")] = 235.0,
    gamma: Annotated[float, ranged(0.1, 10, "Exponent's inverse; above 1 lifts the shadows")] = 1.0,
    low: Annotated[float, ranged(0, 255, "Value that black is written as")] = 0.0,
    high: Annotated[float, ranged(0, 255, "Value that white is written as")] = 255.0,
) -> Pixels:
    """Black point, white point and middle tones.

    low + (high - low) × clip((value - black) / (white - black)) ^ (1 / gamma). Errors: 400 where white ≤ black.
    Source: https://docs.gimp.org/en/gimp-tool-levels.html.
    """
    if white <= black:
        raise BadParameterError("levels.white", f"above black ({black:g})", f"{white:g}")
    with np.errstate(over="ignore"):  # between two points that are as good as one
        share = np.clip((_VALUES - black) / (white - black), 0, 1) ** (1 / gamma)
    return through_table(pixels, low + (high - low) * share)


def _points(*values: tuple[int, int]) -> tuple[Point, ...]:
    return tuple(Point(Length(float(x)), Length(float(y))) for x, y in values)


@image_filter(
    cost=Cost(pixel=1.6, fixed=300), memory=3.5, by_value=True, example="curves:0:0+64:48+192:208+255:255", reach=0
)
def curves(
    pixels: Pixels,
    points: Annotated[tuple[Point, ...], doc("Value before:after, 0 to 255 or percent, each before once")] = _points(
        (0, 0), (64, 48), (192, 208), (255, 255)
    ),
    channel: Annotated[Literal["all", "red", "green", "blue"], doc("What the curve changes")] = "all",
) -> Pixels:
    """A tone curve through points.

    Monotone between neighbours (no overshoot), flat before the first and after the last point.
    Source: Fritsch and Carlson, "Monotone Piecewise Cubic Interpolation", SIAM J. Numer. Anal. 17, 1980.
    """
    xs, ys = _knots(points)
    curve = monotone(xs, ys, _VALUES)
    if channel == "all":
        return through_table(pixels, curve)
    table = np.stack([_VALUES] * 3, axis=1)
    table[:, ("blue", "green", "red").index(channel)] = curve
    return through_table(pixels if pixels.shape[2] == 3 else cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR), table)


def _knots(points: tuple[Point, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The points from left to right; BadParameterError where they are no curve."""
    expected = "at least two points with values from 0 to 255, each value before only once"
    pairs = np.array(sorted(point.of(255, 255) for point in points)).reshape(-1, 2)
    if len(pairs) < 2 or pairs.min() < 0 or pairs.max() > 255 or (np.diff(pairs[:, 0]) < 1e-3).any():
        raise BadParameterError("curves.points", expected, "+".join(map(str, points)))
    return pairs[:, 0], pairs[:, 1]


def monotone(xs: NDArray[np.float64], ys: NDArray[np.float64], at: NDArray[Any]) -> NDArray[np.float64]:
    """The Fritsch-Carlson curve through (xs, ys), xs rising, at the given places; flat outside."""
    steps, slopes = np.diff(xs), np.diff(ys) / np.diff(xs)
    tangents = _tangents(slopes)
    at = np.clip(at, xs[0], xs[-1])
    piece = np.clip(np.searchsorted(xs, at, side="right") - 1, 0, len(steps) - 1)
    width, t = steps[piece], (at - xs[piece]) / steps[piece]
    cubic = (1 + 2 * t) * (1 - t) ** 2 * ys[piece] + t**2 * (3 - 2 * t) * ys[piece + 1]
    return cubic + width * t * (1 - t) * ((1 - t) * tangents[piece] - t * tangents[piece + 1])


def _tangents(slopes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slopes at the points: means of the neighbours, 0 at turning points, then limited so that no piece overshoots."""
    tangents = np.concatenate([slopes[:1], (slopes[:-1] + slopes[1:]) / 2, slopes[-1:]])
    tangents[1:-1][slopes[:-1] * slopes[1:] <= 0] = 0
    for piece, slope in enumerate(slopes):
        if slope == 0:
            tangents[piece : piece + 2] = 0
            continue
        length = np.hypot(*(tangents[piece : piece + 2] / slope))
        if length > 3:
            tangents[piece : piece + 2] *= 3 / length
    return tangents
