"""YOLOX: objectness, classes and boxes relative to a grid. Layout: https://arxiv.org/abs/2107.08430."""

import numpy as np
from numpy.typing import NDArray

from core.models.candidates import Candidates, Indices, corners, nothing, select
from core.models.decoders.yolo import over_objectness
from core.models.guards import Outputs, floats, require_class_count, require_count
from core.models.model import Model
from core.models.prediction import DetectionOptions, Detections, Floats
from core.picture import Size

Grid = NDArray[np.float64]

STRIDES = np.array([8, 16, 32])
MOST_LOG = 20.0
"""Sides grow with e^x: beyond this they are larger than any picture, and would overflow."""


def yolox(outputs: Outputs, model: Model, size: Size, options: DetectionOptions) -> Detections:
    """[1, N, 5 + classes]: x, y, log width, log height, objectness, classes; N cells of strides 8, 16 and 32.

    The centre is (cell + x, y) × stride, a side stride × e^log. Scores are objectness × class, both past their sigmoid.
    """
    require_count(outputs, 1, model)
    output = floats(outputs[0], (1, sum(grid_cells(size)), None), model)[0]
    require_class_count(output.shape[1] - 5, model)
    rows, scores, classes = over_objectness(output, model, options)
    if not len(rows):
        return nothing()
    boxes = decode_boxes(output[rows, :4], *cells_of(rows, size))
    return select(Candidates(boxes, scores, classes), model, size, options)[0]


def decode_boxes(raw: Floats, places: Grid, strides: Grid) -> NDArray[np.float64]:
    """Corners of N×4 (x, y, log width, log height) relative to their cells."""
    centres = (places + raw[:, :2]) * strides
    sides = np.exp(np.minimum(raw[:, 2:].astype(np.float64), MOST_LOG)) * strides
    return corners(np.hstack([centres, sides]))


def cells_of(rows: Indices, size: Size) -> tuple[Grid, Grid]:
    """Column and row (N×2) and stride (N×1) of the cells with these numbers: the finest grid first, row by row."""
    columns = size.width // STRIDES
    starts = np.cumsum([0, *grid_cells(size)])
    level = np.searchsorted(starts, rows, side="right") - 1
    down, across = np.divmod(rows - starts[level], columns[level])
    return np.column_stack([across, down]).astype(np.float64), STRIDES[level].astype(np.float64)[:, np.newaxis]


def grid_cells(size: Size) -> list[int]:
    """How many cells there are at each stride."""
    return ((size.width // STRIDES) * (size.height // STRIDES)).tolist()
