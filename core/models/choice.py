"""Which of the decoders that would read a network's outputs it was made for, and what its classes are called."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from core.errors import ModelError
from core.models.activations import softmax
from core.models.decoders import DECODERS
from core.models.labels import shipped_labels, shipped_lists
from core.models.model import Model, Task
from core.models.network import Tensors
from core.models.prediction import Classification, DetectionOptions, Detections
from core.models.trial import Fitting
from core.picture import Size

_LOOK = DetectionOptions(score=0.05, iou=0.45, most=20)
_UNIT = 1.5
"""Boxes from 0 to 1 may reach over the picture by so much; pixels are larger."""
_FLAT, _NARROW = 0.2, 0.25
"""Of a map of one point the median is under such a share of the top, and such a share of it higher than half."""
_WORDS = {"pascal": "voc21", "voc": "voc21", "cityscapes": "semantic_adas", "coco": "coco80"}
"""Words in the names of files, and whose classes they speak of."""
_ONE_KIND: dict[str, tuple[Task, str]] = {
    "face": ("faces", "face"), "person": ("persons", "person"), "pedestrian": ("persons", "person"),
}  # fmt: skip
_ORDER = (
    "ssd", "yunet", "movenet", "paddle", "yolo_nms", "dets_labels", "yolo_end2end", "nanodet_plus", "nanodet", "yolox",
    "rtdetr", "ssd_tf", "ssd_lists", "detr_sigmoid", "detr", "ssd_scores", "yolo_pose", "yolo_seg", "yolo_v8",
    "yolo_v5", "heatmaps", "deeplab", "argmax", "softmax",
)  # fmt: skip
"""The most particular layouts first: what fits such a one is seldom made for another."""


class Choice(NamedTuple):
    """A decoder, why it was chosen, and how sure what it sees is: the mean of the best scores, 0 to 1."""

    fit: Fitting
    reason: str
    sure: float


def chosen(fits: Sequence[Fitting], tensors: Tensors, model: Model) -> Choice:
    """The likeliest of the decoders that fit."""
    left = [fit for fit in fits if _plausible(fit, tensors, model)] or list(fits)
    best = min(left, key=lambda fit: _ORDER.index(fit.decoder) if fit.decoder in _ORDER else len(_ORDER))
    return Choice(best, f"the layout of {best.decoder}", _sure(best, tensors, model))


def _plausible(fit: Fitting, tensors: Tensors, model: Model) -> bool:
    """Whether values and names speak for a decoder whose shapes fit."""
    outputs = [tensors[name] for name in fit.outputs]
    if fit.decoder in {"rtdetr", "ssd_tf", "ssd_lists"}:
        return _listed(fit, outputs)
    if fit.decoder in {"detr", "detr_sigmoid"}:
        nothing = float(softmax(outputs[0][0].astype(np.float64))[:, -1].mean())
        return (nothing > 0.5) == (fit.decoder == "detr") and _in_unit(outputs[1])
    if fit.decoder == "ssd_scores":
        return bool(np.allclose(outputs[0].sum(axis=-1), 1, atol=0.02)) and _in_unit(outputs[1])
    if fit.decoder in {"nanodet", "nanodet_plus"}:
        own = (fit.decoder == "nanodet_plus") == (len(outputs) == 1)
        return own and not (len(outputs) == 1 and _scored(outputs[0]))
    if fit.decoder in {"yolox", "yolo_v5"}:
        return _scored(outputs[0])
    if fit.decoder in {"heatmaps", "deeplab", "argmax"}:
        small = outputs[0].ndim == 4 and outputs[0].shape[2] * 2 <= model.input.size[1]
        hills = _hills(outputs[0])
        return hills if fit.decoder == "heatmaps" else small == (fit.decoder == "deeplab")
    if fit.decoder == "yolo_pose":
        return outputs[0].shape[1] == 56
    return True


def _hills(maps: Any) -> bool:
    """Whether maps are of points: as many as a body has, or about 0 but for a hill in each."""
    if maps.dtype.kind != "f" or maps.ndim != 4 or float(maps.max()) >= 2:
        return False
    tops = maps[0].max(axis=(1, 2))
    flat = np.abs(np.median(maps[0], axis=(1, 2))) < _FLAT * tops
    narrow = (maps[0] > tops[:, None, None] / 2).mean(axis=(1, 2)) < _NARROW
    return maps.shape[1] == 17 or bool((flat & narrow).all())


def _listed(fit: Fitting, outputs: Sequence[Any]) -> bool:
    """Boxes in pixels or not; classes that are whole numbers; scores from 0 to 1, falling."""
    boxes, classes, scores = (outputs[place] for place in ((1, 0, 2) if fit.decoder == "rtdetr" else (0, 1, 2)))
    falling = scores.size == 0 or bool((np.diff(scores.reshape(-1)) <= 1e-6).all())
    words = " ".join(fit.outputs).lower()
    tensorflow = len(outputs) == 4 or any(word in words for word in ("detection", "tflite", "stateful"))
    spoken = (fit.decoder == "ssd_tf") == tensorflow
    return falling and (fit.decoder != "rtdetr") == _in_unit(boxes) and classes.max(initial=0) >= 1 and spoken


def _scored(output: Any) -> bool:
    """Whether all but the box is from 0 to 1."""
    rest = output[..., 4:]
    return bool(rest.min(initial=0) >= -0.01 and rest.max(initial=0) <= 1.01)


def _in_unit(boxes: Any) -> bool:
    return bool(np.abs(boxes).max(initial=0) <= _UNIT)


def _sure(fit: Fitting, tensors: Tensors, model: Model) -> float:
    """The best score of what is seen, and a little for the others."""
    points = tensors[fit.outputs[0]].shape[1] if fit.decoder == "heatmaps" else 17
    table = msgspec.structs.replace(model, decoder=fit.decoder, keypoints=tuple(map(str, range(points))))
    if fit.decoder in {"deeplab", "argmax"}:
        return _decided(tensors[fit.outputs[0]])
    try:
        found = DECODERS[fit.decoder]([tensors[name] for name in fit.outputs], table, Size(*model.input.size), _LOOK)
    except ModelError:
        return 0.0
    scores = found.scores if isinstance(found, Detections | Classification) else np.zeros(0)
    if fit.decoder in {"heatmaps", "movenet"}:
        return float(scores.max(initial=0))  # of one body; the score of a map of classes would else be higher
    return float(scores[:5].sum() / 5) if scores.size else 0.0


def _decided(output: Any) -> float:
    """How much of a map is decided: the mean of the largest probability, 0 where all classes are as likely."""
    if output.dtype.kind != "f" or output.ndim != 4:
        return 0.0
    last = softmax(np.moveaxis(output[0], 0, -1).astype(np.float64))
    even = 1 / max(last.shape[-1], 2)
    return (float(last.max(axis=-1).mean()) - even) / (1 - even)


def count_of(fit: Fitting, tensors: Tensors, model: Model) -> int:
    """How many classes the network has, by its decoder; 0 where its outputs do not tell."""
    shape = tensors[fit.outputs[0]].shape
    last = len(shape) - 1
    of = {"yolox": (last, 5), "yolo_v5": (last, 5), "yolo_v8": (1, 4), "detr": (last, 1), "detr_sigmoid": (last, 0),
          "ssd_scores": (last, 1), "softmax": (last, 0), "nanodet_plus": (last, 32)}  # fmt: skip
    if fit.decoder in of:
        axis, rest = of[fit.decoder]
        return int(np.prod(shape[1:])) if fit.decoder == "softmax" else shape[axis] - rest
    if fit.decoder == "nanodet":
        return shape[last] if len(shape) == 3 else shape[1]
    if fit.decoder == "yolo_seg":
        return shape[1] - 4 - tensors[fit.outputs[1]].shape[1]
    if fit.decoder in {"argmax", "deeplab"} and len(shape) == 4:
        return shape[1] if model.input.layout == "NCHW" else shape[3]
    return 1 if fit.decoder in {"movenet", "heatmaps", "yolo_pose", "yunet"} else 0


def words_of(path: Path) -> set[str]:
    """The words of a file's name."""
    return set(re.split("[^a-z]+", path.stem.lower()))


