"""What several windows of a picture show, as one: each thing once, and whole."""

from collections.abc import Sequence

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from core.findings.findings import Object
from core.findings.masks import Mask
from core.findings.region import Region
from core.models.nms import TINY, best_first, nms
from core.models.tiles import Window
from core.picture import Size

Boxes = NDArray[np.float64]
_NEAR = 0.02
"""How near to a seam a box is cut off there, as a share of the window's side."""
_COVERED = 0.5
"""Of what is cut off, the share that another box of its class must cover to be the whole of it."""
_ALIKE = 0.6
"""How well two parts of a thing agree along the seam: overlap beside union."""
_WITHIN = 0.8
"""The share of a box that must lie in another for it to be a part of that."""
_MOST, _COMPARED, _PARTS = 4000, 1000, 100
"""Most objects, most that are compared with one another, and most parts that are joined: the best ones."""


def joined(
    windows: Sequence[Window], seen: Sequence[Sequence[Object]], size: Size, iou: float, most: int
) -> list[Object]:
    """The objects of all windows, of which the first may be the whole picture, in its coordinates; the best first.

    What a seam cuts off goes where another window shows all of it, or where a box of its class covers it; parts of
    what is larger than an overlap are joined. What the whole picture shows of a size for windows goes where one of them
    shows it. Then boxes of a class that overlap a better one by more than `iou` go.
    """
    placed = [(number, _moved(one, window)) for number, window in enumerate(windows) for one in seen[number]]
    placed = sorted(placed, key=lambda item: -item[1].score)[:_MOST]
    if not placed:
        return []
    objects, numbers = [one for _, one in placed], np.array([number for number, _ in placed])
    all_of_it = np.array([window.size == size for window in windows])
    inside = _inside(_bounds(objects), np.array(windows, np.float64), size)
    own, elsewhere = inside[np.arange(len(placed)), numbers], inside[:, ~all_of_it].any(axis=1)
    coarse = all_of_it[numbers]
    fine = own & ~(coarse & elsewhere)
    kept = _picked(objects, fine & ~_shown_larger(objects, fine, inside[:, numbers]))
    small = _picked(objects, own & coarse & elsewhere)
    kept += _uncovered(small, kept, of_smaller=True)
    parts = _uncovered(_picked(objects, ~own & ~elsewhere), kept)
    return _best([*kept, *_pieced(parts[:_PARTS]), *parts[_PARTS:]], iou, most)


def within_room(objects: Sequence[Object], room: int) -> tuple[list[Object], int]:
    """The objects, without masks from the first on that takes more pixels than there is room for, and what is left."""
    kept: list[Object] = []
    for one in objects:
        room -= one.mask.bits.size if one.mask else 0
        kept.append(one if room >= 0 else msgspec.structs.replace(one, mask=None))
    return kept, room


