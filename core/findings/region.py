"""Four points around something that was seen, and what of them a picture shows."""

from typing import Any

import msgspec
import numpy as np

from core.findings.matrices import Matrix, Points, inverse, project

KEPT_SHARE = 0.10
"""A region is dropped once less than this share of its area is left inside the picture."""
_ROUNDING = 1e-9
"""What of a region numbers may lose, as a share of it, while all of it stays in the picture."""
_HORIZON = 1e-6
"""What a perspective puts nearer to its horizon than this is not looked at: it lies a million pixels away."""


class Region(msgspec.Struct, frozen=True):
    """Four points (x, y), clockwise, in edge coordinates (pixel i covers [i, i + 1)); three to eight where it was cut.

    `share` is how much of what was once seen is left, 0 to 1: a region ends where the pixels of a picture end.
    """

    quad: tuple[tuple[float, float], ...]
    share: float = 1.0

    @classmethod
    def box(cls, left: float, top: float, right: float, bottom: float) -> "Region":
        """An upright rectangle."""
        return cls(_rectangle(left, top, right, bottom))

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the upright rectangle around it."""
        xs, ys = zip(*self.quad, strict=True)
        return min(xs), min(ys), max(xs), max(ys)

    @property
    def upright(self) -> bool:
        """Whether its sides are those of the picture."""
        if self.quad == _rectangle(*self.quad[0], *self.quad[2]):
            return True
        xs, ys = zip(*self.quad, strict=True)
        return len({round(x, 2) for x in xs}) == 2 and len({round(y, 2) for y in ys}) == 2

    def follow(self, matrix: Matrix, width: int, height: int, least: float = KEPT_SHARE) -> "Region | None":
        """The region after a geometry step to a picture of `width` × `height`, cut at its edges.

        None where under a tenth of what was once seen is left; `least` is another share than that, 0 keeps whatever
        shows. `matrix` is old to new edge coordinates.
        """
        if (moved := self._moved_inside(matrix, width, height)) is not None:
            return moved
        seen = visible(self.quad, matrix, width, height)
        left = _area(project(seen, inverse(matrix))) if len(seen) > 2 and self.area() else 0.0
        part = min(left / self.area(), 1.0) if left else 0.0
        if not part or self.share * part < least:
            return None
        whole = project(self.quad, matrix) if part > 1 - _ROUNDING else seen
        return _region(whole, self.share * part)

    def _moved_inside(self, matrix: Matrix, width: int, height: int) -> "Region | None":
        """The region after a scaling and a shift that keep all of it in the picture, as most do; else None."""
        (across, skew, left), (lean, down, top), last = matrix.tolist()
        if skew or lean or last != [0, 0, 1] or across <= 0 or down <= 0:
            return None
        quad = tuple((x * across + left, y * down + top) for x, y in self.quad)
        inside = all(0 <= x <= width and 0 <= y <= height for x, y in quad)
        return Region(quad, self.share) if inside and self.area() else None

    def area(self) -> float:
        """Area in square pixels."""
        return _area(np.asarray(self.quad, np.float64))

    def inside(self, width: int, height: int) -> "Region":
        """What of it lies in the picture: three to eight points."""
        return _region(clip(np.asarray(self.quad, np.float64), width, height))

    def grown(self, margin: float) -> "Region":
        """The region with a margin on every side, as a share of its own width and height."""
        points = np.asarray(self.quad, np.float64)
        middle = points.mean(axis=0)
        return _region(middle + (points - middle) * (1 + 2 * margin))

    def clipped(self, width: int, height: int) -> tuple[float, float, float, float]:
        """The bounds, cut at the picture's edges."""
        left, top, right, bottom = self.bounds
        return _within(left, width), _within(top, height), _within(right, width), _within(bottom, height)

    def to_json(self, width: int, height: int) -> dict[str, Any]:
        """`box` [x, y, width, height], the bounds clipped to the picture, and `quad` where it is not upright."""
        left, top, right, bottom = self.clipped(width, height)
        shown: dict[str, Any] = {"box": [round(v, 2) for v in (left, top, right - left, bottom - top)]}
        if not self.upright:
            shown["quad"] = [[round(x, 2), round(y, 2)] for x, y in self.quad]
        return shown


def _rectangle(left: float, top: float, right: float, bottom: float) -> tuple[tuple[float, float], ...]:
    return (left, top), (right, top), (right, bottom), (left, bottom)


def _within(value: float, most: int) -> float:
    return 0.0 if value < 0 else value if value < most else float(most)


def _region(points: Points, share: float = 1.0) -> Region:
    return Region(tuple((float(x), float(y)) for x, y in points), share)


def visible(points: Any, matrix: Matrix, width: int, height: int) -> Points:
    """What of a convex polygon a picture of `width` × `height` shows after a move, cut at its edges; maybe no point.

    What a perspective bends over its horizon is cut off there.
    """
    ahead = _cut(np.asarray(points, np.float64).reshape(-1, 2), matrix[2] - np.array((0, 0, _HORIZON)))
    return clip(project(ahead, matrix), width, height) if len(ahead) > 2 else ahead[:0]


def _area(points: Points) -> float:
    """Area of a polygon (shoelace formula)."""
    x, y = points.T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def clip(points: Points, width: int, height: int) -> Points:
    """A convex polygon cut at the picture's edges (Sutherland and Hodgman, 1974)."""
    for edge in ((1, 0, 0), (-1, 0, width), (0, 1, 0), (0, -1, height)):
        points = _cut(points, np.array(edge, np.float64))
    return points


def _cut(points: Points, line: Any) -> Points:
    """What of a polygon lies where line · (x, y, 1) is not negative."""
    if not len(points):
        return points
    sides = points @ line[:2] + line[2]
    kept: list[Points] = []
    for index, (here, there) in enumerate(zip(sides, np.roll(sides, -1), strict=True)):
        point, after = points[index], points[(index + 1) % len(points)]
        if here >= 0:
            kept.append(point)
        if (here >= 0) != (there >= 0) and here != 0 != there:
            kept.append(point + (after - point) * (here / (here - there)))
    return np.array(kept, np.float64).reshape(-1, 2)
