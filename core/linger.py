"""Objects of an animation that are lost for a frame or two: what hides them must not blink."""

from collections.abc import Sequence

from core.findings import Object

_SAME = 0.3
"""Boxes that overlap by at least this much of their union are of the same object."""
Box = tuple[float, float, float, float]


class Lingering:
    """Remembers the objects of the last frames; each call of `with_lost` is a frame."""

    def __init__(self, frames: int) -> None:
        self.frames = frames
        self._seen: list[tuple[Object, int]] = []

    def with_lost(self, objects: Sequence[Object]) -> tuple[Object, ...]:
        """The objects of this frame, and those of earlier ones that were lost at most `frames` frames ago.

        An object is lost where none of its label takes its place, each of this frame standing for one of the last.
        """
        left = list(objects)
        lost = [(seen, age + 1) for seen, age in self._seen if not _taken(seen, left) and age < self.frames]
        self._seen = [*((seen, 0) for seen in objects), *lost]
        return (*objects, *(seen for seen, _ in lost))


def _taken(seen: Object, left: list[Object]) -> bool:
    """Whether one of those left is the same object; that one is taken away."""
    alike = [other for other in left if other.label == seen.label]
    best = max(alike, key=lambda other: overlap(seen, other), default=None)
    if best is None or overlap(seen, best) < _SAME:
        return False
    left.remove(best)
    return True


def overlap(one: Object, other: Object) -> float:
    """Intersection over union of two objects' bounds, 0 to 1."""
    first, second = one.region.bounds, other.region.bounds
    shared = _area((*map(max, first[:2], second[:2]), *map(min, first[2:], second[2:])))  # type: ignore[arg-type]
    both = _area(first) + _area(second) - shared
    return shared / both if both > 0 else 0.0


def _area(box: Box) -> float:
    left, top, right, bottom = box
    return max(right - left, 0.0) * max(bottom - top, 0.0)
