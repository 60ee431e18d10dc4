"""What the detector saw, as others' grids tell it: a class and distances at each cell, maps of classes, points.

`seen` is as in exports.py: what NMS left of the network's cells.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

_BINS, _CLASSES = 8, 8
_REACH = 5.5
"""To how many cells from its middle a box may reach in a grid: distributions end at seven, and a point lies aside."""
_POINTS = 17
Made = tuple[list[Any], list[Any]]


def nanodet_plus(ops: Any, seen: Any, size: Any) -> Made:
    """[1, N, classes + 4 × bins]: points at the upper left of cells."""
    parts = _of_each_grid(ops, seen, size, (8, 16, 32, 64), 0.0)
    return [ops.concat(parts, 1)], []


def nanodet(ops: Any, seen: Any, size: Any) -> Made:
    """Scores of each stride, then distributions of each: points in the middle of cells."""
    parts = _of_each_grid(ops, seen, size, (8, 16, 32), 0.5)
    ends = ops.constant(np.array([_CLASSES, 4 * _BINS]))
    halves = [ops.variadic_split(part, ops.constant(np.int64(2)), ends) for part in parts]
    return [half.output(place) for place in (0, 1) for half in halves], []


def _of_each_grid(ops: Any, seen: Any, size: Any, strides: Sequence[int], middle: float) -> list[Any]:
    """[1, cells, classes + 4 × bins] of each grid; a box stands in the cell of its middle, in the finest that fits."""
    sides = [-(-int(size[0]) // stride) for stride in strides]
    counts = [side * side for side in sides]
    level = _level(ops, seen, size, strides)
    stride, across, first = (
        ops.gather(_numbers(ops, values), level, ops.constant(np.int64(0)))
        for values in (strides, sides, np.cumsum([0, *counts[:-1]]))
    )
    boxes = ops.squeeze(ops.multiply(seen.left, ops.constant(size)), ops.constant(np.array([0])))
    step = ops.unsqueeze(stride, ops.constant(np.int64(1)))
    cells = ops.floor(ops.divide(_middles(ops, boxes), step))
    points = ops.multiply(ops.add(cells, ops.constant(np.float32(middle))), step)
    reach = ops.divide(ops.concat([ops.subtract(points, _cut(ops, boxes, 0, 2)),
                                   ops.subtract(_cut(ops, boxes, 2, 4), points)], 1), step)  # fmt: skip
    column, row = (ops.gather(cells, ops.constant(np.int64(at)), ops.constant(np.int64(1))) for at in (0, 1))
    number = ops.convert(ops.add(first, ops.add(ops.multiply(row, across), column)), "i64")
    rows = ops.concat([_scores(ops, seen), _distributions(ops, reach)], 1)
    nothing = ops.constant(np.zeros((sum(counts), _CLASSES + 4 * _BINS), np.float32))
    whole = ops.scatter_nd_update(nothing, ops.unsqueeze(number, ops.constant(np.int64(1))), rows)
    parts = ops.variadic_split(whole, ops.constant(np.int64(0)), ops.constant(np.array(counts)))
    return [ops.unsqueeze(parts.output(place), ops.constant(np.int64(0))) for place in range(len(counts))]


def _level(ops: Any, seen: Any, size: Any, strides: Sequence[int]) -> Any:
    """For each box which of the grids it is in, n."""
    boxes = ops.squeeze(ops.multiply(seen.left, ops.constant(size)), ops.constant(np.array([0])))
    sides = ops.subtract(_cut(ops, boxes, 2, 4), _cut(ops, boxes, 0, 2))
    half = ops.multiply(ops.reduce_max(sides, ops.constant(np.array([1])), True), ops.constant(np.float32(0.5)))
    ends = ops.constant(np.array([[_REACH * stride for stride in strides[:-1]]], np.float32))
    return ops.reduce_sum(ops.convert(ops.greater(half, ends), "i64"), ops.constant(np.array([1])), False)


def _distributions(ops: Any, reach: Any) -> Any:
    """N × (4 × bins) logits, whose softmax has its mean at each distance: two bins share it."""
    bins = ops.constant(np.arange(_BINS, dtype=np.float32)[None, None])
    aside = ops.abs(ops.subtract(ops.unsqueeze(reach, ops.constant(np.int64(2))), bins))
    shares = ops.relu(ops.subtract(ops.constant(np.float32(1)), aside))
    logits = ops.log(ops.add(shares, ops.constant(np.float32(1e-7))))
    return ops.reshape(logits, ops.constant(np.array([-1, 4 * _BINS])), False)


def deeplab(ops: Any, seen: Any, size: Any) -> Made:
    """[1, 1 + classes, h, w] at an eighth of the input: the background is at 0, a box of its class at its score."""
    side = -(-int(size[0]) // 8)
    places = (np.arange(side, dtype=np.float32) + 0.5) / side
    boxes = ops.squeeze(seen.left, ops.constant(np.array([0])))
    inside = []
    for axis in (0, 1):
        first, last = _cut(ops, boxes, axis, axis + 1), _cut(ops, boxes, axis + 2, axis + 3)
        at = ops.constant(places[None])
        within = ops.logical_and(ops.greater(at, first), ops.less(at, last))
        inside.append(ops.unsqueeze(ops.convert(within, "f32"), ops.constant(np.int64(2 - axis))))
    covered = ops.unsqueeze(ops.multiply(*inside), ops.constant(np.int64(1)))  # n × 1 × h × w
    scores = ops.unsqueeze(_scores(ops, seen), ops.constant(np.array([2, 3])))
    maps = ops.reduce_max(ops.multiply(covered, scores), ops.constant(np.array([0])), True)
    ground = ops.constant(np.full((1, 1, side, side), 0.25, np.float32))
    return [ops.concat([ground, maps], 1)], []


def movenet(ops: Any, seen: Any, size: Any) -> Made:  # noqa: ARG001
    """[1, 1, 17, 3]: y, x and score of the middle of each class's surest box; what there are no classes for has 0."""
    boxes = ops.squeeze(seen.left, ops.constant(np.array([0])))
    surest = ops.topk(_scores(ops, seen), ops.constant(np.int64(1)), 0, "max", "value")
    number = ops.squeeze(surest.output(1), ops.constant(np.array([0])))
    middles = ops.gather(_middles(ops, boxes), number, ops.constant(np.int64(0)))
    turned = ops.gather(middles, ops.constant(np.array([1, 0])), ops.constant(np.int64(1)))
    best = ops.transpose(surest.output(0), ops.constant(np.array([1, 0])))
    others = ops.constant(np.zeros((_POINTS - _CLASSES, 3), np.float32))
    points = ops.concat([ops.concat([turned, best], 1), others], 0)
    return [ops.unsqueeze(points, ops.constant(np.array([0, 1])))], []


def _scores(ops: Any, seen: Any) -> Any:
    """N × classes: each box's score at its class."""
    one, none = ops.constant(np.float32(1)), ops.constant(np.float32(0))
    one_hot = ops.one_hot(seen.classes, ops.constant(np.int64(_CLASSES)), one, none, 2)
    scores = ops.multiply(one_hot, ops.unsqueeze(seen.best, ops.constant(np.int64(2))))
    return ops.squeeze(scores, ops.constant(np.array([0])))


def _middles(ops: Any, boxes: Any) -> Any:
    total = ops.add(_cut(ops, boxes, 0, 2), _cut(ops, boxes, 2, 4))
    return ops.multiply(total, ops.constant(np.float32(0.5)))


def _cut(ops: Any, values: Any, first: int, last: int) -> Any:
    """Some columns of n × 4."""
    return ops.slice(values, *[ops.constant(np.array([value])) for value in (first, last, 1, 1)])


def _numbers(ops: Any, values: Any) -> Any:
    return ops.constant(np.array(values, np.float32))
