"""Which pixels belong to an object: a small plane somewhere in the picture."""

from typing import Any

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from core.findings.matrices import Matrix, shift, warped
from core.findings.region import Region, visible

Plane = NDArray[np.uint8]


class Mask(msgspec.Struct, frozen=True, eq=False):
    """`bits` (height, width) is 255 where a pixel belongs to the object; its top left pixel is (x, y) of the picture.

    It never reaches over the picture's edges, and what lies outside of it does not belong to the object.
    """

    x: int
    y: int
    bits: Plane

    @property
    def rows(self) -> slice:
        """Its rows in the picture."""
        return slice(self.y, self.y + self.bits.shape[0])

    @property
    def columns(self) -> slice:
        """Its columns in the picture."""
        return slice(self.x, self.x + self.bits.shape[1])

    @property
    def area(self) -> int:
        """How many pixels belong to the object."""
        return cv2.countNonZero(self.bits) if self.bits.size else 0

    def follow(self, matrix: Matrix, width: int, height: int, *, smooth: bool = False) -> "Mask":
        """The mask after a geometry step to a picture of `width` × `height`; `matrix` is old to new."""
        high, wide = self.bits.shape
        right, bottom = self.x + wide, self.y + high
        corners = [(self.x, self.y), (right, self.y), (right, bottom), (self.x, bottom)]
        seen = visible(corners, matrix, width, height)
        if len(seen) < 3 or not self.bits.size:
            return Mask(0, 0, np.zeros((0, 0), np.uint8))
        x, y, wide, high = _whole(seen, width, height)
        if not (wide and high):
            return Mask(x, y, np.zeros((0, 0), np.uint8))
        moved = shift(-x, -y) @ matrix @ shift(self.x, self.y)
        bits = warped(self.bits, moved, wide, high, outside=0, smooth=smooth)
        return Mask(x, y, cv2.threshold(bits, 127, 255, cv2.THRESH_BINARY)[1])

    def rle(self, width: int, height: int) -> dict[str, Any]:
        """The mask in a picture of this size as COCO's compressed run lengths: `size` [height, width] and `counts`.

        Source: https://github.com/cocodataset/cocoapi/blob/master/common/maskApi.c (rleEncode, rleToString).
        """
        return {"size": [height, width], "counts": _letters(self._runs(width, height))}

    def _runs(self, width: int, height: int) -> NDArray[np.int64]:
        """Lengths of runs of 0 and of 1 in turn, column by column, beginning with 0."""
        edged = np.zeros((self.bits.shape[1], self.bits.shape[0] + 2), np.int8)
        edged[:, 1:-1] = self.bits.T > 0
        columns, rows = np.nonzero(np.diff(edged, axis=1))
        ends = (columns + self.x) * height + rows + self.y  # a run's begin and its end, in turn
        joined = np.flatnonzero(ends[1:-1:2] == ends[2::2])  # over the foot of a column into the next
        ends = np.delete(ends, np.concatenate([2 * joined + 1, 2 * joined + 2]))
        runs = np.diff(np.concatenate([[0], ends, [width * height]])).astype(np.int64)
        return runs if runs[-1] or len(runs) == 1 else runs[:-1]


Bounds = tuple[int, int, int, int]
"""Left, top, right and bottom, whole pixels."""


def touched(region: Region, width: int, height: int) -> Bounds:
    """The bounds of the pixels that a region touches in a picture of this size."""
    x, y, wide, high = _whole(np.asarray(region.quad, np.float64), width, height)
    return x, y, x + wide, y + high


def cover(plane: Plane, region: Region, x: int = 0, y: int = 0) -> None:
    """Set every pixel of a plane to 255 that a region touches, be it with a corner; its first pixel is (x, y).

    The region's pixels must lie in the plane, or outside of what the plane is a part of.
    """
    height, width = plane.shape
    points = np.asarray(region.quad, np.float64) - (x, y)
    left, top, wide, high = _whole(points, width, height)
    if region.upright:
        plane[top : top + high, left : left + wide] = 255
        return
    hull = points[cv2.convexHull(points.astype(np.float32), returnPoints=False)[:, 0]]
    starts, ends = _extents(hull - (0, top), high)
    first, last = (np.clip(edges, 0, width).astype(int) for edges in (np.floor(starts), np.ceil(ends)))
    for row in range(high):
        plane[top + row, first[row] : last[row]] = 255


def _extents(points: NDArray[np.float64], rows: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far left and right a convex polygon reaches in each row [i, i + 1)."""
    tops = np.arange(rows, dtype=np.float64)
    left, right = np.full(rows, np.inf), np.full(rows, -np.inf)
    for (x0, y0), (x1, y1) in zip(points, np.roll(points, -1, axis=0), strict=True):
        low, high = min(y0, y1), max(y0, y1)
        if low == high:  # its ends are those of its neighbours too
            continue
        meets = (low < tops + 1) & (high >= tops)
        for row in (tops, tops + 1):
            places = x0 + (np.clip(row, low, high) - y0) / (y1 - y0) * (x1 - x0)
            left = np.where(meets, np.minimum(left, places), left)
            right = np.where(meets, np.maximum(right, places), right)
    return left, right


def _whole(points: NDArray[np.float64], width: int, height: int) -> tuple[int, int, int, int]:
    """The whole pixels (x, y, width, height) around points, cut at the picture's edges."""
    most = np.array([width, height], np.float64)
    low = np.floor(np.clip(points.min(axis=0), 0, most)).astype(int)
    high = np.ceil(np.clip(points.max(axis=0), 0, most)).astype(int)
    return int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])


def _letters(runs: NDArray[np.int64]) -> str:
    """COCO's own text of run lengths: each less the last but one, six bits a letter from "0" on."""
    letters = bytearray()
    for index, run in enumerate(runs.tolist()):
        rest = run - int(runs[index - 2]) if index > 2 else run
        more = True
        while more:
            bits, rest = rest & 31, rest >> 5
            more = rest != (-1 if bits & 16 else 0)
            letters.append(48 + (bits | 32 * more))
    return letters.decode()
