"""Non-maximum suppression: of boxes that show the same object, the best one stays."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float64]
Indices = NDArray[np.intp]

BLOCK = 128
"""Candidates that are compared with one another at once: bounds memory, and the work past `most`."""

TINY = np.finfo(np.float64).tiny
"""Stands for the union of two boxes without area, whose intersection is 0 too."""


def nms(boxes: Boxes, scores: NDArray[Any], classes: Indices, iou: float, most: int) -> Indices:
    """Indices of the boxes that stay, the best first; equal scores keep their order.

    `boxes` N×4 (left, top, right, bottom). Greedy, within each class: a box goes when its intersection over union with
    a better one that stays is more than `iou`. It stops when `most` have stayed.
    Semantics: https://pytorch.org/vision/stable/generated/torchvision.ops.batched_nms.html, in float64.
    """
    order, kept = best_first(scores), np.empty(0, np.intp)
    for start in range(0, len(order), BLOCK):
        block = order[start : start + BLOCK]
        if start:
            block = block[~_overlap(boxes, classes, kept, block, iou).any(axis=0)]
        block = block[_greedy(_overlap(boxes, classes, block, block, iou))]
        kept = np.concatenate([kept, block])[:most]
        if len(kept) == most:
            break
    return kept


def best_first(scores: NDArray[Any]) -> Indices:
    """Indices by falling score; equal scores keep their order."""
    return np.argsort(-scores, kind="stable")


def _greedy(overlap: NDArray[np.bool_]) -> list[int]:
    """Which of the boxes stay that overlap one another so, the best first."""
    gone, kept = np.zeros(len(overlap), np.bool_), []
    for row in range(len(overlap)):
        if not gone[row]:
            kept.append(row)
            gone |= overlap[row]
    return kept


def _overlap(boxes: Boxes, classes: Indices, these: Indices, those: Indices, iou: float) -> NDArray[np.bool_]:
    """These × those: of one class, and with an intersection over union of more than `iou`."""
    left, top, right, bottom = boxes[these].T[:, :, np.newaxis]
    left2, top2, right2, bottom2 = boxes[those].T
    across = np.minimum(right, right2) - np.maximum(left, left2)
    down = np.minimum(bottom, bottom2) - np.maximum(top, top2)
    shared = np.maximum(across, 0) * np.maximum(down, 0)
    union = (right - left) * (bottom - top) + (right2 - left2) * (bottom2 - top2) - shared
    return (shared / np.maximum(union, TINY) > iou) & (classes[these][:, np.newaxis] == classes[those])
