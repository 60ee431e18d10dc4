"""Decoders: from a network's raw outputs to boxes, labels or a class map. One file per family."""

from collections.abc import Callable, Sequence
from typing import Any

from numpy.typing import NDArray

from core.models.decoders.classmap import argmax, deeplab
from core.models.decoders.end2end import detr, detr_sigmoid, yolo_end2end
from core.models.decoders.gfl import nanodet, nanodet_plus
from core.models.decoders.heads import heads
from core.models.decoders.lists import dets_labels, paddle, rtdetr, ssd_lists, ssd_scores, ssd_tf, yolo_nms
from core.models.decoders.points import heatmaps, movenet
from core.models.decoders.raw import raw
from core.models.decoders.softmax import softmax
from core.models.decoders.ssd import ssd
from core.models.decoders.yolo import yolo_pose, yolo_seg, yolo_v5, yolo_v8
from core.models.decoders.yolox import yolox
from core.models.decoders.yunet import yunet
from core.models.model import Model
from core.models.prediction import DetectionOptions, Prediction
from core.picture import Size

Decoder = Callable[[Sequence[NDArray[Any]], Model, Size, DetectionOptions], Prediction]
"""Outputs in the order of `Model.outputs` (or the network's own), batch axis of 1 included; the model; the size of the
network's input; the detection options. Classes index the model's labels. Raises ModelMismatchError and
ModelOutputError."""

DECODERS: dict[str, Decoder] = {
    "yolox": yolox,
    "yolo_v5": yolo_v5,
    "yolo_v8": yolo_v8,
    "yolo_seg": yolo_seg,
    "yolo_pose": yolo_pose,
    "yolo_end2end": yolo_end2end,
    "yolo_nms": yolo_nms,
    "nanodet": nanodet,
    "nanodet_plus": nanodet_plus,
    "detr": detr,
    "detr_sigmoid": detr_sigmoid,
    "rtdetr": rtdetr,
    "dets_labels": dets_labels,
    "paddle": paddle,
    "ssd": ssd,
    "ssd_scores": ssd_scores,
    "ssd_tf": ssd_tf,
    "ssd_lists": ssd_lists,
    "movenet": movenet,
    "heatmaps": heatmaps,
    "yunet": yunet,
    "argmax": argmax,
    "deeplab": deeplab,
    "softmax": softmax,
    "heads": heads,
    "raw": raw,
}
