"""From what a network proposes to what is wanted: the last steps that all detectors share."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.models.guards import known_outputs, probabilities
from core.models.model import Model
from core.models.nms import best_first, nms
from core.models.prediction import DetectionOptions, Detections, Floats
from core.picture import Size

Indices = NDArray[np.intp]


class Candidates(NamedTuple):
    """Boxes that a network proposes, already over the wanted score, in any order.

    `boxes` N×4 float64 (left, top, right, bottom) in pixels of the network's input; they may reach over its edges.
    `scores` N; `classes` N, the network's own. Float64 because an f32 network can propose what overflows f32.
    """

    boxes: NDArray[np.float64]
    scores: Floats
    classes: Indices


def corners(centred: NDArray[Any]) -> NDArray[np.float64]:
    """(left, top, right, bottom) of N×4 (centre x, centre y, width, height)."""
    centres, halves = centred[:, :2].astype(np.float64), centred[:, 2:4].astype(np.float64) / 2
    return np.hstack([centres - halves, centres + halves])


def chosen(
    found: Candidates, model: Model, size: Size, wanted: DetectionOptions, *, overlapping: bool = False
) -> tuple[Detections, Indices]:
    """The wanted detections, the best first, and their rows among the candidates.

    Other classes than the wanted ones go, classes that `label_offset` moves below 0 (the background), boxes outside
    the network's input, and (unless `overlapping` may stay, where the network left no duplicates) what overlaps a
    better one. Boxes are cut to the input *after* they were compared, as the networks' authors do.
    Raises ModelOutputError on scores outside 0 to 1, ModelMismatchError on a class past the labels.
    """
    scores = probabilities(found.scores, model)
    classes = found.classes + model.label_offset
    boxes = _cut(found.boxes, size)
    rows = np.flatnonzero(_usable(boxes, classes, wanted))
    if overlapping:
        kept = rows[best_first(scores[rows])][: wanted.most]
    else:
        kept = rows[nms(found.boxes[rows], scores[rows], classes[rows], wanted.iou, wanted.most)]
    known_outputs(classes[kept], model)
    return Detections(boxes[kept], scores[kept], classes[kept]), kept


def _cut(boxes: NDArray[np.float64], size: Size) -> Floats:
    """Boxes cut to the network's input."""
    return np.clip(boxes, 0, [size.width, size.height] * 2).astype(np.float32)


def _usable(boxes: Floats, classes: Indices, wanted: DetectionOptions) -> NDArray[np.bool_]:
    usable = (classes >= 0) & (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
    if wanted.classes is not None:
        usable &= np.isin(classes, sorted(wanted.classes))
    return usable
