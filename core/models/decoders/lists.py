"""Boxes, scores and classes in outputs of their own, or in rows of one list: SSD's heads, and networks with NMS inside.

Written from descriptions of the exported networks: https://github.com/qfgaohao/pytorch-ssd,
https://github.com/tensorflow/models/blob/master/research/object_detection/g3doc/running_on_mobile_tf2.md,
https://github.com/onnx/models (ssd), https://github.com/lyuwenyu/RT-DETR, https://mmdeploy.readthedocs.io,
https://github.com/WongKinYiu/yolov7 (export) and https://github.com/PaddlePaddle/PaddleDetection/tree/release/2.6/deploy.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.models.candidates import Candidates, Indices, pairs_over, select
from core.models.guards import Outputs, floats, mismatch, require_class_count, require_count, whole_numbers
from core.models.model import Model
from core.models.prediction import DetectionOptions, Detections, Floats
from core.picture import Size

Corners = NDArray[np.float64]

_LTRB, _TLBR = (0, 1, 2, 3), (1, 0, 3, 2)


def ssd_scores(outputs: Outputs, model: Model, size: Size, options: DetectionOptions) -> Detections:
    """Scores [1, N, classes] and boxes [1, N, 4]: left, top, right, bottom from 0 to 1. SSD that ends before its NMS.

    Scores are past their softmax, and class 0 is the background: it is never found. UltraFace and pytorch-ssd.
    """
    require_count(outputs, 2, model)
    boxes = floats(outputs[1], (1, None, 4), model)[0]
    scores = floats(outputs[0], (1, len(boxes), None), model)[0]
    if scores.shape[1] < 2:
        raise mismatch(model, "scores of the background and of at least one class", scores.shape[1])
    require_class_count(scores.shape[1], model)
    rows, classes = pairs_over(scores[:, 1:], options.score)
    found = Candidates(_scaled(boxes[rows], size), scores[rows, classes + 1], classes + 1)
    return select(found, model, size, options)[0]


def ssd_tf(outputs: Outputs, model: Model, size: Size, options: DetectionOptions) -> Detections:
    """Boxes [1, N, 4], classes [1, N], scores [1, N], perhaps a count [1]: top, left, bottom, right from 0 to 1.

    What TensorFlow's detectors and TFLite_Detection_PostProcess give; NMS is inside.
    """
    boxes, classes, scores = _three(outputs, (0, 1, 2), model)
    return _listed(_scaled(boxes[:, _TLBR], size), scores, classes, model, size, options)


def ssd_lists(outputs: Outputs, model: Model, size: Size, options: DetectionOptions) -> Detections:
    """Boxes [1, N, 4], classes [1, N], scores [1, N]: left, top, right, bottom from 0 to 1. SSD of ONNX's model zoo."""
    boxes, classes, scores = _three(outputs, (0, 1, 2), model)
    return _listed(_scaled(boxes, size), scores, classes, model, size, options)


def rtdetr(outputs: Outputs, model: Model, size: Size, options: DetectionOptions) -> Detections:
    """Classes [1, N], boxes [1, N, 4], scores [1, N]: left, top, right, bottom in pixels of the input.

    RT-DETR and D-FINE as their authors export them, with `constants` for the size that they ask for; torchvision's
    detectors too, whose lists have no batch axis, with `outputs` in this order.
    """
    boxes, classes, scores = _three(outputs, (1, 0, 2), model)
    return _listed(boxes.astype(np.float64), scores, classes, model, size, options)


def dets_labels(outputs: Outputs, model: Model, size: Size, options: DetectionOptions) -> Detections:
    """Left, top, right, bottom in pixels of the input, score [1, N, 5], and classes [1, N]: MMDeploy, OTX."""
    require_count(outputs, 2, model)
    rows = floats(_batched(outputs[0], 3), (1, None, 5), model)[0]
    classes = whole_numbers(_batched(outputs[1], 2), (1, len(rows)), model)[0]
    return _listed(rows[:, :4].astype(np.float64), rows[:, 4], classes, model, size, options)


def yolo_nms(outputs: Outputs, model: Model, size: Size, options: DetectionOptions) -> Detections:
    """[N, 7]: image, left, top, right, bottom in pixels of the input, class, score. YOLOv7 with NMS inside."""
    require_count(outputs, 1, model)
    rows = floats(outputs[0], (None, 7), model)
    first = rows[rows[:, 0] == 0]
    classes = whole_numbers(first[:, 5], (len(first),), model)
    return _listed(first[:, 1:5].astype(np.float64), first[:, 6], classes, model, size, options)


def paddle(outputs: Outputs, model: Model, size: Size, options: DetectionOptions) -> Detections:
    """[N, 6], perhaps a count [1]: class, score, left, top, right, bottom in pixels. PaddleDetection with NMS inside.

    PP-YOLOE, PicoDet and RT-DETR; `constants` gives the further inputs, so that the pixels are those of the input.
    """
    if len(outputs) not in {1, 2}:
        raise mismatch(model, "boxes [N, 6], perhaps a count", f"{len(outputs)} outputs")
    rows = floats(outputs[0], (None, 6), model)
    for count in outputs[1:]:
        rows = rows[: max(0, int(whole_numbers(count, (1,), model)[0]))]
    classes = whole_numbers(rows[:, 0], (len(rows),), model)
    return _listed(rows[:, 2:].astype(np.float64), rows[:, 1], classes, model, size, options)


def _three(outputs: Outputs, order: tuple[int, int, int], model: Model) -> tuple[Floats, Indices, Floats]:
    """Boxes N×4, classes N and scores N, which are the outputs of these numbers; a fourth output counts them."""
    if len(outputs) not in {3, 4}:
        raise mismatch(model, "boxes, classes and scores, perhaps a count", f"{len(outputs)} outputs")
    boxes = floats(_batched(outputs[order[0]], 3), (1, None, 4), model)[0]
    classes = whole_numbers(_batched(outputs[order[1]], 2), (1, len(boxes)), model)[0]
    scores = floats(_batched(outputs[order[2]], 2), (1, len(boxes)), model)[0]
    count = len(boxes)
    for output in outputs[3:]:
        count = int(whole_numbers(output.reshape(-1), (1,), model)[0].clip(0, len(boxes)))
    return boxes[:count], classes[:count], scores[:count]


def _batched(output: NDArray[Any], axes: int) -> NDArray[Any]:
    """With a batch axis of 1, which some networks leave out."""
    return output[np.newaxis] if output.ndim == axes - 1 else output


def _scaled(boxes: Floats, size: Size) -> Corners:
    """Boxes from 0 to 1 in pixels of the input."""
    return boxes.astype(np.float64) * ([size.width, size.height] * 2)


def _listed(
    boxes: Corners, scores: Floats, classes: Indices, model: Model, size: Size, options: DetectionOptions
) -> Detections:
    """What is over the minimum score; the network has suppressed duplicates itself."""
    enough = np.flatnonzero(scores >= options.score)
    found = Candidates(boxes[enough], scores[enough], classes[enough])
    return select(found, model, size, options, overlapping=True)[0]
