"""One object over the frames of an animation: which findings are the same thing, and where it is while it is lost.

All frames are at hand, so what is lost is looked for from both sides: between two frames that saw an object it moves
evenly, and before the first and after the last as it did there.
"""

import math
from collections import deque
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.findings.coverage import grown, hull
from core.findings.findings import Object, Sighting
from core.findings.parts import moved_part, parts_of
from core.findings.region import Region

Boxes = NDArray[np.float64]
"""Rows of left, top, right and bottom, pixels."""
Seen = tuple[int, Object]
"""The number of a frame, and what it saw."""
_SAME = 0.3
"""Boxes that overlap by at least this much of their union are of the same object."""
_STEADY = 0.5
"""How far from where it was expected an object may be, in its longer sides, to be surely the same."""
_AHEAD = 200_000
"""Pairs times next objects up to which a first step is chosen by the step after it."""
_NEAR = 0.2
"""What a pixel of distance weighs beside a pixel of change of speed, where an object's speed is not known yet."""


class Track(msgspec.Struct):
    """One object: the frames that saw it, in order."""

    seen: list[Seen]

    @property
    def last(self) -> int:
        """The last frame that saw it."""
        return self.seen[-1][0]

    def at(self, frame: int) -> Boxes:
        """Where it will be in a later frame if it goes on as it did: left, top, right, bottom."""
        return _onward(self.seen, frame)


def tracks(frames: Sequence[Sequence[Object]], most: int) -> list[Track]:
    """The objects of all frames as tracks: each object is in one; a track misses at most `most` frames in a row.

    Objects are matched by class and by how far they are from where they were to be expected, the nearest first.
    """
    found: list[Track] = []
    for label in sorted({seen.label for frame in frames for seen in frame}):
        alike = [[seen for seen in frame if seen.label == label] for frame in frames]
        found += _tracks_of_one_class(alike, most)
    return found


def _tracks_of_one_class(frames: Sequence[Sequence[Object]], most: int) -> list[Track]:
    done: list[Track] = []
    live: list[Track] = []
    for number, objects in enumerate(frames):
        done += [track for track in live if number - track.last > most + 1]
        live = [track for track in live if number - track.last <= most + 1]
        ahead = next(((later, frames[later]) for later in range(number + 1, len(frames)) if frames[later]), None)
        taken = _matched(live, objects, number, ahead)
        for place, track in taken.items():
            track.seen.append((number, objects[place]))
        live += [Track([(number, seen)]) for place, seen in enumerate(objects) if place not in taken]
    return done + live


def _matched(
    live: Sequence[Track], objects: Sequence[Object], frame: int, ahead: tuple[int, Sequence[Object]] | None
) -> dict[int, Track]:
    """For each object that goes on a track, by its place, that track."""
    if not live or not objects:
        return {}
    pairs = nearest_first(_costs(live, objects, frame, ahead))
    return {place: live[row] for place, row in pairs.items()}


def nearest_first(costs: NDArray[np.float64]) -> dict[int, int]:
    """For each column its row: the cheapest pair first, each row and column once, none of infinite cost."""
    taken, used = dict[int, int](), set[int]()
    rows, columns = np.nonzero(np.isfinite(costs))
    for pair in np.argsort(costs[rows, columns], kind="stable"):
        row, column = int(rows[pair]), int(columns[pair])
        if row not in used and column not in taken:
            used.add(row)
            taken[column] = row
    return taken


def _costs(
    live: Sequence[Track], objects: Sequence[Object], frame: int, ahead: tuple[int, Sequence[Object]] | None
) -> NDArray[np.float64]:
    """How ill each object suits each track, pixels; infinite where it is too far from where it was to be expected."""
    here, expected = middles_of(boxes_of(objects)), middles_of(np.array([track.at(frame) for track in live]))
    costs = np.hypot(*(here[None] - expected[:, None]).transpose(2, 0, 1))
    for row, track in enumerate(live):
        box, gap = _box(track.seen[-1][1]), frame - track.last
        if len(track.seen) > 1:
            speed = np.hypot(*(expected[row] - middles_of(box[None])[0]))
            costs[row, costs[row] > _longer(box) * (1 + 0.5 * gap) + 0.5 * speed] = np.inf
        elif ahead and len(here) * len(ahead[1]) * len(live) <= _AHEAD:
            costs[row] = _NEAR * costs[row] + _unsteadiness(middles_of(box[None])[0], gap, here, frame, ahead)
    return costs


def _unsteadiness(
    start: Boxes, gap: int, here: Boxes, frame: int, ahead: tuple[int, Sequence[Object]]
) -> NDArray[np.float64]:
    """For each place now how far the nearest object of the next frame is from where the step would lead."""
    later, objects = ahead
    led = here + (here - start) * ((later - frame) / gap)
    away = np.hypot(*(middles_of(boxes_of(objects))[None] - led[:, None]).transpose(2, 0, 1))
    return np.asarray(away.min(axis=1))


# --- what is lost --------------------------------------------------------------------------------------------------


def lost_of(frames: Sequence[Sequence[Sighting]], most: int) -> deque[tuple[Sighting, ...]]:
    """The sightings of all frames, each with what its frame has lost for at most `most` frames in a row.

    Every frame must have been seen by the same vision steps, in the same order.
    """
    columns = [_with_lost(column, most) for column in zip(*frames, strict=True)]
    return deque(tuple(row) for row in zip(*columns, strict=True)) if columns else deque(() for _ in frames)


