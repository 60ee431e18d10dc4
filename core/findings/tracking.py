"""What of an animation is lost for a frame or two: what hides it must not blink."""

from collections import deque
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.findings.findings import Findings, Object, Segment

_SAME = 0.3
"""Boxes that overlap by at least this much of their union are of the same object."""


class Tracker:
    """Remembers objects and class maps of the last frames; each call of `findings` is a frame."""

    def __init__(self, frames: int) -> None:
        self.frames = frames
        self._seen: list[tuple[Object, int]] = []
        self._maps: deque[tuple[Segment, ...]] = deque(maxlen=frames)

    def findings(self, found: Findings) -> Findings:
        """A frame's findings, with lost objects and with the class maps of the frames before."""
        objects = None if found.objects is None else self.with_lost(found.objects)
        segments = (
            None if found.segments is None else (*found.segments, *(map_ for maps in self._maps for map_ in maps))
        )
        self._maps.append(found.segments or ())
        return msgspec.structs.replace(found, objects=objects, segments=segments)

    def with_lost(self, objects: Sequence[Object]) -> tuple[Object, ...]:
        """The objects of this frame, and those of earlier ones that were lost at most `frames` frames ago.

        An object is lost where none of its label takes its place, each of this frame standing for one of the last.
        """
        taken = _taken([seen for seen, _ in self._seen], objects)
        lost = [
            (seen, age + 1) for index, (seen, age) in enumerate(self._seen) if index not in taken and age < self.frames
        ]
        self._seen = [*((seen, 0) for seen in objects), *lost]
        return (*objects, *(seen for seen, _ in lost))


def _taken(before: Sequence[Object], now: Sequence[Object]) -> set[int]:
    """Which of the objects before are among those now; the best overlaps are matched first."""
    if not before or not now:
        return set()
    shares = overlaps(before, now)
    pairs = np.argwhere(shares >= _SAME)
    taken, used = set[int](), set[int]()
    for one, other in pairs[np.argsort(-shares[tuple(pairs.T)], kind="stable")].tolist():
        if one not in taken and other not in used and before[one].label == now[other].label:
            taken.add(one)
            used.add(other)
    return taken


def overlaps(ones: Sequence[Object], others: Sequence[Object]) -> NDArray[np.float64]:
    """Intersection over union of the bounds of each of `ones` with each of `others`, 0 to 1."""
    first, second = (np.array([seen.region.bounds for seen in seens], np.float64) for seens in (ones, others))
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    areas = [np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(axis=1) for boxes in (first, second)]
    union = areas[0][:, None] + areas[1][None, :] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
