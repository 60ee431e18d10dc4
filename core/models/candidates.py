"""From a network's candidates to detections: the last steps that all detectors share."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.models.guards import probabilities, require_known_classes
from core.models.model import Model
from core.models.nms import best_first, nms
from core.models.prediction import DetectionOptions, Detections, Floats
from core.picture import Size

Indices = NDArray[np.intp]
MOST_PAIRS = 10_000
"""Most pairs of a box and a class that are compared: a network of many classes would else propose a million."""


class Candidates(NamedTuple):
    """Boxes that a network proposes, all over the minimum score, in any order.

    `boxes` N×4 float64 (left, top, right, bottom) in pixels of the network's input; they may reach over its edges.
    `scores` N; `classes` N, the network's own. Float64 because an f32 network can propose what overflows f32.
    """

    boxes: NDArray[np.float64]
    scores: Floats
    classes: Indices


def pairs_over(scores: Floats, least: float) -> tuple[Indices, Indices]:
    """Rows and columns of N×classes scores that reach the minimum; of more than MOST_PAIRS the best."""
    rows, classes = np.nonzero(scores >= least)
    if len(rows) > MOST_PAIRS:
        best = np.sort(np.argpartition(-scores[rows, classes], MOST_PAIRS)[:MOST_PAIRS])
        rows, classes = rows[best], classes[best]
    return rows, classes


def corners(centred: NDArray[Any]) -> NDArray[np.float64]:
    """(left, top, right, bottom) of N×4 (centre x, centre y, width, height)."""
    centres, halves = centred[:, :2].astype(np.float64), centred[:, 2:4].astype(np.float64) / 2
    return np.hstack([centres - halves, centres + halves])


def nothing() -> Detections:
    """No detections. Most windows of a large picture show nothing, and finding that out should take no time."""
    return Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.intp))


def select(
    found: Candidates, model: Model, size: Size, options: DetectionOptions, *, overlapping: bool = False
) -> tuple[Detections, Indices]:
    """The detections that the options ask for, best first, and their rows among the candidates.

    Dropped are classes that were not asked for, classes that `label_offset` moves below 0 (the background), boxes
    outside the network's input and, unless `overlapping` (for networks that leave no duplicates), boxes that overlap a
    better one. Boxes are clipped to the input *after* they were compared, as the networks' authors do.
    Raises ModelOutputError on scores outside 0 to 1, ModelMismatchError on a class past the labels.
    """
    scores = probabilities(found.scores, model)
    classes = found.classes + model.label_offset
    boxes = _cut(found.boxes, size)
    rows = np.flatnonzero(_usable(boxes, classes, options))
    if overlapping:
        kept = rows[best_first(scores[rows])][: options.most]
    else:
        kept = rows[nms(found.boxes[rows], scores[rows], classes[rows], options.iou, options.most)]
    require_known_classes(classes[kept], model)
    return Detections(boxes[kept], scores[kept], classes[kept]), kept


def _cut(boxes: NDArray[np.float64], size: Size) -> Floats:
    """Boxes clipped to the network's input."""
    return np.clip(boxes, 0, [size.width, size.height] * 2).astype(np.float32)


def _usable(boxes: Floats, classes: Indices, options: DetectionOptions) -> NDArray[np.bool_]:
    usable = (classes >= 0) & (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
    if options.classes is not None:
        usable &= np.isin(classes, sorted(options.classes))
    return usable
