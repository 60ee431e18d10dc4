"""What decoders return: predictions in the coordinates of the network's input."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Detections(NamedTuple):
    """Objects, the best first, in pixels of the network's input (edge coordinates: pixel i covers [i, i + 1)).

    `boxes` N×4 (left, top, right, bottom); `scores` N, 0 to 1; `classes` N, indices into the model's labels;
    `keypoints` N×K×3 (x, y, score 0 to 1) or None; `masks` N×h×w, uint8 0 or 255, each over the *whole* network input
    at any resolution, or None.
    """

    boxes: Floats
    scores: Floats
    classes: NDArray[np.intp]
    keypoints: Floats | None = None
    masks: NDArray[np.uint8] | None = None


class Classification(NamedTuple):
    """What the picture as a whole shows: `classes` N and `scores` N (0 to 1), the best first."""

    classes: NDArray[np.intp]
    scores: Floats


class ClassMap(NamedTuple):
    """A class for each pixel of the network's input: `map` H×W, uint8, 255 void."""

    map: NDArray[np.uint8]


class ValueOf(NamedTuple):
    """One attribute: a `number`, or a `label` and its `score` (0 to 1)."""

    name: str
    number: float | None = None
    label: str | None = None
    score: float | None = None


class AttributeValues(NamedTuple):
    """What a network tells of the one thing that its picture shows."""

    values: tuple[ValueOf, ...]


Prediction = Detections | Classification | ClassMap | AttributeValues


class DetectionOptions(NamedTuple):
    """What a step asks of a decoder. `classes` None is all; `most` bounds the number of objects or labels.

    Scores under `score` and boxes that overlap a better one of their class by more than `iou` are left out.
    """

    score: float
    iou: float
    most: int
    classes: frozenset[int] | None = None
