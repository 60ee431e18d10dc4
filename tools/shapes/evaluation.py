"""How good a detector is: the picture to the network's size, the head to boxes, boxes to hits and misses."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.shapes.drawing import Floats, Scene
from tools.shapes.grounds import Pixels

STRIDES = (8, 16, 32)
SIDE = 320
"""Width and height of the network's input, pixels."""
FILL = 114
SCORE, OVERLAP, HIT = 0.45, 0.45, 0.7
"""The least score of a box, the most that two of a class overlap (IoU), the least IoU with what was drawn."""
INTERPOLATIONS = {"linear": cv2.INTER_LINEAR, "area": cv2.INTER_AREA}

Heads = Callable[[Pixels], Floats]
"""A picture of the network's size to the head, N×(5 + classes)."""


class Boxes(NamedTuple):
    """`boxes` N×4 (left, top, right, bottom), `classes` N, `scores` N; the best first."""

    boxes: Floats
    classes: NDArray[np.intp]
    scores: Floats


class Figures(NamedTuple):
    """Recall and precision at IoU `HIT`, over all classes and of each; `overlap` is the hits' mean IoU."""

    recall: float
    precision: float
    overlap: float
    recalls: tuple[float, ...]
    precisions: tuple[float, ...]


def letterboxed(pixels: Pixels, interpolation: str, side: int = SIDE) -> tuple[Pixels, float]:
    """The picture as large as fits at the top left of a grey square, and its scale."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    canvas = np.full((side, side, 3), FILL, np.uint8)
    canvas[: size[1], : size[0]] = cv2.resize(pixels, size, interpolation=INTERPOLATIONS[interpolation])
    return canvas, scale


def cells(side: int = SIDE) -> tuple[Floats, Floats]:
    """Left top corner of each cell of the head, N×2 in cells, and its stride, N×1 in pixels."""
    grids = [np.stack(np.meshgrid(*[np.arange(side // s)] * 2), axis=-1).reshape(-1, 2) for s in STRIDES]
    strides = [np.full((len(grid), 1), s) for s, grid in zip(STRIDES, grids, strict=True)]
    return np.concatenate(grids).astype(np.float32), np.concatenate(strides).astype(np.float32)


def decoded(head: Floats, side: int = SIDE, score: float = SCORE) -> Boxes:
    """Boxes in pixels of the network's input, at most one per object."""
    corners, strides = cells(side)
    scores = head[:, 4:5] * head[:, 5:]
    classes, best = scores.argmax(axis=1), scores.max(axis=1)
    order = np.argsort(-best, kind="stable")
    order = order[best[order] >= score]
    middle = (head[order, :2] + corners[order]) * strides[order]
    half = np.exp(head[order, 2:4]) * strides[order] / 2
    boxes = np.clip(np.concatenate([middle - half, middle + half], axis=1), 0, side)
    kept = _kept(boxes, classes[order])
    return Boxes(boxes[kept], classes[order][kept], best[order][kept])


def _kept(boxes: Floats, classes: NDArray[np.intp]) -> list[int]:
    """Those that overlap no better one of their class by more than `OVERLAP`."""
    overlaps = ious(boxes, boxes) * (classes[:, None] == classes)
    kept: list[int] = []
    for index in range(len(boxes)):
        if not kept or overlaps[index, kept].max() <= OVERLAP:
            kept.append(index)
    return kept


def ious(these: Floats, those: Floats) -> Floats:
    """Intersection over union of each with each, N×M."""
    sides = np.minimum(these[:, None, 2:], those[None, :, 2:]) - np.maximum(these[:, None, :2], those[None, :, :2])
    shared = np.prod(np.maximum(sides, 0), axis=2)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (these, those)]
    return np.asarray(shared / np.maximum(areas[0][:, None] + areas[1] - shared, 1e-9))


def found(heads: Heads, pixels: Pixels, interpolation: str, score: float = SCORE) -> Boxes:
    """What the detector sees, in pixels of the picture."""
    canvas, scale = letterboxed(pixels, interpolation)
    boxes = decoded(heads(canvas), score=score)
    limit = np.array([pixels.shape[1], pixels.shape[0]] * 2, np.float32)
    return boxes._replace(boxes=np.minimum(boxes.boxes / np.float32(scale), limit))


def hits(seen: Boxes, drawn: Scene) -> Floats:
    """For each box its IoU with the drawn shape of its class that no better one took, or 0 under `HIT`."""
    overlaps = ious(seen.boxes, drawn.boxes) * (seen.classes[:, None] == drawn.classes)
    result = np.zeros(len(seen.boxes), np.float32)
    for index in range(len(seen.boxes)):
        column = int(overlaps[index].argmax()) if overlaps.shape[1] else 0
        if overlaps.shape[1] and overlaps[index, column] >= HIT:
            result[index] = overlaps[index, column]
            overlaps[:, column] = 0
    return result


def figures(results: Iterable[tuple[Boxes, Scene]], classes: int) -> Figures:
    """Over many pictures: what was seen, and what was drawn."""
    right, seen, drawn, total = np.zeros(classes), np.zeros(classes), np.zeros(classes), 0.0
    for boxes, scene in results:
        hit = hits(boxes, scene)
        right += np.bincount(boxes.classes[hit > 0], minlength=classes)
        seen += np.bincount(boxes.classes, minlength=classes)
        drawn += np.bincount(scene.classes, minlength=classes)
        total += float(hit.sum())
    recalls, precisions = right / np.maximum(drawn, 1), right / np.maximum(seen, 1)
    whole = right.sum()
    return Figures(
        float(whole / max(drawn.sum(), 1)),
        float(whole / max(seen.sum(), 1)),
        float(total / max(whole, 1)),
        tuple(recalls.tolist()),
        tuple(precisions.tolist()),
    )
