"""YuNet: faces with five points, relative to a grid. Layout: https://doi.org/10.1007/s11633-023-1423-y."""

import numpy as np

from core.models.candidates import Candidates, select
from core.models.decoders.yolox import Grid, cells_of, decode_boxes, grid_cells
from core.models.guards import Outputs, as_f32, floats, probabilities, require_count, require_finite
from core.models.model import Model
from core.models.prediction import DetectionOptions, Detections, Floats
from core.picture import Size


def yunet(outputs: Outputs, model: Model, size: Size, options: DetectionOptions) -> Detections:
    """12 outputs [1, N, …]: class (1), objectness (1), box (4) and points (10), each at strides 8, 16 and 32.

    A score is √(class × objectness), both cut to 0 to 1. Boxes as YOLOX's; a point is (cell + x, y) × stride: right
    eye, left eye, nose, right and left corner of the mouth, as the person has them. The network gives no score of a
    point, so each has its face's.
    """
    require_count(outputs, 12, model)
    kinds, objects, raw, points = (_levels(outputs[at : at + 3], width, size, model)
                                   for at, width in zip((0, 3, 6, 9), (1, 1, 4, 10), strict=True))  # fmt: skip
    scores = np.sqrt(probabilities(kinds[:, 0], model) * probabilities(objects[:, 0], model))
    rows = np.flatnonzero(scores >= options.score)
    places, strides = cells_of(rows, size)
    boxes = decode_boxes(raw[rows], places, strides)
    found, kept = select(Candidates(boxes, scores[rows], np.zeros_like(rows)), model, size, options)
    keypoints = as_f32(_points(points[rows[kept]], places[kept], strides[kept], found.scores), model)
    require_finite(keypoints, model)
    return found._replace(keypoints=keypoints)


def _levels(outputs: Outputs, width: int, size: Size, model: Model) -> Floats:
    """One kind of output at all strides, N×width, in the order of the cells."""
    counts = zip(outputs, grid_cells(size), strict=True)
    return np.concatenate([floats(output, (1, count, width), model)[0] for output, count in counts])


def _points(raw: Floats, places: Grid, strides: Grid, scores: Floats) -> Grid:
    """N×5×3 (x, y, score) in pixels of the input."""
    points = (raw.reshape(-1, 5, 2) + places[:, np.newaxis]) * strides[:, np.newaxis]
    score = np.broadcast_to(scores[:, np.newaxis, np.newaxis], (len(scores), 5, 1))
    return np.concatenate([points, score], axis=2)