def _shown_larger(objects: list[Object], fine: NDArray[np.bool_], beside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which objects lie in a larger one of their class that their own window shows a part of: they are that part.

    `beside` tells of each object whether the window of each other one shows all of it.
    """
    found, (rows,) = np.zeros(len(objects), np.bool_), np.nonzero(fine)
    rows = rows[:_COMPARED]
    boxes, labels = _bounds([objects[row] for row in rows]), np.array([objects[row].label for row in rows], object)
    low, high = (f(boxes[:, None, part], boxes[None, :, part]) for f, part in
                 ((np.maximum, slice(0, 2)), (np.minimum, slice(2, 4))))  # fmt: skip
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    within = np.maximum(high - low, 0).prod(axis=2) > _WITHIN * np.maximum(areas, TINY)
    larger = (labels == labels[:, None]) & within & ~beside[np.ix_(rows, rows)]
    found[rows] = larger.any(axis=0)
    return found


def _bounds(objects: Sequence[Object]) -> Boxes:
    return np.array([one.region.bounds for one in objects], np.float64).reshape(-1, 4)


def _picked(objects: list[Object], chosen: NDArray[np.bool_]) -> list[Object]:
    return [objects[index] for index in np.flatnonzero(chosen)]


def _inside(boxes: Boxes, windows: Boxes, size: Size) -> NDArray[np.bool_]:
    """Boxes × windows: whether a window shows all of a box, so that no seam cuts it."""
    near = np.maximum((windows[:, 2:] - windows[:, :2]) * _NEAR, 1)
    low, high = windows[:, :2] + near, windows[:, 2:] - near
    low[windows[:, :2] <= 0] = -np.inf
    high[windows[:, 2:] >= np.array(size)] = np.inf
    return np.asarray(((boxes[:, None, :2] >= low) & (boxes[:, None, 2:] <= high)).all(axis=2))


def _uncovered(parts: list[Object], kept: list[Object], *, of_smaller: bool = False) -> list[Object]:
    """The parts, or things seen small, that belong to none of the objects of their class."""
    boxes, labels = _bounds(kept), np.array([one.label for one in kept], object)
    return [part for part in parts if not _covered(part, boxes[labels == part.label], of_smaller=of_smaller)]


def _covered(part: Object, boxes: Boxes, *, of_smaller: bool) -> bool:
    """Whether one of the boxes covers a part; with `of_smaller`, or most of the box is in it."""
    box = np.array(part.region.bounds)
    shared = np.maximum(np.minimum(boxes[:, 2:], box[2:]) - np.maximum(boxes[:, :2], box[:2]), 0).prod(axis=1)
    area = (box[2:] - box[:2]).prod()
    area = np.minimum((boxes[:, 2:] - boxes[:, :2]).prod(axis=1), area) if of_smaller else area
    return bool((shared > _COVERED * np.maximum(area, TINY)).any())


def _pieced(parts: list[Object]) -> list[Object]:
    """Parts of things, those joined that belong together, the best first."""
    whole: list[Object] = []
    for part in parts:
        found = part
        while (index := next((place for place, other in enumerate(whole) if _belong(found, other)), None)) is not None:
            found = _union(whole.pop(index), found)
        whole.append(found)
    return whole


def _belong(one: Object, other: Object) -> bool:
    """Whether two boxes of a class overlap and agree along one side, as parts of a thing do."""
    if one.label != other.label:
        return False
    first, second = np.array(one.region.bounds).reshape(2, 2), np.array(other.region.bounds).reshape(2, 2)
    shared = np.minimum(first[1], second[1]) - np.maximum(first[0], second[0])
    around = np.maximum(first[1], second[1]) - np.minimum(first[0], second[0])
    return bool((shared > 0).all() and (shared / np.maximum(around, TINY)).max() > _ALIKE)


def _union(better: Object, other: Object) -> Object:
    """One object of two parts: the box around both, and what both masks cover."""
    boxes = np.array((better.region.bounds, other.region.bounds))
    (left, top), (right, bottom) = boxes[:, :2].min(axis=0).tolist(), boxes[:, 2:].max(axis=0).tolist()
    mask = better.mask or other.mask
    if better.mask and other.mask:
        mask = _masks_union(better.mask, other.mask)
    score = max(better.score, other.score)
    return msgspec.structs.replace(better, region=Region.box(left, top, right, bottom), mask=mask, score=score)


def _masks_union(one: Mask, other: Mask) -> Mask:
    x, y = min(one.x, other.x), min(one.y, other.y)
    width = max(one.columns.stop, other.columns.stop) - x
    height = max(one.rows.stop, other.rows.stop) - y
    bits = np.zeros((height, width), np.uint8)
    for mask in (one, other):
        view = bits[mask.y - y : mask.rows.stop - y, mask.x - x : mask.columns.stop - x]
        cv2.max(view, mask.bits, dst=view)
    return Mask(x, y, bits)


def _best(objects: list[Object], iou: float, most: int) -> list[Object]:
    boxes = _bounds(objects)
    scores = np.array([one.score for one in objects], np.float64)
    _, classes = np.unique([one.label for one in objects], return_inverse=True)
    order = best_first(scores)
    kept = nms(boxes[order], scores[order], classes[order].astype(np.intp), iou, most)
    return [objects[order[index]] for index in kept]


def _moved(seen: Object, window: Window) -> Object:
    """An object of a window as one of the picture."""
    left, top = window.left, window.top
    if not (left or top):
        return seen
    quad = tuple((x + left, y + top) for x, y in seen.region.quad)
    points = seen.keypoints and tuple(
        msgspec.structs.replace(point, x=point.x + left, y=point.y + top) for point in seen.keypoints
    )
    mask = seen.mask and Mask(seen.mask.x + left, seen.mask.y + top, seen.mask.bits)
    return msgspec.structs.replace(seen, region=Region(quad), keypoints=points, mask=mask)
