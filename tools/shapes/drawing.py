"""Pictures of drawn shapes, and what is in them: plain, gradient or noisy ground, filled and outlined shapes.

A scene is a pure function of its seed and its style. Boxes are (left, top, right, bottom) in edge coordinates (pixel i
covers [i, i + 1)) and hold the stroke of an outlined shape. A turned square is a square; no shape leaves the picture.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.shapes.grounds import Pixels, ground, speckled
from tools.shapes.outlines import LABELS, Points, Rng, outline

Floats = NDArray[np.float32]

_SHIFT = 4
"""Binary places of the corners that OpenCV is given."""
_TRIES = 40
"""Places that are tried for a shape of one size."""
_COLORS = 24
"""Colours that are tried until one stands out from the ground."""


class Style(NamedTuple):
    """What a scene may hold; pairs are (least, most).

    `width`, `height`: pixels. `size`: the longer side of a shape's box in parts of the picture's short side. `stroke`:
    in parts of the shape's size, never under 2 pixels. `contrast`: the least difference of some channel between a shape
    and the ground under it. `overlap`: the most that two boxes share, in parts of the smaller one. `noise`: standard
    deviation, grey levels. `clutter`: how often there are things that are none of the classes. `scales`: instead of
    `width` and `height`, the longer side in multiples of 320 with any proportion; for training, where small shapes are
    more frequent too.
    """

    width: tuple[int, int] = (320, 1600)
    height: tuple[int, int] = (240, 1200)
    shapes: tuple[int, int] = (1, 6)
    size: tuple[float, float] = (0.1, 0.6)
    stroke: tuple[float, float] = (0.03, 0.12)
    contrast: int = 60
    overlap: float = 0.1
    noise: tuple[float, float] = (4, 25)
    clutter: float = 0.0
    scales: tuple[float, float] | None = None


ISSUE = Style()
"""What the figures are measured on."""
TRAINING = Style(
    shapes=(2, 14), size=(0.06, 0.8), stroke=(0.02, 0.14), contrast=45, noise=(3, 32), clutter=0.12, scales=(0.7, 4)
)
"""Wider than what is measured, so that other people's drawings lie inside."""


class Scene(NamedTuple):
    """`pixels` BGR; `boxes` N×4; `classes` N, indices into `LABELS`."""

    pixels: Pixels
    boxes: Floats
    classes: NDArray[np.intp]


def scene(seed: int, style: Style = ISSUE) -> Scene:
    """The scene of this seed."""
    rng = np.random.default_rng([seed, 20_26])
    width, height = _sides(rng, style)
    canvas = ground(rng, width, height, style.noise)
    if rng.random() < style.clutter:
        _clutter(canvas, rng)
    boxes: list[Floats] = []
    classes: list[int] = []
    for _ in range(rng.integers(style.shapes[0], style.shapes[1] + 1)):
        index = int(rng.integers(len(LABELS)))
        box = _placed(canvas, rng, style, index, boxes)
        if box is not None:
            boxes.append(box)
            classes.append(index)
    if rng.random() < style.clutter:
        canvas = speckled(canvas, rng, rng.uniform(style.noise[0], style.noise[1] / 2))
    return Scene(canvas, np.reshape(boxes, (-1, 4)).astype(np.float32), np.array(classes, np.intp))


def _sides(rng: Rng, style: Style) -> tuple[int, int]:
    """Width and height, pixels."""
    if style.scales is None:
        return int(rng.integers(style.width[0], style.width[1] + 1)), int(
            rng.integers(style.height[0], style.height[1] + 1)
        )
    long = 320 * np.exp(rng.uniform(*np.log(style.scales)))
    short = long / (rng.uniform(1, 1.35) if rng.random() < 0.85 else rng.uniform(1.35, 4))
    sides = (round(long), round(short))
    return sides if rng.random() < 0.5 else (sides[1], sides[0])


def _size(rng: Rng, style: Style) -> float:
    """In parts of the short side. For training half are as often in each doubling: small ones are learnt too."""
    if style.scales is None or rng.random() < 0.5:
        return rng.uniform(*style.size)
    return float(np.exp(rng.uniform(*np.log(style.size))))


