"""The YOLO layouts of v5 and of v8, 11 and what shares them.

Written from the public descriptions of exported networks (https://docs.ultralytics.com/modes/export/,
https://docs.openvino.ai/2024/notebooks/yolov8-object-detection-with-output.html): boxes are decoded in the graph and
in pixels of its input, classes and objectness are past their sigmoid.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.models.candidates import Candidates, Indices, corners, nothing, select
from core.models.guards import Outputs, floats, mismatch, probabilities, require_class_count, require_count
from core.models.model import Model
from core.models.prediction import DetectionOptions, Detections, Floats
from core.picture import Size


def yolo_v5(outputs: Outputs, model: Model, size: Size, options: DetectionOptions) -> Detections:
    """[1, N, 5 + classes]: centre x, centre y, width, height, objectness, classes. Scores are objectness × class."""
    require_count(outputs, 1, model)
    output = floats(outputs[0], (1, None, None), model)[0]
    require_class_count(output.shape[1] - 5, model)
    rows, scores, classes = over_objectness(output, model, options)
    if not len(rows):
        return nothing()
    return select(Candidates(corners(output[rows, :4]), scores, classes), model, size, options)[0]


def over_objectness(output: Floats, model: Model, options: DetectionOptions) -> tuple[Indices, Floats, Indices]:
    """Rows of N×(5 + classes) over the minimum score, their scores and their best classes.

    A class score is at most 1, so only rows whose objectness alone is high enough are examined.
    """
    if output.shape[1] < 6:
        raise mismatch(model, "5 + classes numbers a box", output.shape[1])
    likely = np.flatnonzero(output[:, 4] >= options.score)
    if not len(likely):
        return likely, output[likely, 4], likely
    classes = output[likely, 5:].argmax(axis=1)
    with np.errstate(over="ignore"):  # what is Inf is refused with all that is over 1
        scores = output[likely, 4] * output[likely, 5 + classes]
    enough = scores >= options.score
    return likely[enough], scores[enough], classes[enough]


def yolo_v8(outputs: Outputs, model: Model, size: Size, options: DetectionOptions) -> Detections:
    """[1, 4 + classes, N]: centre x, centre y, width, height, classes. There is no objectness."""
    require_count(outputs, 1, model)
    return _columns(outputs[0], 0, model, options).chosen(model, size, options)[0]


def yolo_pose(outputs: Outputs, model: Model, size: Size, options: DetectionOptions) -> Detections:
    """[1, 4 + classes + 3 × keypoints, N]: as yolo_v8, then (x, y, score) of each keypoint that the table names."""
    require_count(outputs, 1, model)
    if not model.keypoints:
        raise mismatch(model, "names of keypoints", "none")
    columns = _columns(outputs[0], 3 * len(model.keypoints), model, options)
    found, kept = columns.chosen(model, size, options)
    keypoints = columns.extra[:, kept].T.reshape(-1, len(model.keypoints), 3)
    keypoints[:, :, 2] = probabilities(keypoints[:, :, 2], model)
    return found._replace(keypoints=keypoints)


def yolo_seg(outputs: Outputs, model: Model, size: Size, options: DetectionOptions) -> Detections:
    """[1, 4 + classes + M, N] and prototypes [1, M, h, w]: as yolo_v8, then M weights.

    A mask is where the weighted sum of the prototypes is over 0 (its sigmoid over ½), at their resolution, within the
    box (https://arxiv.org/abs/1904.02689, §3.1). Every prototype pixel that the box touches counts as within: a mask
    that ends early would uncover what it should hide.
    """
    require_count(outputs, 2, model)
    prototypes = floats(outputs[1], (1, None, None, None), model)[0]
    if not prototypes.size:
        raise mismatch(model, "prototypes [1, M, h, w]", list(outputs[1].shape))
    columns = _columns(outputs[0], len(prototypes), model, options)
    found, kept = columns.chosen(model, size, options)
    return found._replace(masks=_masks(columns.extra[:, kept].T, prototypes, found.boxes, size))


def _masks(weights: Floats, prototypes: Floats, boxes: Floats, size: Size) -> NDArray[np.uint8]:
    height, width = prototypes.shape[1:]
    scaled = boxes * (np.array([width, height] * 2) / np.array([size.width, size.height] * 2))
    windows = np.hstack([np.floor(scaled[:, :2]), np.ceil(scaled[:, 2:])]).astype(int).tolist()
    masks = np.zeros((len(boxes), height, width), np.uint8)
    for mask, weight, (left, top, right, bottom) in zip(masks, weights, windows, strict=True):
        inside = np.einsum("m,mhw->hw", weight, prototypes[:, top:bottom, left:right]) > 0  # BLAS would copy the window
        mask[top:bottom, left:right] = inside.view(np.uint8) * 255
    return masks


class _Columns(NamedTuple):
    """Candidates of a [4 + classes + extra, N] output, and the further values of each (extra × n)."""

    found: Candidates
    extra: Floats

    def chosen(self, model: Model, size: Size, options: DetectionOptions) -> tuple[Detections, Indices]:
        return select(self.found, model, size, options)


def _columns(output: NDArray[Any], extra: int, model: Model, options: DetectionOptions) -> _Columns:
    """The columns over the minimum score; the last `extra` rows are not classes."""
    columns = floats(output, (1, None, None), model)[0]
    count = len(columns) - 4 - extra
    if count < 1 or len(columns) > columns.shape[1]:
        raise mismatch(model, f"[1, 4 + classes{f' + {extra}' * (extra > 0)}, boxes]", list(output.shape))
    require_class_count(count, model)
    classes = columns[4 : 4 + count]
    enough = np.flatnonzero(classes.max(axis=0) >= options.score)
    best = classes[:, enough].argmax(axis=0)
    found = Candidates(corners(columns[:4, enough].T), classes[best, enough], best)
    return _Columns(found, columns[4 + count :, enough])
