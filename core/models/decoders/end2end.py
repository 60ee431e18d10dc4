"""Networks that leave no duplicates, so that no suppression follows."""

import numpy as np

from core.models.activations import sigmoid, softmax
from core.models.candidates import Candidates, Indices, corners, select
from core.models.guards import Outputs, floats, mismatch, require_class_count, require_count
from core.models.model import Model
from core.models.prediction import DetectionOptions, Detections, Floats
from core.picture import Size


def yolo_end2end(outputs: Outputs, model: Model, size: Size, options: DetectionOptions) -> Detections:
    """[1, N, 6]: left, top, right, bottom in pixels of the input, score, class. YOLOv10, YOLO26 and their like."""
    require_count(outputs, 1, model)
    output = floats(outputs[0], (1, None, 6), model)[0]
    rows = output[output[:, 4] >= options.score]
    classes = np.rint(rows[:, 5].clip(-1e6, 1e6)).astype(np.intp)
    found = Candidates(rows[:, :4].astype(np.float64), rows[:, 4], classes)
    return select(found, model, size, options, overlapping=True)[0]


def detr(outputs: Outputs, model: Model, size: Size, options: DetectionOptions) -> Detections:
    """Logits [1, N, classes + 1] and boxes [1, N, 4]: DETR, where the last class is "no object".

    Scores are a softmax over all of them (https://arxiv.org/abs/2005.12872, §3.1); a query has its best class.
    Boxes are centre x, centre y, width, height from 0 to 1.
    """
    logits, boxes = _both(outputs, model, least=2)
    scores = softmax(logits)[:, :-1]
    require_class_count(scores.shape[1], model)
    classes = scores.argmax(axis=1)
    best = scores[np.arange(len(scores)), classes]
    queries = np.flatnonzero(best >= options.score)
    return _chosen(boxes[queries], best[queries], classes[queries], model, size, options)


def detr_sigmoid(outputs: Outputs, model: Model, size: Size, options: DetectionOptions) -> Detections:
    """Logits [1, N, classes] and boxes [1, N, 4]: Deformable DETR, RT-DETR, D-FINE and their like.

    Scores are sigmoids (https://arxiv.org/abs/2304.08069); there is no "no object" class, and a query may have several
    classes. Boxes as in `detr`.
    """
    logits, boxes = _both(outputs, model, least=1)
    require_class_count(logits.shape[1], model)
    scores = sigmoid(logits)
    queries, classes = np.nonzero(scores >= options.score)
    return _chosen(boxes[queries], scores[queries, classes], classes, model, size, options)


def _both(outputs: Outputs, model: Model, least: int) -> tuple[Floats, Floats]:
    """Logits N×classes, at least so many, and boxes N×4."""
    require_count(outputs, 2, model)
    boxes = floats(outputs[1], (1, None, 4), model)[0]
    logits = floats(outputs[0], (1, len(boxes), None), model)[0]
    if logits.shape[1] < least or not len(boxes):
        raise mismatch(model, "logits [1, queries, classes] and boxes [1, queries, 4]", list(outputs[0].shape))
    return logits, boxes


def _chosen(
    boxes: Floats, scores: Floats, classes: Indices, model: Model, size: Size, options: DetectionOptions
) -> Detections:
    """The selected detections, of boxes that are centred and run from 0 to 1."""
    scaled = corners(boxes) * ([size.width, size.height] * 2)
    return select(Candidates(scaled, scores, classes), model, size, options, overlapping=True)[0]