def _placed(canvas: Pixels, rng: Rng, style: Style, index: int, taken: list[Floats]) -> Floats | None:
    """Draw a shape where there is room, smaller where there is not; its box, or None where nothing fits."""
    height, width = canvas.shape[:2]
    size = _size(rng, style)
    points = outline(index, rng)
    thick = rng.uniform(*style.stroke) if rng.random() < 0.5 else 0.0
    while size >= style.size[0]:
        longer = size * min(width, height)
        stroke = max(2, round(thick * longer)) if thick else 0
        scaled = points * (longer - stroke)
        box = _free(rng, np.ptp(scaled, axis=0) + stroke, (width, height), taken, style.overlap)
        if box is not None:
            color = _standing_out(canvas, box, rng, style.contrast)
            painted(canvas, scaled + (box[:2] + box[2:]) / 2, stroke, color)
            return box
        size *= 0.75
    return None


def _free(rng: Rng, extent: Points, room: tuple[int, int], taken: list[Floats], overlap: float) -> Floats | None:
    """A box of this extent that shares little with those that are taken, the first of some tries."""
    corners = rng.uniform(0, np.array(room) - extent, (_TRIES, 2))
    boxes = np.concatenate([corners, corners + extent], axis=1).astype(np.float32)
    free = np.flatnonzero((shares(boxes, np.reshape(taken, (-1, 4))) <= overlap).all(axis=1))
    return boxes[free[0]] if free.size else None


def shares(these: Floats, those: Floats) -> Floats:
    """The part of the smaller box that both cover, each with each, N×M."""
    sides = np.minimum(these[:, None, 2:], those[None, :, 2:]) - np.maximum(these[:, None, :2], those[None, :, :2])
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (these, those)]
    return np.asarray(np.prod(np.maximum(sides, 0), axis=2) / np.minimum(areas[0][:, None], areas[1]))


def _standing_out(canvas: Pixels, box: Floats, rng: Rng, contrast: int) -> list[float]:
    """A colour that differs from the ground under the box; the best of those tried if none does enough."""
    left, top, right, bottom = box.astype(int)
    every = max(1, (bottom - top) // 32)
    patch = canvas[top : bottom + 1 : every, left : right + 1 : every]
    patch = cv2.resize(np.ascontiguousarray(patch), (4, 4), interpolation=cv2.INTER_AREA)
    colors = rng.uniform(0, 255, (_COLORS, 1, 3))
    distances = np.abs(colors - patch.reshape(1, 16, 3)).max(axis=2).min(axis=1)
    enough = np.flatnonzero(distances >= contrast)
    best = enough[0] if enough.size else distances.argmax()
    return colors[best, 0].tolist()


def painted(canvas: Pixels, points: Points, stroke: int, color: Sequence[float]) -> None:
    """Draw a polygon, filled or (`stroke` > 0) outlined, on the canvas itself; points in edge coordinates."""
    corners = np.round((points - 0.5) * (1 << _SHIFT)).astype(np.int32)
    if stroke:
        cv2.polylines(canvas, [corners], True, color, stroke, cv2.LINE_AA, _SHIFT)
    else:
        cv2.fillPoly(canvas, [corners], color, cv2.LINE_AA, _SHIFT)


def _clutter(canvas: Pixels, rng: Rng) -> None:
    """Strokes, long rectangles and long ellipses: none of them is one of the classes."""
    height, width = canvas.shape[:2]
    for _ in range(rng.integers(1, 7)):
        color, at = rng.uniform(0, 255, 3).tolist(), rng.uniform(0, 1, 2) * (width, height)
        size, thick = rng.uniform(0.05, 0.5) * min(width, height), int(rng.integers(2, 9))
        kind = rng.integers(3)
        if kind == 0:
            strokes = np.cumsum(rng.normal(0, size / 3, (int(rng.integers(2, 9)), 2)), axis=0) + at
            cv2.polylines(canvas, [strokes.astype(np.int32)], False, color, thick, cv2.LINE_AA)
            continue
        oblong = ((float(at[0]), float(at[1])), (size, size / rng.uniform(1.8, 5)), rng.uniform(0, 180))
        if kind == 1:
            cv2.ellipse(canvas, oblong, color, thick if rng.random() < 0.5 else cv2.FILLED, cv2.LINE_AA)
        else:
            cv2.fillPoly(canvas, [cv2.boxPoints(oblong).astype(np.int32)], color, cv2.LINE_AA)
