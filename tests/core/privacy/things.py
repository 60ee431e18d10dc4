"""A thing of known pixels, pictures that differ in nothing else, and a model that tells exactly where it is."""

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from core.limits import Deadline
from core.models.model import Model
from core.models.prediction import ClassMap, DetectionOptions, Detections, Prediction
from core.picture import Pixels, Size
from tests.core.fakes import FakeModels, Scaled

Plane = NDArray[np.bool_]
Rng = np.random.Generator
MODELS = {"box": "detect:things", "mask": "detect:outlines", "keypoints": "faces:retail", "map": "segment:street"}
"""A vision step for each kind of finding."""
HIDES = {"box": "box", "mask": "mask", "keypoints": "box", "map": "mask"}
"""What `redact` follows of each kind."""


class Told(FakeModels):
    """A model that says, frame by frame, that the thing is exactly in these planes, whatever the pixels."""

    def __init__(self, planes: list[Plane]) -> None:
        super().__init__()
        self.planes = planes
        self._seen = 0

    def see(
        self,
        model: Model,
        pixels: Pixels,
        wanted: DetectionOptions,  # noqa: ARG002 - it tells all
        deadline: Deadline,
    ) -> tuple[Prediction, Scaled]:
        """The next plane, as what this model makes; the network's input is the picture itself."""
        deadline.check(model.name)
        plane = self.planes[self._seen % len(self.planes)]  # a step that decides by all frames sees them twice
        self._seen += 1
        assert plane.shape == pixels.shape[:2]
        return told(model, plane), Scaled(np.eye(3), Size(plane.shape[1], plane.shape[0]))


def told(model: Model, plane: Plane) -> Prediction:
    """A plane as a model tells it: a class map of roads, or one box around all of it."""
    if model.task == "segment":
        return ClassMap(plane.astype(np.uint8))
    count = int(plane.any())
    rows, columns = np.flatnonzero(plane.any(axis=1)), np.flatnonzero(plane.any(axis=0))
    box = [(columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)] if count else []
    points = np.full((count, 5, 3), 0.9, np.float32) if model.name == "retail" else None
    masks = np.where(plane, 255, 0).astype(np.uint8)[None][:count] if model.name == "outlines" else None
    boxes = np.array(box, np.float32).reshape(-1, 4)
    return Detections(boxes, np.full(count, 0.9, np.float32), np.zeros(count, np.intp), points, masks)


class Scene(NamedTuple):
    """The same frames with other contents of the thing, and the thing's pixels in each frame."""

    renders: list[list[Pixels]]
    planes: list[Plane]


def scene(rng: Rng) -> Scene:
    """A picture or an animation of a random size with a thing in it, once dark, once bright and once noisy."""
    width, height = (int(side) for side in rng.integers(16, 90, 2))
    channels, count = int(rng.choice([1, 3, 4])), int(rng.choice([1, 1, 1, 1, 3]))
    middle, way = rng.random(2) * (width, height), rng.normal(0, 4, 2)
    shape = int(rng.integers(4))
    reach = rng.uniform(1, 0.3 * min(width, height) + 2, 2)
    planes = [_thing(rng, (width, height), middle + way * number, reach, shape) for number in range(count)]
    grounds = [_ground(rng, (width, height), channels) for _ in range(count)]
    fills: list[Any] = [np.zeros, lambda size: np.full(size, 255), lambda size: rng.integers(0, 256, size)]
    renders = [[_with(ground, plane, fill) for ground, plane in zip(grounds, planes, strict=True)] for fill in fills]
    return Scene(renders, planes)


def _thing(rng: Rng, size: tuple[int, int], middle: Any, reach: Any, shape: int) -> Plane:
    """A rectangle, an ellipse, a ring of both or some specks about a point; one pixel at least."""
    down, across = np.mgrid[0 : size[1], 0 : size[0]]
    x, y = (np.abs(across - middle[0]) / reach[0], np.abs(down - middle[1]) / reach[1])
    square, disc = np.maximum(x, y) <= 1, x**2 + y**2 <= 1
    plane = [square, disc, square & ~(x**2 + y**2 <= 0.3), square & (rng.random(x.shape) < 0.3)][shape]
    column, row = (int(np.clip(place, 0, side - 1)) for place, side in zip(middle, size, strict=True))
    plane[row, column] = True
    return np.asarray(plane, np.bool_)


def _ground(rng: Rng, size: tuple[int, int], channels: int) -> Pixels:
    """Slopes, shapes and noise; some of it transparent where there is alpha."""
    width, height = size
    down, across = np.mgrid[0:height, 0:width]
    pixels = np.stack([across * 255 // width, down * 255 // height, (across * 7 + down * 3) % 256], axis=2)
    pixels = (pixels + rng.integers(0, 40, pixels.shape)).clip(0, 255).astype(np.uint8)
    cv2.circle(pixels, (width // 3, height // 2), min(size) // 4, (250, 240, 20), -1)
    if channels == 1:
        return np.ascontiguousarray(pixels[:, :, :1])
    if channels == 3:
        return pixels
    alpha = np.full((height, width, 1), 255, np.uint8)
    if rng.random() < 0.5:
        alpha[:, : width // 4] = rng.integers(0, 256)
    return np.concatenate([pixels, alpha], axis=2)


def _with(ground: Pixels, plane: Plane, fill: Any) -> Pixels:
    """A ground with other colours in the thing; its alpha stays."""
    pixels = ground.copy()
    colors = pixels[:, :, : min(pixels.shape[2], 3)]
    colors[plane] = fill((int(plane.sum()), colors.shape[2]))
    return pixels
