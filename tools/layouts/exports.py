"""The detector that ships as others export theirs: the same weights, other inputs in front, other outputs behind.

So each table of docs/models.md is run by a network that was really trained, in the layout that the table is about.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from core.models import graph
from core.models.model import Input
from tools.layouts import grids

SHAPES = Path(__file__).resolve().parent.parent.parent / "core" / "models" / "shapes" / "shapes.xml"
_SIDE, _CLASSES, _FILL = 320, 8, 114.0
_STRIDES = (8, 16, 32)
_IOU, _SCORE, _MOST = 0.45, 0.05, 100
Outputs = dict[str, Any]


class _Seen(NamedTuple):
    """What the network tells in the graph: of all its cells (`boxes` 1×N×4, `scores` 1×N×8), or of what NMS left.

    Boxes are left, top, right, bottom as shares of the input; `classes` 1×n and `best` 1×n of what is left.
    """

    boxes: Any
    scores: Any
    left: Any
    classes: Any
    best: Any


def written_as(decoder: str, about: Input, outputs: Sequence[str], path: Path) -> None:
    """Write the network for a table's decoder, with its input and these names of outputs."""
    library = graph.openvino()
    from openvino import opset13 as ops

    network = graph.core().read_model(SHAPES, SHAPES.with_suffix(".bin"))
    picture, shown, width, height = _front(ops, about)
    (own,) = network.get_parameters()
    for target in own.output(0).get_target_inputs():
        target.replace_source_output(shown.output(0))
    raw = network.outputs[0].get_node().input_value(0)
    seen = _decoded(ops, raw, width, height)
    made, further = _BACKS[decoder](ops, seen, np.array(about.size * 2, np.float32))
    results = []
    for place, output in enumerate(made):
        results.append(ops.result(output))
        results[-1].output(0).set_names({outputs[place] if place < len(outputs) else f"output{place}"})
    library.save_model(library.Model(results, [picture, *further], decoder), path, compress_to_fp16=False)


# --- in front ------------------------------------------------------------------------------------------------------


def _front(ops: Any, about: Input) -> tuple[Any, Any, int, int]:
    """The input that a table tells of, and what the network that ships gets of it: BGR 0 to 255, 320 × 320."""
    width, height = about.size
    sides = [1, height, width, 3] if about.layout == "NHWC" else [1, 3, height, width]
    picture = ops.parameter(sides, {"u8": np.uint8, "i32": np.int32, "f32": np.float32}[about.type], name=about.name)
    picture.output(0).set_names({about.name})
    layer = ops.convert(picture, "f32")
    if about.layout == "NHWC":
        layer = ops.transpose(layer, ops.constant(np.array([0, 3, 1, 2])))
    numbers = (np.array(values, np.float32) for values in (about.scale, about.mean))
    scale, mean = (np.broadcast_to(values, 3).reshape(1, 3, 1, 1) for values in numbers)
    layer = ops.add(ops.multiply(layer, ops.constant(scale)), ops.constant(mean))
    if about.color == "RGB":
        layer = ops.gather(layer, ops.constant(np.array([2, 1, 0])), ops.constant(np.int64(1)))
    share = _SIDE / max(about.size)
    wide, high = round(width * share), round(height * share)
    new = ops.constant(np.array([high, wide]))
    layer = ops.interpolate(
        layer, new, "linear_onnx", "sizes", antialias=False, pads_begin=[0], pads_end=[0],
        coordinate_transformation_mode="half_pixel", axes=ops.constant(np.array([2, 3])),
    )  # fmt: skip
    ends = ops.constant(np.array([0, 0, _SIDE - high, _SIDE - wide]))
    none = ops.constant(np.zeros(4, np.int64))
    return picture, ops.pad(layer, none, ends, "constant", ops.constant(np.float32(_FILL))), wide, high


# --- in the middle -------------------------------------------------------------------------------------------------


