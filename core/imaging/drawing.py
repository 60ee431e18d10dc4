"""Marks of what was found, on a picture of any size: boxes, names, points, and colour over masks and maps."""

import colorsys
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from core.findings.findings import VOID, Keypoint, Object, Segment, is_background
from core.imaging.compositing import over, painted
from core.imaging.lettering import lettering
from core.imaging.pixels import by_placed_rows
from core.language.values import BLACK, WHITE, Color
from core.picture import Pixels, Size

_LINE, _LETTER = 1 / 200, 1 / 28
"""Thickness and height of letters, as shares of the picture's shorter side."""
_LEAST_LETTER = 9.0
"""Height of letters, pixels, under which they cannot be read."""
_SHIFT = 3
"""Bits after the point in OpenCV's coordinates."""
_FAR = 1 << 20
_GOLDEN = 0.618034
_SURE = 0.3
"""Score from which on a keypoint is shown."""


class Brush(NamedTuple):
    """Sizes that suit a picture: `line` in whole pixels, `letter` the height of letters in pixels, 0 for none."""

    line: int
    letter: float

    @classmethod
    def of(cls, size: Size, scale: float = 1.0) -> "Brush":
        """The brush for a picture; `scale` makes all larger or smaller."""
        shorter = min(size)
        letter = max(_LEAST_LETTER, shorter * _LETTER * scale)
        return cls(max(1, round(shorter * _LINE * scale)), letter if shorter >= 2 * letter else 0.0)


def color_of(index: int) -> Color:
    """The colour of a class: neighbours differ much. Hues by the golden ratio, bright."""
    hue = (0.36 + index * _GOLDEN) % 1
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.85 if index % 2 else 0.65, 0.95)
    return Color(round(255 * red), round(255 * green), round(255 * blue))


def readable_on(color: Color) -> Color:
    """Black or white, whichever stands out more (Rec. 601 luma)."""
    return BLACK if 0.299 * color.red + 0.587 * color.green + 0.114 * color.blue > 128 else WHITE


def outline(canvas: Pixels, seen: Object, color: Color, line: int) -> None:
    """The four sides of an object's region."""
    points = np.clip(np.array(seen.region.quad) - 0.5, -_FAR, _FAR)  # OpenCV counts centres
    scaled = np.rint(points * (1 << _SHIFT)).astype(np.int32)
    cv2.polylines(canvas, [scaled], isClosed=True, color=_bgra(color, canvas), thickness=line,
                  lineType=cv2.LINE_AA, shift=_SHIFT)  # fmt: skip


def dots(canvas: Pixels, points: Sequence[Keypoint], color: Color, line: int) -> None:
    """A disc for each keypoint that is sure enough and lies in the picture."""
    height, width = canvas.shape[:2]
    for point in points:
        if point.score >= _SURE and 0 <= point.x <= width and 0 <= point.y <= height:
            center = tuple(round((place - 0.5) * (1 << _SHIFT)) for place in (point.x, point.y))
            radius = round(1.5 * line * (1 << _SHIFT))
            cv2.circle(canvas, center, radius, _bgra(color, canvas), cv2.FILLED, cv2.LINE_AA, _SHIFT)


def tinted(canvas: Pixels, seen: Object, color: Color, opacity: float) -> None:
    """Colour over an object's mask."""
    if seen.mask is None or not seen.mask.bits.size:
        return
    rows, columns = seen.mask.rows, seen.mask.columns
    canvas[rows, columns] = painted(canvas[rows, columns], color, seen.mask.bits, opacity=opacity)


def name(
    canvas: Pixels, text: str, at: tuple[float, float], color: Color, letter: float, *, above: bool = True
) -> None:
    """A plate with words whose lower left corner is at a point; below the point where there is no room above."""
    height, width = canvas.shape[:2]
    sheet = lettering(text, letter, Size(width, height), align="west", weight=600, margin=0)
    if sheet is None:
        return
    high, wide = sheet.shape
    left = min(max(round(at[0]), 0), width - wide)
    top = round(at[1]) - high if above and at[1] >= high else min(max(round(at[1]), 0), height - high)
    part = canvas[top : top + high, left : left + wide]
    part[:] = _bgra(color, canvas)
    part[:] = painted(part, readable_on(color), sheet)


def tint_classes(pixels: Pixels, segment: Segment, classes: Sequence[str], opacity: float) -> Pixels:
    """The picture under the colours of a class map's classes; of all but background where none is named."""
    table = np.zeros((256, 4), np.uint8)
    for index in range(VOID):
        label = segment.label(index)
        if label in classes or not (classes or is_background(label)):
            table[index] = color_of(index).bgra

    def laid(part: Pixels, top: int) -> Pixels:
        return over(part, table[segment.map[top : top + part.shape[0]]], opacity=opacity)

    return by_placed_rows(pixels, laid)


def _bgra(color: Color, canvas: NDArray[np.uint8]) -> tuple[int, ...]:
    return color.bgra[: canvas.shape[2]]
