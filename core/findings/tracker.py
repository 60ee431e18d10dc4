"""Objects that keep an identity from frame to frame, where only the frames before are known.

Where all frames are at hand, `tracking` looks from both sides. Source: Bewley et al., Simple online and realtime
tracking, 2016, https://arxiv.org/abs/1602.00763.
"""

from collections import Counter
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.findings.findings import Object
from core.findings.tracking import Boxes, boxes_of, middles_of, nearest_first, overlaps_of

_MOST = 1000
"""Tracks that are remembered: beyond them those that were lost first are forgotten."""
_STEADY, _UNKNOWN = 0.5, 1.0
"""How far an object that overlaps no box may be from where it is expected, in its longer sides: with a known speed and
without one."""
_NEW = 0.5
"""What the last step weighs in an object's speed, beside all steps before."""


class _Lines(msgspec.Struct):
    """The tracks as columns: last box, speed of its middle in pixels a frame, last frame, steps seen, number, class."""

    boxes: Boxes
    speeds: Boxes
    last: NDArray[np.int64]
    steps: NDArray[np.int64]
    numbers: NDArray[np.int64]
    classes: NDArray[np.int64]

    @classmethod
    def none(cls) -> "_Lines":
        """No tracks."""
        whole = np.zeros(0, np.int64)
        return cls(np.zeros((0, 4)), np.zeros((0, 2)), whole, whole, whole, whole)

    def joined(self, other: "_Lines") -> "_Lines":
        """These and those."""
        pairs = zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True)
        return _Lines(*(np.concatenate(pair) for pair in pairs))

    def kept(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> "_Lines":
        """Some of them."""
        return _Lines(*(column[which] for column in msgspec.structs.astuple(self)))


class Tracker:
    """The objects of the frames so far; `counts` is how many different ones of each label there have been."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._lines = _Lines.none()
        self._classes: dict[str, int] = {}
        self._frame = 0
        self._made = 0

    def follow(self, objects: Sequence[Object], lost: int, least: float) -> tuple[Object, ...]:
        """The objects of the next frame, each with its track.

        A track ends when `lost` frames in a row have not seen it. `least` is the intersection over union from which a
        box is surely that of the track that is expected there.
        """
        self._frame += 1
        self._lines = self._lines.kept(self._frame - self._lines.last <= lost + 1)
        boxes = boxes_of(objects)
        classes = np.array([self._classes.setdefault(seen.label, len(self._classes)) for seen in objects], np.int64)
        taken = nearest_first(self._costs(boxes, classes, least))
        places = np.fromiter(taken.keys(), np.int64, len(taken))
        rows = np.fromiter(taken.values(), np.int64, len(taken))
        numbers = np.zeros(len(objects), np.int64)
        numbers[places] = self._lines.numbers[rows]
        self._see(rows, boxes[places])
        self._begin([place for place in range(len(objects)) if place not in taken], objects, boxes, classes, numbers)
        return tuple(
            msgspec.structs.replace(seen, track=number) for seen, number in zip(objects, numbers.tolist(), strict=True)
        )

    def _costs(self, boxes: Boxes, classes: NDArray[np.int64], least: float) -> NDArray[np.float64]:
        """How ill each box suits each track: below 1 where they overlap enough, above where near, else infinite."""
        lines = self._lines
        moved = lines.speeds * (self._frame - lines.last)[:, None]
        expected = lines.boxes + np.hstack([moved, moved])
        overlap = overlaps_of(expected, boxes)
        away = np.hypot(*(middles_of(boxes)[None] - middles_of(expected)[:, None]).transpose(2, 0, 1))
        longer = (lines.boxes[:, 2:] - lines.boxes[:, :2]).max(axis=1, initial=0.0)
        reach = longer * np.where(lines.steps > 1, _STEADY, _UNKNOWN) + 0.5 * np.hypot(*moved.T)
        near = np.where(away <= reach[:, None], 1 + away / np.maximum(reach, 1e-9)[:, None], np.inf)
        costs = np.where(overlap >= least, 1 - overlap, near)
        return np.where(lines.classes[:, None] == classes[None], costs, np.inf)

    def _see(self, rows: NDArray[np.int64], boxes: Boxes) -> None:
        """These tracks go on in these boxes."""
        lines = self._lines
        step = middles_of(boxes) - middles_of(lines.boxes[rows])
        speeds = step / (self._frame - lines.last[rows])[:, None]
        share = np.where(lines.steps[rows] > 1, _NEW, 1.0)[:, None]
        lines.speeds[rows] = share * speeds + (1 - share) * lines.speeds[rows]
        lines.boxes[rows], lines.last[rows] = boxes, self._frame
        lines.steps[rows] += 1

    def _begin(
        self, places: list[int], objects: Sequence[Object], boxes: Boxes, classes: NDArray[np.int64],
        numbers: NDArray[np.int64],
    ) -> None:  # fmt: skip
        """Begin a track for each of these objects, and note its number."""
        if not places:
            return
        many = len(places)
        numbers[places] = np.arange(self._made + 1, self._made + many + 1)
        self._made += many
        self.counts.update(objects[place].label for place in places)
        begun = _Lines(
            boxes[places], np.zeros((many, 2)), np.full(many, self._frame), np.ones(many, np.int64), numbers[places],
            classes[places],
        )  # fmt: skip
        lines = self._lines.joined(begun)
        latest = np.argsort(-lines.last, kind="stable")[:_MOST]
        self._lines = lines.kept(np.sort(latest)) if len(lines.last) > _MOST else lines