def _with_lost(sightings: Sequence[Sighting], most: int) -> list[Sighting]:
    """One vision step's sightings, frame by frame."""
    maps = [segment for sighting in sightings for segment in sighting.segments or ()]
    around = partial(_part_around, size=maps[0].map.shape[::-1]) if maps else _region_around
    seen: list[Sequence[Object]] = [
        [part for segment in sighting.segments or () for part in parts_of(segment)] if maps else sighting.objects or ()
        for sighting in sightings
    ]
    lost: list[list[Object]] = [[] for _ in sightings]
    for track in tracks(seen, most):
        for frame, place in _missing(track.seen, len(seen), most):
            lost[frame] += around(place)
    return [
        msgspec.structs.replace(sighting, lost=tuple(found)) for sighting, found in zip(sightings, lost, strict=True)
    ]


class Place(msgspec.Struct):
    """Where an object may be in a frame that lost it: any of `boxes` and all between, to within `margin` pixels."""

    thing: Object
    boxes: list[Boxes]
    margin: float


def _missing(seen: Sequence[Seen], frames: int, most: int) -> Iterator[tuple[int, Place]]:
    """The frames that have lost an object, and where it may be in each."""
    for index, ((before, one), (after, other)) in enumerate(pairwise(seen)):
        for frame in range(before + 1, after):
            share = (frame - before) / (after - before)
            places = [(1 - share) * _box(one) + share * _box(other)]
            places += [_onward(seen[: index + 1], frame)] * (index > 0)
            places += [_onward(seen[:index:-1], frame)] * (index + 2 < len(seen))
            yield frame, Place(one if share < 0.5 else other, places, 1.0)
        if not _sure(seen, index):  # it may be another that was found there
            yield from _beyond(seen[: index + 1], 1, frames, most)
            yield from _beyond(seen[:index:-1], -1, frames, most)
    yield from _beyond(seen, 1, frames, most)
    yield from _beyond(seen[::-1], -1, frames, most)


def _beyond(seen: Sequence[Seen], way: int, frames: int, most: int) -> Iterator[tuple[int, Place]]:
    """The frames after the last one told (before it, where `way` is -1), and where its object may be in each."""
    last, thing = seen[-1]
    for missed in range(1, most + 1):
        frame = last + way * missed
        if 0 <= frame < frames:
            margin = 1.0 + missed * (len(seen) > 1)  # a pixel of doubt in each of two places is one a frame
            yield frame, Place(thing, [_box(thing), _onward(seen, frame)], margin)


def _onward(seen: Sequence[Seen], frame: int) -> Boxes:
    """Where an object is in another frame, if it moves and grows as it did between the last two that saw it."""
    last, thing = seen[-1]
    if len(seen) < 2:
        return _box(thing)
    before, other = seen[-2]
    return _box(thing) + (_box(thing) - _box(other)) * ((frame - last) / (last - before))


def _sure(seen: Sequence[Seen], index: int) -> bool:
    """Whether what two frames in turn saw is surely the same: it overlaps, or moves as it did before or does after."""
    (_, one), (after, other) = seen[index : index + 2]
    if overlaps([one], [other])[0, 0] >= _SAME:
        return True
    expected = [_onward(seen[: index + 1], after)] if index else []
    if index + 2 < len(seen):
        expected.append(_onward(seen[:index:-1], seen[index][0]) + _box(other) - _box(one))
    limit = _STEADY * _longer(_box(other))
    return any(np.abs(middles_of((box - _box(other))[None])).max() <= limit for box in expected)


def _region_around(place: Place) -> list[Object]:
    """One object around all places where it may be."""
    corners = np.concatenate([[(b[0], b[1]), (b[2], b[1]), (b[2], b[3]), (b[0], b[3])] for b in place.boxes])
    points = grown(hull(corners), (place.margin, place.margin))
    region = Region(tuple((float(x), float(y)) for x, y in points))
    return [msgspec.structs.replace(place.thing, region=region, mask=None, keypoints=None)]


def _part_around(place: Place, size: tuple[int, int]) -> list[Object]:
    """A part of a class map at each place where it may be."""
    thing = place.thing
    if thing.mask is None:
        return []
    start, margin = middles_of(_box(thing)[None])[0], math.ceil(place.margin)
    ways = {tuple(np.rint(middles_of(box[None])[0] - start).astype(int).tolist()) for box in place.boxes}
    return [moved_part(thing, thing.mask, way, margin, size) for way in sorted(ways)]


def _box(seen: Object) -> Boxes:
    return np.array(seen.region.bounds, np.float64)


def boxes_of(objects: Sequence[Object]) -> Boxes:
    """The bounds of each object."""
    quads = np.array([seen.region.quad for seen in objects], np.float64).reshape(-1, 4, 2)
    return np.hstack([quads.min(axis=1), quads.max(axis=1)])


def middles_of(boxes: Boxes) -> Boxes:
    """The middle of each box, x and y."""
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def _longer(box: Boxes) -> float:
    return float(max(box[2] - box[0], box[3] - box[1]))


def overlaps(ones: Sequence[Object], others: Sequence[Object]) -> NDArray[np.float64]:
    """Intersection over union of the bounds of each of `ones` with each of `others`, 0 to 1."""
    return overlaps_of(boxes_of(ones), boxes_of(others))


def overlaps_of(first: Boxes, second: Boxes) -> NDArray[np.float64]:
    """Intersection over union of each of `first` with each of `second`, 0 to 1."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    areas = [np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(axis=1) for boxes in (first, second)]
    union = areas[0][:, None] + areas[1][None, :] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
