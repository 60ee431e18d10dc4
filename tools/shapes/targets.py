"""What the head should say: which cells answer for which shape; and pictures turned, flipped and recoloured."""

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.shapes.drawing import TRAINING as STYLE
from tools.shapes.drawing import Floats, scene
from tools.shapes.evaluation import cells, letterboxed
from tools.shapes.grounds import Pixels
from tools.shapes.outlines import Rng

TAUGHT = 256
"""Width and height of training pictures: smaller than the network's is quicker, and what is learnt holds for both."""
_SPANS = ((0, 56), (40, 128), (96, 1e9))
"""Sizes of shapes, pixels of the network's input, that cells of each stride answer for."""
_LEAST = 9
"""Smaller shapes, pixels, are neither right nor wrong: nobody could name them."""
_CORE = 0.22
"""How far from a shape's middle a cell may lie to answer for it, in parts of its sides."""


class Sample(NamedTuple):
    """A picture of the network's size with boxes in its pixels."""

    pixels: Pixels
    boxes: Floats
    classes: NDArray[np.intp]


def sample(seed: int) -> Sample:
    """A training picture as the runtime would hand it to the network."""
    drawn = scene(seed, STYLE)
    pixels, scale = letterboxed(drawn.pixels, "area" if seed % 2 else "linear", TAUGHT)
    return Sample(pixels, drawn.boxes * np.float32(scale), drawn.classes)


def smaller(item: Sample, side: int) -> Sample:
    """The same picture with so many pixels a side."""
    if side == len(item.pixels):
        return item
    pixels = cv2.resize(item.pixels, (side, side), interpolation=cv2.INTER_AREA)
    return item._replace(pixels=pixels, boxes=item.boxes * np.float32(side / len(item.pixels)))


def varied(item: Sample, rng: Rng) -> Sample:
    """Turned by right angles and flipped, channels in any order, lighter or darker, sometimes through JPEG."""
    pixels, boxes, side = item.pixels[:, :, rng.permutation(3)], item.boxes, len(item.pixels)
    if rng.random() < 0.5:
        pixels, boxes = pixels.transpose(1, 0, 2), boxes[:, [1, 0, 3, 2]]
    if rng.random() < 0.5:
        pixels, boxes = pixels[:, ::-1], np.stack([side - boxes[:, 2], boxes[:, 1], side - boxes[:, 0], boxes[:, 3]], 1)
    if rng.random() < 0.5:
        pixels, boxes = pixels[::-1], np.stack([boxes[:, 0], side - boxes[:, 3], boxes[:, 2], side - boxes[:, 1]], 1)
    return Sample(_recoloured(np.ascontiguousarray(pixels), rng), boxes, item.classes)


def _recoloured(pixels: Pixels, rng: Rng) -> Pixels:
    if rng.random() < 0.3:
        pixels = 255 - pixels
    if rng.random() < 0.5:
        pixels = cv2.convertScaleAbs(pixels, alpha=rng.uniform(0.75, 1.1), beta=rng.uniform(0, 30))
    if rng.random() < 0.2:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 95))]
        read: Any = cv2.imdecode(cv2.imencode(".jpg", pixels, quality)[1], cv2.IMREAD_COLOR)
        return read
    return pixels


class Targets:
    """Which cell answers for which shape."""

    def __init__(self, side: int) -> None:
        corners, self._strides = cells(side)
        self._middles = (corners + 0.5) * self._strides
        spans = {8: _SPANS[0], 16: _SPANS[1], 32: _SPANS[2]}
        self._least, self._most = np.array([spans[int(s)] for s in self._strides[:, 0]]).T

    def of(self, boxes: Floats) -> NDArray[np.intp]:
        """For each cell the index of its shape (the smaller where two ask for it), -1 for none, -2 for no matter."""
        if not len(boxes):
            return np.full(len(self._middles), -1, np.intp)
        middle, sides = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
        reach = np.maximum(sides[None] * _CORE, 0.75 * self._strides[:, :, None])
        near = (np.abs(self._middles[:, None] - middle[None]) <= reach).all(axis=2)
        size = np.sqrt(np.prod(sides, axis=1))
        asked = near & (size >= self._least[:, None]) & (size <= self._most[:, None])
        best = np.where(asked, size, np.inf).argmin(axis=1)
        return np.where(asked.any(axis=1), np.where(size[best] < _LEAST, -2, best), -1)
