"""Laying one picture over another.

Source: W3C, "Compositing and Blending Level 1", https://www.w3.org/TR/compositing-1/. Values are 0 to 1, alpha is
straight, and colours are mixed as they are stored (sRGB), as browsers do.
"""

from collections.abc import Callable
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from core.imaging.geometry import Box
from core.imaging.pixels import to_uint8
from core.language.values import Color
from core.picture import Pixels

Plane = NDArray[np.float32]
Blend = Callable[[Plane, Plane], Plane]
"""Backdrop and source of one channel to their mixture."""

Source = tuple[list[Any], Any]
"""Blue, green and red, and alpha: planes, or numbers where all pixels are alike."""

Mode = Literal[
    "normal", "multiply", "screen", "overlay", "darken", "lighten", "dodge", "burn", "hard_light", "soft_light",
    "difference", "exclusion",
]  # fmt: skip

_STRIPE_PIXELS = 1 << 16


def over(base: Pixels, layer: Pixels, x: int = 0, y: int = 0, *, opacity: float = 100, mode: Mode = "normal") -> Pixels:
    """`base` (BGR or BGRA) under `layer` (grey, BGR or BGRA) whose top left corner lies at (x, y).

    What of the layer lies outside is cut off. `opacity` is percent.
    """

    def source(rows: slice, columns: slice) -> Source:
        return _planes(layer[rows, columns])

    return _laid(base, Box(x, y, layer.shape[1], layer.shape[0]), source, opacity, MODES[mode])


def painted(
    base: Pixels, color: Color, coverage: NDArray[np.uint8], x: int = 0, y: int = 0, *, opacity: float = 100
) -> Pixels:
    """`base` (BGR or BGRA) under one colour, as opaque as `coverage` (height, width) with its corner at (x, y)."""
    sheet, share = [np.float32(value / 255) for value in color.bgr], np.float32(color.alpha / 255**2)

    def source(rows: slice, columns: slice) -> Source:
        return sheet, coverage[rows, columns] * share

    return _laid(base, Box(x, y, coverage.shape[1], coverage.shape[0]), source, opacity, _normal)


def _laid(base: Pixels, place: Box, source: Callable[[slice, slice], Source], opacity: float, blend: Blend) -> Pixels:
    """`base` with what `source` gives for rows and columns of `place`, stripe by stripe to keep float copies small."""
    box = overlap(Box(0, 0, base.shape[1], base.shape[0]), place)
    if box is None or opacity == 0:
        return base
    result = base.copy()
    columns, step = slice(box.x, box.x + box.width), max(1, _STRIPE_PIXELS // box.width)
    for top in range(box.y, box.y + box.height, step):
        bottom = min(top + step, box.y + box.height)
        above = source(slice(top - place.y, bottom - place.y), slice(box.x - place.x, box.x - place.x + box.width))
        result[top:bottom, columns] = _composed(base[top:bottom, columns], above, opacity / 100, blend)
    return result


def with_alpha(pixels: Pixels) -> Pixels:
    """BGRA, opaque where there was no alpha."""
    codes = {1: cv2.COLOR_GRAY2BGRA, 3: cv2.COLOR_BGR2BGRA}
    channels = pixels.shape[2]
    return cv2.cvtColor(pixels, codes[channels]) if channels in codes else pixels


def overlap(one: Box, other: Box) -> Box | None:
    """What two boxes share, or None."""
    left, top = max(one.x, other.x), max(one.y, other.y)
    right, bottom = min(one.x + one.width, other.x + other.width), min(one.y + one.height, other.y + other.height)
    return Box(left, top, right - left, bottom - top) if right > left and bottom > top else None


def _composed(below: Pixels, above: Source, opacity: float, blend: Blend) -> Pixels:
    """W3C §5: the source is mixed with what the backdrop shows of itself, then laid over it."""
    backdrop, shown = _planes(below)
    source, share = above[0], above[1] * np.float32(opacity)
    whole = share + shown * (1 - share)
    divisor = np.where(whole > 0, whole, 1)
    colors = []
    for under, upper in zip(backdrop, source, strict=True):
        mixed = upper + shown * (blend(under, upper) - upper)
        colors.append((share * mixed + (1 - share) * shown * under) / divisor)
    planes = colors if below.shape[2] == 3 else [*colors, np.broadcast_to(whole, under.shape)]
    return to_uint8(np.stack(planes, axis=2) * 255)


def _planes(pixels: Pixels) -> Source:
    """Blue, green and red, and alpha, which is the number 1 for an opaque picture."""
    planes: list[Plane] = [pixels[:, :, channel] * np.float32(1 / 255) for channel in range(pixels.shape[2])]
    alpha = planes.pop() if len(planes) == 4 else np.float32(1)
    return (planes * 3 if len(planes) == 1 else planes), alpha


# --- blend modes, §9.1 of the recommendation; dodge and burn are its color-dodge and color-burn ---------------------


def _normal(_backdrop: Plane, source: Plane) -> Plane:
    return source


def _multiply(backdrop: Plane, source: Plane) -> Plane:
    return backdrop * source


def _screen(backdrop: Plane, source: Plane) -> Plane:
    return backdrop + source - backdrop * source


def _overlay(backdrop: Plane, source: Plane) -> Plane:
    return _hard_light(source, backdrop)


def _dodge(backdrop: Plane, source: Plane) -> Plane:
    room = 1 - source
    bright = np.minimum(1, backdrop / np.where(room > 0, room, 1))
    return np.where(backdrop <= 0, 0, np.where(room <= 0, 1, bright))


def _burn(backdrop: Plane, source: Plane) -> Plane:
    dark = 1 - np.minimum(1, (1 - backdrop) / np.where(source > 0, source, 1))
    return np.where(backdrop >= 1, 1, np.where(source <= 0, 0, dark))


def _hard_light(backdrop: Plane, source: Plane) -> Plane:
    return np.where(source <= 0.5, backdrop * 2 * source, _screen(backdrop, 2 * source - 1))


def _soft_light(backdrop: Plane, source: Plane) -> Plane:
    lifted = np.where(backdrop <= 0.25, ((16 * backdrop - 12) * backdrop + 4) * backdrop, np.sqrt(backdrop))
    darker = backdrop - (1 - 2 * source) * backdrop * (1 - backdrop)
    return np.where(source <= 0.5, darker, backdrop + (2 * source - 1) * (lifted - backdrop))


def _difference(backdrop: Plane, source: Plane) -> Plane:
    return np.abs(backdrop - source)


def _exclusion(backdrop: Plane, source: Plane) -> Plane:
    return backdrop + source - 2 * backdrop * source


MODES: dict[Mode, Blend] = {
    "normal": _normal,
    "multiply": _multiply,
    "screen": _screen,
    "overlay": _overlay,
    "darken": np.minimum,
    "lighten": np.maximum,
    "dodge": _dodge,
    "burn": _burn,
    "hard_light": _hard_light,
    "soft_light": _soft_light,
    "difference": _difference,
    "exclusion": _exclusion,
}