def one_kind(fit: Fitting, count: int, path: Path) -> tuple[Task, str] | None:
    """The task and the label of a detector of one class, where the file's name tells."""
    if fit.decoder not in {"ssd", "ssd_scores", "yunet"} and count != 1:
        return None
    return next((told for word, told in _ONE_KIND.items() if word in words_of(path)), None)


def labels_for(count: int, written: tuple[str, ...], path: Path) -> tuple[tuple[str, ...] | str, str]:
    """Names for so many classes of the network in a file, and where they are from; none where nobody tells."""
    folder = path.parent
    if written:
        return (), f"the file itself names {len(written)} classes"
    lists = [name for name in shipped_lists() if len(shipped_labels(name) or ()) == count]
    if count and lists:
        return lists[0], f"it has {count} classes, as many as {lists[0]}"
    for beside in sorted(folder.glob("*.txt")):
        lines = beside.read_text("utf-8-sig", "replace").splitlines() if beside.stat().st_size < 2**20 else []
        if count and sum(1 for line in lines if line.strip()) == count:
            return beside.name, f"it has {count} classes, as many as {beside.name} has lines"
    said = next((name for word, name in _WORDS.items() if word in words_of(path)), None)
    if not count and said:
        return said, f"its outputs do not tell how many classes it has; its file is called as if they were {said}"
    if count == 1:
        return ("object",), "it has one class: call it what it is"
    return (), f"it has {count or 'an unknown number of'} classes and nothing names them: numbers until you do"
