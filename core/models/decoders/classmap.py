"""Semantic segmentation: a class for each pixel."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.errors import ModelOutputError
from core.models.guards import Outputs, as_f32, mismatch, require_class_count, require_count, require_finite
from core.models.model import Model
from core.models.prediction import ClassMap, DetectionOptions
from core.picture import Size

VOID = 255
Map = NDArray[np.uint8]


def argmax(outputs: Outputs, model: Model, size: Size, options: DetectionOptions) -> ClassMap:  # noqa: ARG001 — all classes are one map
    """Scores of classes (floats, or quantised u8), or a map of classes that the graph has chosen (whole numbers).

    Scores are [1, classes, h, w] or [1, h, w, classes]: as the input's size tells, else the input's own layout.
    A map is [1, h, w], [1, 1, h, w] or [1, h, w, 1]. What has another resolution than the input is resized, nearest.
    """
    require_count(outputs, 1, model)
    output = outputs[0]
    if not output.size:
        raise mismatch(model, "pixels", list(output.shape))
    chosen = _whole(output, model) if _is_map(output) else _largest(_planes(output, size, model), model)
    chosen = _moved(chosen, model.label_offset)
    if chosen.shape != (size.height, size.width):
        chosen = cv2.resize(chosen, size, interpolation=cv2.INTER_NEAREST_EXACT)
    return ClassMap(chosen)


def deeplab(outputs: Outputs, model: Model, size: Size, options: DetectionOptions) -> ClassMap:  # noqa: ARG001
    """Scores of classes [1, classes, h, w] or [1, h, w, classes] at a fraction of the input's size: DeepLab, SegFormer.

    They are resized to the input, linear between the middles of pixels, before the largest is taken, as the authors do
    (https://arxiv.org/abs/1706.05587, §3). `argmax` takes the largest first, which leaves steps.
    """
    require_count(outputs, 1, model)
    if not outputs[0].size:
        raise mismatch(model, "pixels", list(outputs[0].shape))
    planes = _planes(outputs[0], size, model)
    planes = planes.astype(np.float32) if planes.dtype.kind in "iu" else as_f32(planes, model)
    return ClassMap(_moved(_largest(planes, model, size), model.label_offset))


def _is_map(output: NDArray[Any]) -> bool:
    whole = np.issubdtype(output.dtype, np.integer)
    return whole and (output.ndim == 3 or (output.ndim == 4 and 1 in {output.shape[1], output.shape[3]}))


def _whole(output: NDArray[Any], model: Model) -> Map:
    """The classes as bytes, H×W: one pass to check, one to write."""
    if output.shape[0] != 1:
        raise mismatch(model, "a batch of 1", output.shape[0])
    found = output.reshape([side for axis, side in enumerate(output.shape) if axis in _map_axes(output)])
    if not 0 <= int(np.bitwise_or.reduce(found, axis=None)) <= VOID:
        raise ModelOutputError(f'The output of "{model.name}" holds classes outside 0 to {VOID}.')
    return found.astype(np.uint8, copy=False)


def _map_axes(output: NDArray[Any]) -> tuple[int, int]:
    return (2, 3) if output.ndim == 4 and output.shape[1] == 1 else (1, 2)


def _planes(output: NDArray[Any], size: Size, model: Model) -> NDArray[Any]:
    """Scores as classes × H × W."""
    if output.ndim != 4 or output.shape[0] != 1 or output.dtype.kind not in "fiu":
        raise mismatch(model, "[1, classes, h, w], [1, h, w, classes] or a map", f"{output.dtype} {list(output.shape)}")
    last = _classes_are_last(output.shape, size, model)
    planes = output[0] if not last else _transposed(output[0])
    if not 2 <= len(planes) <= VOID:
        raise mismatch(model, f"2 to {VOID} classes", len(planes))
    require_class_count(len(planes), model)
    return planes


def _classes_are_last(shape: tuple[int, ...], size: Size, model: Model) -> bool:
    sides = (size.height, size.width)
    if shape[2:] == sides or shape[1:3] == sides:
        return shape[2:] != sides
    return model.input.layout == "NHWC"


def _transposed(scores: NDArray[Any]) -> NDArray[Any]:
    """H×W×classes as classes × H × W, copied: iterating over planes is 5 times as fast as over pixels."""
    height, width, classes = scores.shape
    return cv2.transpose(scores.reshape(-1, classes)).reshape(classes, height, width)


def _largest(planes: NDArray[Any], model: Model, size: Size | None = None) -> Map:
    """The index of the largest plane for each pixel, resized before if a size is given; of equal ones the first.

    The same as `planes.argmax(axis=0)` in a twentieth of the time and without its 8 bytes a pixel.
    """
    require_finite(planes, model)
    best = _resized(planes[0], size).copy()
    chosen = np.zeros(best.shape, np.uint8)
    for number, small in enumerate(planes[1:], 1):
        plane = _resized(small, size)
        better = (plane > best).view(np.uint8)
        np.maximum(chosen, better * np.uint8(number), out=chosen)  # numbers rise, so the later one wins
        np.maximum(best, plane, out=best)
    return chosen


def _resized(plane: NDArray[Any], size: Size | None) -> NDArray[Any]:
    if size is None or plane.shape == (size.height, size.width):
        return plane
    return cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR)


def _moved(chosen: Map, offset: int) -> Map:
    """Classes moved by `offset`; those that leave 0 to 254 are void, and void stays."""
    if offset == 0:
        return chosen
    moved = np.arange(VOID + 1) + offset
    table = np.where((moved < 0) | (moved > VOID), VOID, moved).astype(np.uint8)
    table[VOID] = VOID
    return table[chosen]
