"""Objects keep their identity from frame to frame: as they move, cross, and are not seen for a while."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from core.findings.findings import Object
from core.findings.region import Region
from core.findings.tracker import Tracker

Way = Callable[[int], tuple[float, float] | None]
"""Where the middle of an object is in a frame; None where it is not seen."""


def seen(x: float, y: float, label: str = "disc", side: float = 20.0) -> Object:
    region = Region.box(x - side / 2, y - side / 2, x + side / 2, y + side / 2)
    return Object(label=label, index=0, score=0.9, region=region, model="made")


def straight(x: float, y: float, across: float, down: float) -> Way:
    return lambda frame: (x + across * frame, y + down * frame)


def but_for(way: Way, *frames: int) -> Way:
    return lambda frame: None if frame in frames else way(frame)


def shaken(way: Way) -> Way:
    """A box that trembles as a detector's do."""

    def shifted(frame: int) -> tuple[float, float] | None:
        place = way(frame)
        return place and (place[0] + (-1) ** frame * 1.5, place[1] + (frame % 3 - 1))

    return shifted


WAYS: dict[str, list[Way]] = {
    "one at rest": [straight(50, 50, 0, 0)],
    "one that moves by half its side": [straight(20, 50, 10, 0)],
    "one that moves further than its side": [straight(20, 50, 14, 14)],
    "two beside each other": [straight(20, 20, 5, 0), straight(20, 60, 5, 0)],
    "two that cross": [straight(0, 0, 6, 6), straight(120, 0, -6, 6)],
    "two that meet and go on": [straight(0, 50, 6, 0), straight(120, 56, -6, 0)],
    "one that is missed once": [but_for(straight(20, 50, 5, 2), 7)],
    "one that is missed for long": [but_for(straight(20, 50, 4, 0), *range(6, 13))],
    "one that is missed while it crosses": [
        but_for(straight(0, 0, 6, 6), 9, 10, 11), but_for(straight(120, 0, -6, 6), 9, 10, 11),
    ],
    "two that tremble": [shaken(straight(20, 20, 4, 0)), shaken(straight(20, 46, 4, 0))],
    "a row": [straight(30.0 * number, 40, 3, 1) for number in range(12)],
}  # fmt: skip


@pytest.mark.parametrize("ways", WAYS.values(), ids=WAYS)
def test_identities_hold(ways: list[Way]) -> None:
    tracker, known = Tracker(), dict[int, int]()
    for frame in range(20):
        there = [(number, place) for number, way in enumerate(ways) if (place := way(frame)) is not None]
        there.sort(key=lambda one: (one[1], one[0]))  # not in the order of their numbers
        found = tracker.follow([seen(*place) for _, place in there], lost=15, least=0.3)
        for (number, _), one in zip(there, found, strict=True):
            assert one.track is not None
            assert known.setdefault(number, one.track) == one.track, f"frame {frame}"
    assert sorted(known.values()) == list(range(1, len(ways) + 1))
    assert tracker.counts == {"disc": len(ways)}


def numbered(tracker: Tracker, *objects: Object, lost: int = 2) -> list[int | None]:
    return [one.track for one in tracker.follow(objects, lost, 0.3)]


def test_another_class_is_another_object() -> None:
    tracker = Tracker()
    assert numbered(tracker, seen(50, 50)) == [1]
    assert numbered(tracker, seen(50, 50, "ring")) == [2]
    assert numbered(tracker, seen(50, 50, "ring"), seen(50, 50)) == [2, 1]
    assert tracker.counts == {"disc": 1, "ring": 1}


@pytest.mark.parametrize(("missed", "expected"), [(0, 1), (2, 1), (3, 2)])
def test_what_is_lost_for_too_long_is_another(missed: int, expected: int) -> None:
    tracker = Tracker()
    numbered(tracker, seen(50, 50))
    for _ in range(missed):
        assert numbered(tracker) == []
    assert numbered(tracker, seen(50, 50)) == [expected]


def test_what_appears_far_away_is_another() -> None:
    tracker = Tracker()
    assert numbered(tracker, seen(50, 50)) == [1]
    assert numbered(tracker, seen(150, 50)) == [2]


def test_the_larger_overlap_decides_and_nobody_is_taken_twice() -> None:
    tracker = Tracker()
    assert numbered(tracker, seen(50, 50), seen(60, 50)) == [1, 2]
    assert numbered(tracker, seen(61, 50), seen(52, 50), seen(57, 50)) == [2, 1, 3]


def test_objects_keep_all_else() -> None:
    (one,) = Tracker().follow([seen(50, 50)], 2, 0.3)
    assert (one.label, one.score, one.region) == ("disc", 0.9, seen(50, 50).region)
    assert one.to_json(100, 100)["track"] == 1
    assert "track" not in seen(50, 50).to_json(100, 100)


def crowded() -> Iterator[list[Object]]:
    """Frames in which nobody is ever seen again."""
    for frame in count():
        yield [seen(100.0 * number, 1000.0 * frame) for number in range(300)]


def test_what_is_remembered_is_bounded() -> None:
    tracker, frames = Tracker(), crowded()
    for _ in range(10):
        tracker.follow(next(frames), lost=300, least=0.3)
    assert len(tracker._lines.last) == 1000
    assert tracker.counts == {"disc": 3000}
