"""What measures and vision saw, always in the coordinates of the picture as it is now."""

from typing import Any, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

KEPT_SHARE = 0.10
"""A region is dropped once less than this share of its area is left inside the picture."""


class Region(msgspec.Struct, frozen=True):
    """Four points (x, y), clockwise, in pixels, in edge coordinates: pixel i covers [i, i + 1)."""

    quad: tuple[tuple[float, float], ...]

    def follow(self, matrix: NDArray[np.float64]) -> "Region":
        """The region after a geometry step; `matrix` is 3×3, old to new edge coordinates."""
        points = np.column_stack([np.asarray(self.quad, np.float64), np.ones(len(self.quad))]) @ matrix.T
        moved = points[:, :2] / np.maximum(points[:, 2:], 1e-9)  # behind the horizon is far away, never mirrored
        return Region(tuple((float(x), float(y)) for x, y in moved))

    def area(self) -> float:
        """Area in square pixels (shoelace formula)."""
        x, y = np.asarray(self.quad, np.float64).T
        return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)

    def visible_share(self, width: int, height: int) -> float:
        """Share of the area, 0 to 1, that lies inside a picture of this size."""
        clipped = _clip(list(self.quad), width, height)
        area = self.area()
        return Region(tuple(clipped)).area() / area if area > 0 and len(clipped) > 2 else 0.0

    def to_json(self, width: int, height: int) -> dict[str, Any]:
        """`box` [x, y, width, height], the bounds clipped to the picture, and `quad` where it is not upright."""
        xs, ys = zip(*self.quad, strict=True)
        left, right = (min(max(edge, 0.0), width) for edge in (min(xs), max(xs)))
        top, bottom = (min(max(edge, 0.0), height) for edge in (min(ys), max(ys)))
        shown: dict[str, Any] = {"box": [round(v, 2) for v in (left, top, right - left, bottom - top)]}
        if not self._upright():
            shown["quad"] = [[round(x, 2), round(y, 2)] for x, y in self.quad]
        return shown

    def _upright(self) -> bool:
        xs, ys = zip(*self.quad, strict=True)
        return len({round(x, 2) for x in xs}) == 2 and len({round(y, 2) for y in ys}) == 2


def _clip(quad: list[tuple[float, float]], width: int, height: int) -> list[tuple[float, float]]:
    """Sutherland-Hodgman clipping of a polygon to the picture."""
    for axis, edge, keep_below in ((0, 0.0, False), (0, float(width), True), (1, 0.0, False), (1, float(height), True)):
        quad = _clip_edge(quad, axis, edge, keep_below=keep_below)
    return quad


def _clip_edge(
    quad: list[tuple[float, float]], axis: int, edge: float, *, keep_below: bool
) -> list[tuple[float, float]]:
    kept: list[tuple[float, float]] = []
    for here, after in zip(quad, quad[1:] + quad[:1], strict=True):
        inside, stays = ((p[axis] <= edge) == keep_below or p[axis] == edge for p in (here, after))
        if inside:
            kept.append(here)
        if inside != stays:
            part = (edge - here[axis]) / (after[axis] - here[axis])
            kept.append((here[0] + part * (after[0] - here[0]), here[1] + part * (after[1] - here[1])))
    return kept


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A measured thing that has a place, such as a QR code: its region follows the geometry, its facts stay."""

    region: Region
    facts: dict[str, Any]


class Findings(msgspec.Struct, frozen=True):
    """Findings of one frame. `measures` maps a measure's name to JSON values, in which lists may hold `Mark`s."""

    measures: dict[str, Any] = {}

    def with_measure(self, name: str, value: Any) -> Self:
        """These findings and one measure more (a measure that runs twice keeps its last result)."""
        return msgspec.structs.replace(self, measures={**self.measures, name: value})

    def follow(self, matrix: NDArray[np.float64], width: int, height: int) -> Self:
        """The findings after a geometry step to a picture of `width` × `height` pixels."""
        if not self.measures:
            return self
        moved = {name: _follow(value, matrix, width, height) for name, value in self.measures.items()}
        return msgspec.structs.replace(self, measures=moved)

    def to_json(self, width: int, height: int) -> dict[str, Any]:
        """The JSON shape of design §4; a key is there where a step made it."""
        return {"measures": {k: _show(v, width, height) for k, v in self.measures.items()}} if self.measures else {}


def _follow(value: Any, matrix: NDArray[np.float64], width: int, height: int) -> Any:
    if not isinstance(value, list) or not any(isinstance(item, Mark) for item in value):
        return value
    marks = [msgspec.structs.replace(mark, region=mark.region.follow(matrix)) for mark in value]
    return [mark for mark in marks if mark.region.visible_share(width, height) >= KEPT_SHARE]


def _show(value: Any, width: int, height: int) -> Any:
    if not isinstance(value, list):
        return value
    return [{**item.facts, **item.region.to_json(width, height)} if isinstance(item, Mark) else item for item in value]
