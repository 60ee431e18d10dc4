"""Fuses a Focus layer and the convolution after it into one convolution: the same sums without copying the input.

YOLOX and YOLOv5 begin by stacking every second pixel, at four offsets, as channels, and convolve the result. That
equals a kernel of twice the size with a stride of two, so the weights are rearranged instead.
Source: https://github.com/ultralytics/yolov5/discussions/3181, where the layer was replaced in this way.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_ROWS, _COLUMNS = 2, 3
_QUARTERS = {(0, 0), (0, 1), (1, 0), (1, 1)}
_FLOATS = {"f32", "f16"}
"""Weights that NumPy supports; layers with others are left as they are."""


class _Focus(NamedTuple):
    """The output that is sliced, of shape [1, C, H, W], and the row and column at which each slice begins."""

    source: Any
    starts: list[tuple[int, int]]


def fold_focus(network: Any, ops: Any) -> Any:
    """The network, each convolution of a Focus replaced by the one that does both; `ops` makes OpenVINO's operators."""
    for node in network.get_ordered_ops():
        if node.get_type_name() != "Convolution" or (weights := _constant(node.input_value(1))) is None:
            continue
        focus = _focus(node.input_value(0).get_node())
        if focus is None or weights.ndim != 4 or not _plain(node):
            continue
        about = node.get_attributes()
        begin, end = ([2 * pad for pad in about[side]] for side in ("pads_begin", "pads_end"))
        made = ops.convolution(
            focus.source, ops.constant(_spread(weights, focus.starts)), [2, 2], begin, end, [1, 1], "explicit"
        )
        made.set_friendly_name(node.get_friendly_name())
        for target in node.output(0).get_target_inputs():
            target.replace_source_output(made.output(0))
    network.validate_nodes_and_infer_types()
    return network


def _plain(node: Any) -> bool:
    """Whether a convolution has a stride of 1, explicit padding, and weights that can be rearranged."""
    about = node.get_attributes()
    floats = node.input_value(1).get_element_type().get_type_name() in _FLOATS
    return floats and set(about["strides"] + about["dilations"]) == {1} and about["auto_pad"].casefold() == "explicit"


def _spread(weights: NDArray[Any], starts: list[tuple[int, int]]) -> NDArray[Any]:
    """Weights [O, 4 × C, k, k] of the quarters as weights [O, C, 2 × k, 2 × k] of the whole."""
    outputs, channels, height, width = weights.shape
    whole = np.zeros((outputs, channels // 4, 2 * height, 2 * width), weights.dtype)
    for (row, column), quarter in zip(starts, np.split(weights, 4, axis=1), strict=True):
        whole[:, :, row::2, column::2] = quarter
    return whole


def _focus(node: Any) -> _Focus | None:
    """The Focus that ends in this node, if it is one: each quarter of one picture once, so that its sides are even."""
    if node.get_type_name() != "Concat" or node.get_attributes()["axis"] != 1 or node.get_input_size() != 4:
        return None
    quarters = [_quarter(node.input_value(place)) for place in range(4)]
    sources = {(quarter[0].get_node().get_name(), quarter[0].get_index()) for quarter in quarters}
    starts = [quarter[1] for quarter in quarters]
    if len(sources) != 1 or set(starts) != _QUARTERS:
        return None
    return _Focus(quarters[0][0], starts)


def _quarter(output: Any) -> tuple[Any, tuple[int, int]]:
    """What is cut up, and the row and column at which an output begins to take every second pixel of it; else -1."""
    starts = {_ROWS: -1, _COLUMNS: -1}
    while (node := output.get_node()).get_type_name() == "Slice" and (cut := _every_second(node)) is not None:
        axis, start = cut
        if starts.get(axis) != -1:
            break
        starts[axis] = start
        output = node.input_value(0)
    return output, (starts[_ROWS], starts[_COLUMNS])


def _every_second(node: Any) -> tuple[int, int] | None:
    """The one axis of which a slice takes every second place to the end, and the first of them."""
    if node.get_input_size() != 5:
        return None
    numbers = [_constant(node.input_value(place)) for place in range(1, 5)]
    if any(number is None or number.shape != (1,) for number in numbers):
        return None
    start, stop, step, axis = (int(number[0]) for number in numbers if number is not None)
    shape = node.input_value(0).get_partial_shape()
    if shape.rank.is_dynamic or not 0 <= axis < shape.rank.get_length() or shape[axis].is_dynamic:
        return None
    return (axis, start) if step == 2 and start in {0, 1} and stop >= shape[axis].get_length() else None


def _constant(output: Any) -> NDArray[Any] | None:
    node = output.get_node()
    return node.get_data() if node.get_type_name() == "Constant" else None
