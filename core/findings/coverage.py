"""Which pixels hold anything of what was once seen, whatever was done to the picture since.

A mask that says what a thing is may follow the nearest pixel; one that hides must follow every pixel into which any of
the thing was mixed. So an area is kept as it was seen, with the changes of the picture since, and each change says from
how far around an old pixel a new one takes its value.
"""

import math
from collections.abc import Iterable
from typing import Any

import cv2
import msgspec
import numpy as np

from core.findings.masks import Mask, Plane
from core.findings.matrices import Matrix, Points
from core.findings.region import clip, visible

EVERYWHERE = math.inf
"""The reach of a step in which any pixel may depend on any other."""
Sides = tuple[int, int]
"""Width and height, pixels."""
Reach = tuple[float, float]
"""Across and down, old pixels."""
_FEW = 31
"""Side of a square, pixels, up to which OpenCV's dilation is quicker than sums."""


class Change(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One step's change of a picture from `before` to `after`; `matrix` is old to new edge coordinates.

    A new pixel depends on those old pixels that lie within `reach` of the point from which its middle comes. `shown`
    (left, top, right, bottom) is the part of the new picture that shows any of the old one.
    """

    matrix: Matrix
    before: Sides
    after: Sides
    reach: Reach = (0.0, 0.0)
    shown: tuple[int, int, int, int] | None = None

    @classmethod
    def spread(cls, size: Sides, reach: Reach) -> "Change":
        """A change that moves nothing and mixes each pixel with those around it."""
        return cls(matrix=np.eye(3), before=size, after=size, reach=reach)

    @property
    def whole(self) -> bool:
        """Whether each pixel becomes one pixel."""
        (a, b, right), (c, d, down), last = self.matrix.tolist()
        turned = (abs(a), abs(b), abs(c), abs(d)) in {(1, 0, 0, 1), (0, 1, 1, 0)}
        return turned and last == [0, 0, 1] and right.is_integer() and down.is_integer()

    @property
    def everywhere(self) -> bool:
        """Whether any pixel may depend on any other."""
        return not all(map(math.isfinite, self.reach))

    def of(self, reach: Reach) -> Reach:
        """How far what was spread so far before the change is spread after it, new pixels: the most of all places."""
        (a, b, _), (c, d, _), last = self.matrix.tolist()
        if last == [0, 0, 1]:  # the same in all places; most steps are so, and NumPy takes ten times as long
            half = 0.0 if self.whole else 0.5
            wide, high = reach[0] + self.reach[0] + half, reach[1] + self.reach[1] + half
            return abs(a) * wide + abs(b) * high + half, abs(c) * wide + abs(d) * high + half
        width, height = self.after
        corners = np.array([[0, width, width, 0], [0, 0, height, height], [1, 1, 1, 1]], np.float64)
        depth = np.abs(np.linalg.inv(self.matrix)[2] @ corners)
        steps = self.matrix[:2, :2, None] - corners[:2, None, :] * self.matrix[2, :2, None]
        scale = (np.abs(steps) * depth).max(axis=2)
        across, down = scale @ (np.add(reach, self.reach) + 0.5) + 0.5
        return float(across), float(down)


def outline_after(points: Any, changes: Iterable[Change]) -> Points:
    """The convex polygon around all that a convex polygon of the first picture reaches in the last one; maybe no point.

    The first picture's polygon must hold its pixels wholly.
    """
    outline: Points = np.asarray(points, np.float64).reshape(-1, 2)
    for change in changes:
        outline = clip(outline, *change.before)
        if len(outline) < 3:
            return outline[:0]
        left, top, right, bottom = change.shown or (0, 0, *change.after)
        if change.everywhere:
            outline = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float64)
            continue
        outline = visible(grown(outline, change.reach), change.matrix, *change.after)
        if not change.whole and len(outline) > 2:
            outline = grown(outline, (0.5, 0.5))  # a pixel whose middle is reached is so to its edges
        if len(outline) > 2:
            corner = np.array((left, top), np.float64)
            outline = clip(outline - corner, right - left, bottom - top) + corner
    return outline


def grown(points: Points, reach: Reach) -> Points:
    """A convex polygon with all that lies at most so far away, across and down."""
    if not any(reach):
        return points
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * reach
    return hull((points[:, None, :] + corners[None, :, :]).reshape(-1, 2))


def hull(points: Points) -> Points:
    """The convex hull, clockwise as pictures are looked at (Andrew's monotone chain, 1979)."""
    ordered = sorted({(float(x), float(y)) for x, y in points})
    halves = [_half(ordered), _half(ordered[::-1])]
    return np.array([*halves[0][:-1], *halves[1][:-1]], np.float64).reshape(-1, 2)


def _half(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    kept: list[tuple[float, float]] = []
    for x, y in points:
        while len(kept) > 1:
            (x0, y0), (x1, y1) = kept[-2:]
            if (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) > 0:
                break
            kept.pop()
        kept.append((x, y))
    return kept


def mask_after(mask: Mask, changes: Iterable[Change]) -> Mask:
    """Every pixel of the last picture that depends on any pixel of a mask of the first one."""
    for change in changes:
        if not mask.area:
            return mask
        mask = _moved(mask, change)
    return mask


def _moved(mask: Mask, change: Change) -> Mask:
    """What depends on a mask after one change.

    The old pixel nearest to a new one's middle stands for it, so all that is near enough to be mixed in is set first.
    """
    left, top, right, bottom = change.shown or (0, 0, *change.after)
    if change.everywhere:
        return Mask(left, top, np.full((bottom - top, right - left), 255, np.uint8))
    across, down = (math.ceil(way) if change.whole else math.floor(way + 1) for way in change.reach)
    wide = _widened(mask, across, down)
    if change.whole:  # else what lies around the picture is mixed in, and shows
        wide = _cut(wide, 0, 0, *change.before)
    return _cut(wide.follow(change.matrix, *change.after), left, top, right, bottom)


def _widened(mask: Mask, across: int, down: int) -> Mask:
    """A mask with all that is at most so many pixels away, across and down, be it outside of the picture."""
    if not (across or down):
        return mask
    bits = np.pad(mask.bits, ((down, down), (across, across)))
    return Mask(mask.x - across, mask.y - down, _dilated(_dilated(bits, across, 0), 0, down))


def _dilated(bits: Plane, across: int, down: int) -> Plane:
    """255 where any pixel is set that is at most so many away along one axis; the other number is 0."""
    sides = (2 * across + 1, 2 * down + 1)
    if max(sides) <= _FEW:
        return cv2.dilate(bits, cv2.getStructuringElement(cv2.MORPH_RECT, sides))
    sums = cv2.boxFilter(bits, cv2.CV_32F, sides, normalize=False, borderType=cv2.BORDER_CONSTANT)
    return np.where(sums > 0, np.uint8(255), np.uint8(0))


def _cut(mask: Mask, left: int, top: int, right: int, bottom: int) -> Mask:
    """What of a mask lies in a part of the picture."""
    high, wide = mask.bits.shape
    x, y = max(mask.x, left), max(mask.y, top)
    end, foot = min(mask.x + wide, right), min(mask.y + high, bottom)
    if x >= end or y >= foot:
        return Mask(left, top, np.zeros((0, 0), np.uint8))
    return Mask(x, y, mask.bits[y - mask.y : foot - mask.y, x - mask.x : end - mask.x])