def _decoded(ops: Any, raw: Any, wide: int, high: int) -> _Seen:
    """Boxes and scores of all cells, and those that NMS leaves."""
    cells = np.concatenate([np.stack(np.meshgrid(*[np.arange(_SIDE // s)] * 2), 2).reshape(-1, 2) for s in _STRIDES])
    strides = np.concatenate([np.full(((_SIDE // s) ** 2, 1), s) for s in _STRIDES]).astype(np.float32)[None]
    places, logs, object_score, class_scores = (
        _part(ops, raw, first, last) for first, last in ((0, 2), (2, 4), (4, 5), (5, 5 + _CLASSES))
    )
    stride = ops.constant(strides)
    middle = ops.multiply(ops.add(places, ops.constant(cells.astype(np.float32)[None])), stride)
    half = ops.multiply(ops.multiply(ops.exp(logs), stride), ops.constant(np.float32(0.5)))
    corners = ops.concat([ops.subtract(middle, half), ops.add(middle, half)], 2)
    boxes = ops.divide(corners, ops.constant(np.array([wide, high] * 2, np.float32)))
    scores = ops.multiply(object_score, class_scores)
    limits = [ops.constant(value) for value in (np.int64(_MOST), np.float32(_IOU), np.float32(_SCORE))]
    across = ops.transpose(scores, ops.constant(np.array([0, 2, 1])))
    chosen = ops.non_max_suppression(boxes, across, *limits, box_encoding="corner", output_type="i64")
    numbers, classes = (_column(ops, chosen.output(0), at) for at in (2, 1))
    left = ops.gather(boxes, numbers, ops.constant(np.int64(1)))
    first = ops.constant(np.int64(0))
    best = ops.unsqueeze(_column(ops, chosen.output(1), 2), first)
    return _Seen(boxes, scores, left, ops.unsqueeze(classes, first), best)


def _part(ops: Any, source: Any, first: int, last: int) -> Any:
    at = [ops.constant(np.array([value])) for value in (first, last, 1, 2)]
    return ops.slice(source, *at)


def _column(ops: Any, rows: Any, at: int) -> Any:
    return ops.gather(rows, ops.constant(np.int64(at)), ops.constant(np.int64(1)))


# --- behind --------------------------------------------------------------------------------------------------------


def _yolo_nms(ops: Any, seen: _Seen, size: Any) -> tuple[list[Any], list[Any]]:
    classes = _floats(ops, seen.classes)
    zero = ops.multiply(classes, ops.constant(np.float32(0)))
    return [_rows(ops, [zero, *_sides(ops, seen.left, size), classes, seen.best])], []


def _dets_labels(ops: Any, seen: _Seen, size: Any) -> tuple[list[Any], list[Any]]:
    dets = ops.concat([ops.multiply(seen.left, ops.constant(size)), _last(ops, seen.best)], 2)
    return [dets, seen.classes], []


def _paddle(ops: Any, seen: _Seen, size: Any) -> tuple[list[Any], list[Any]]:
    """Boxes are divided by `scale_factor`; `im_shape` is read, as the authors' graphs do."""
    scale, shape = (_further(ops, name, [1, 2], np.float32) for name in ("scale_factor", "im_shape"))
    most = ops.concat([ops.gather(shape, ops.constant(np.array([1, 0])), ops.constant(np.int64(1)))] * 2, 1)
    twice = ops.concat([scale, scale], 1)
    boxes = ops.minimum(ops.divide(ops.multiply(seen.left, ops.constant(size)), twice), most)
    rows = _rows(ops, [_floats(ops, seen.classes), seen.best, *_sides(ops, boxes, np.ones(4, np.float32))])
    return [rows], [scale, shape]


def _rtdetr(ops: Any, seen: _Seen, size: Any) -> tuple[list[Any], list[Any]]:  # noqa: ARG001
    asked = _further(ops, "orig_target_sizes", [1, 2], np.int64)
    twice = ops.concat([ops.convert(asked, "f32")] * 2, 1)
    return [seen.classes, ops.multiply(seen.left, twice), seen.best], [asked]


def _detr_sigmoid(ops: Any, seen: _Seen, size: Any) -> tuple[list[Any], list[Any]]:  # noqa: ARG001
    one_hot = ops.one_hot(seen.classes, ops.constant(np.int64(_CLASSES)), ops.constant(np.float32(1)),
                          ops.constant(np.float32(0)), 2)  # fmt: skip
    scores = ops.clamp(ops.multiply(one_hot, _last(ops, seen.best)), 1e-4, 1 - 1e-4)
    logits = ops.log(ops.divide(scores, ops.subtract(ops.constant(np.float32(1)), scores)))
    first, last = _part(ops, seen.left, 0, 2), _part(ops, seen.left, 2, 4)
    middle = ops.multiply(ops.add(first, last), ops.constant(np.float32(0.5)))
    boxes = ops.concat([middle, ops.subtract(last, first)], 2)
    unsure = ops.constant(np.full((1, 1, _CLASSES), -9, np.float32))  # there is never no query
    return [
        ops.concat([logits, unsure], 1),
        ops.concat([boxes, ops.constant(np.full((1, 1, 4), 0.5, np.float32))], 1),
    ], []


def _ssd_scores(ops: Any, seen: _Seen, size: Any) -> tuple[list[Any], list[Any]]:  # noqa: ARG001
    total = ops.reduce_sum(seen.scores, ops.constant(np.array([2])), True)
    behind = ops.relu(ops.subtract(ops.constant(np.float32(1)), total))
    return [ops.concat([behind, seen.scores], 2), seen.boxes], []


def _ssd_tf(ops: Any, seen: _Seen, size: Any) -> tuple[list[Any], list[Any]]:  # noqa: ARG001
    turned = ops.gather(seen.left, ops.constant(np.array([1, 0, 3, 2])), ops.constant(np.int64(2)))
    classes = ops.add(_floats(ops, seen.classes), ops.constant(np.float32(1)))
    ones = ops.add(ops.multiply(classes, ops.constant(np.float32(0))), ops.constant(np.float32(1)))
    return [turned, classes, seen.best, ops.reduce_sum(ones, ops.constant(np.array([1])))], []


def _ssd_lists(ops: Any, seen: _Seen, size: Any) -> tuple[list[Any], list[Any]]:  # noqa: ARG001
    return [seen.left, ops.add(seen.classes, ops.constant(np.int64(1))), seen.best], []


def _further(ops: Any, name: str, shape: list[int], kind: Any) -> Any:
    made = ops.parameter(shape, kind, name=name)
    made.output(0).set_names({name})
    return made


def _floats(ops: Any, values: Any) -> Any:
    return ops.convert(values, "f32")


def _last(ops: Any, values: Any) -> Any:
    return ops.unsqueeze(values, ops.constant(np.int64(2)))


def _sides(ops: Any, boxes: Any, size: Any) -> list[Any]:
    """Left, top, right and bottom, each 1×n, times a size."""
    scaled = ops.multiply(boxes, ops.constant(size))
    return [ops.gather(scaled, ops.constant(np.int64(at)), ops.constant(np.int64(2))) for at in range(4)]


def _rows(ops: Any, columns: list[Any]) -> Any:
    """N × columns of 1×n each."""
    return ops.squeeze(ops.concat([_last(ops, column) for column in columns], 2), ops.constant(np.array([0])))


_BACKS: dict[str, Callable[[Any, _Seen, Any], tuple[list[Any], list[Any]]]] = {
    "yolo_nms": _yolo_nms, "dets_labels": _dets_labels, "paddle": _paddle, "rtdetr": _rtdetr,
    "detr_sigmoid": _detr_sigmoid, "ssd_scores": _ssd_scores, "ssd_tf": _ssd_tf, "ssd_lists": _ssd_lists,
    "nanodet_plus": grids.nanodet_plus, "nanodet": grids.nanodet, "deeplab": grids.deeplab, "movenet": grids.movenet,
}  # fmt: skip
EXPORTED = tuple(_BACKS)
"""The decoders in whose layouts it can be exported."""
