"""The GFL family: boxes as distributions of the distances from a point to the four sides.

Source: https://arxiv.org/abs/2006.04388, §3; the exported networks as https://github.com/RangiLyu/nanodet and
https://github.com/PaddlePaddle/PaddleDetection/tree/release/2.6/configs/picodet describe them.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.models.activations import sigmoid
from core.models.candidates import Candidates, pairs_over, select
from core.models.guards import Outputs, floats, mismatch, require_class_count
from core.models.model import Model
from core.models.prediction import DetectionOptions, Detections, Floats
from core.picture import Size

_STRIDES = ((8, 16, 32, 64), (8, 16, 32), (8, 16, 32, 64, 128))
_BINS = (8, 11, 16, 17)
"""How many distances a distribution is over, in the networks that are published."""
_USUAL = 8
_ROUNDING = -0.01
"""What is below this is no probability: then they are logits."""
_LAYOUT = "[1, points, classes + 4 × bins], or the scores of each stride and then the distributions of each"


def nanodet(outputs: Outputs, model: Model, size: Size, options: DetectionOptions) -> Detections:
    """Scores [1, N, classes] of each stride, then distributions [1, N, 4 × bins] of each; or both as one [1, N, …].

    NanoDet and PicoDet: strides from 8 on, sides rounded up; a distance is a mean over bins × stride, from the middle
    of a cell. Scores are past their sigmoid, or logits where one is below 0. [1, …, h, w] is read too.
    """
    return _decoded(outputs, model, size, options, 0.5)


def nanodet_plus(outputs: Outputs, model: Model, size: Size, options: DetectionOptions) -> Detections:
    """As nanodet, usually [1, N, classes + 4 × bins], but from a cell's top left corner: NanoDet-Plus, GFL of MMDet."""
    return _decoded(outputs, model, size, options, 0.0)


def _decoded(outputs: Outputs, model: Model, size: Size, options: DetectionOptions, middle: float) -> Detections:
    scores, distances = _both(outputs, model)
    points, strides = _points(len(scores), model, size, middle)
    if scores.size and scores.min() < _ROUNDING:
        scores = sigmoid(scores)
    rows, classes = pairs_over(scores, options.score)
    reach = _means(distances[rows]) * strides[rows]
    boxes = np.hstack([points[rows] - reach[:, :2], points[rows] + reach[:, 2:]])
    return select(Candidates(boxes, scores[rows, classes], classes), model, size, options)[0]


class _Both(NamedTuple):
    """Scores N×classes and distributions N×4×bins, before their softmax."""

    scores: Floats
    distances: Floats


def _both(outputs: Outputs, model: Model) -> _Both:
    if len(outputs) == 1:
        return _parted(_rows(outputs[0], model), model)
    if not outputs or len(outputs) % 2:
        raise mismatch(model, f"outputs {_LAYOUT}", f"{len(outputs)} outputs")
    halves = [[_rows(output, model) for output in half] for half in _halves(outputs)]
    widths, counts = ([[part.shape[axis] for part in half] for half in halves] for axis in (1, 0))
    if any(len(set(width)) > 1 for width in widths) or counts[0] != counts[1]:
        raise mismatch(model, _LAYOUT, [list(output.shape) for output in outputs])
    scores, distances = (np.concatenate(half) for half in halves)
    require_class_count(scores.shape[1], model)
    if distances.shape[1] % 4 or distances.shape[1] < 8 or not len(distances):
        raise mismatch(model, "distributions of 4 × bins numbers, at least 2 bins", distances.shape[1])
    return _Both(scores, distances.reshape(len(distances), 4, -1))


def _halves(outputs: Outputs) -> tuple[Outputs, Outputs]:
    middle = len(outputs) // 2
    return outputs[:middle], outputs[middle:]


def _rows(output: NDArray[Any], model: Model) -> Floats:
    """[1, N, width] or [1, width, h, w] as N×width."""
    if output.ndim != 4:
        return floats(output, (1, None, None), model)[0]
    planes = floats(output, (1, None, None, None), model)[0]
    return planes.reshape(len(planes), planes.shape[1] * planes.shape[2]).T


def _parted(both: Floats, model: Model) -> _Both:
    """Classes and distributions side by side: the labels tell where one ends, else there are the usual bins."""
    width = both.shape[1]
    listed = isinstance(model.labels, tuple) and model.labels
    bins = [many for many in _BINS if listed and width - 4 * many + model.label_offset == len(model.labels)]
    many = bins[0] if bins else _USUAL
    require_class_count(width - 4 * many, model)
    if width <= 4 * many:
        raise mismatch(model, f"classes + {4 * many} numbers a point", width)
    return _Both(both[:, : width - 4 * many], both[:, width - 4 * many :].reshape(len(both), 4, many))


def _points(count: int, model: Model, size: Size, middle: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """N×2 points, the finest grid first, row by row, and N×1 strides."""
    for strides in _STRIDES:
        grids = [(-(-size.width // stride), -(-size.height // stride), stride) for stride in strides]
        if sum(across * down for across, down, _ in grids) == count:
            return (
                np.concatenate([_grid(across, down, stride, middle) for across, down, stride in grids]),
                np.repeat([float(s) for s in strides], [across * down for across, down, _ in grids])[:, np.newaxis],
            )
    wanted = " or ".join(str(sum(-(-size.width // s) * -(-size.height // s) for s in strides)) for strides in _STRIDES)
    raise mismatch(model, f"{wanted} points for an input of {size.width}×{size.height}", count)


def _grid(across: int, down: int, stride: int, middle: float) -> NDArray[np.float64]:
    rows, columns = np.divmod(np.arange(across * down), across)
    return (np.column_stack([columns, rows]) + middle) * stride


def _means(distances: Floats) -> NDArray[np.float64]:
    """The mean distance of each distribution, N×4, in bins."""
    exact = distances.astype(np.float64)  # in f32 the largest of them would overflow
    powers = np.exp(exact - exact.max(axis=2, keepdims=True))
    return np.asarray(powers @ np.arange(powers.shape[2]) / powers.sum(axis=2), np.float64)
