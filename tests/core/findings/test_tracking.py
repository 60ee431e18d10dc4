"""Which findings of an animation are one object: by class and place, and by how they move."""

from collections.abc import Sequence

import pytest

from core.findings.findings import Object, Sighting
from core.findings.region import Region
from core.findings.tracking import lost_of, overlaps, tracks


def thing(left: float, label: str = "person", side: float = 10, top: float = 0) -> Object:
    """A square object."""
    region = Region.box(left, top, left + side, top + side)
    return Object(label=label, index=0, score=1, region=region, model="m")


def told(frames: Sequence[Sequence[float]], most: int = 3) -> list[list[tuple[int, float]]]:
    """Each track as frames and left edges."""
    found = tracks([[thing(left) for left in frame] for frame in frames], most)
    return sorted([(frame, seen.region.bounds[0]) for frame, seen in track.seen] for track in found)


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ([[0], [2], [4], [6]], [[(0, 0), (1, 2), (2, 4), (3, 6)]]),
        ([[0], [], [], [], [40]], [[(0, 0), (4, 40)]]),
        ([[0], [], [], [], [], [0]], [[(0, 0)], [(5, 0)]]),  # lost for longer than a track misses
        ([[0, 100], [10, 90], [20, 80]], [[(0, 0), (1, 10), (2, 20)], [(0, 100), (1, 90), (2, 80)]]),
        # they pass each other: nearest is the wrong one, going on as before is right
        (
            [[0, 50], [20, 30], [40, 10], [60, -10]],
            [[(0, 0), (1, 20), (2, 40), (3, 60)], [(0, 50), (1, 30), (2, 10), (3, -10)]],
        ),
        # quick from the first step on: the step after the first tells
        ([[0, 60], [60, 120], [120, 180]], [[(0, 0), (1, 60), (2, 120)], [(0, 60), (1, 120), (2, 180)]]),
        ([[], [], []], []),
    ],
    ids=["moving", "lost for three", "lost for four", "towards each other", "crossing", "quick", "nothing"],
)
def test_tracks(frames: list[list[float]], expected: list[list[tuple[int, float]]]) -> None:
    assert told(frames) == expected


def test_an_object_of_another_class_is_another() -> None:
    found = tracks([[thing(0, "person")], [thing(0, "dog")]], 3)
    assert [[seen.label for _, seen in track.seen] for track in found] == [["dog"], ["person"]]


def lost(frames: Sequence[Sequence[float]], most: int) -> list[list[tuple[float, float]]]:
    """For each frame the left and right edges of what it lost, wide as they are told to be."""
    sightings = [(Sighting(objects=tuple(thing(left) for left in frame)),) for frame in frames]
    return [
        sorted((seen.region.bounds[0], seen.region.bounds[2]) for seen in sighting.lost)
        for (sighting,) in lost_of(sightings, most)
    ]


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ([[0], [], [], []], [[], [(-1, 11)], [(-1, 11)], []]),
        ([[0], [2], [4], [6]], [[], [], [], []]),  # moves slowly: no trail
        ([[0], [], [20], [30]], [[], [(9, 21)], [], []]),  # evenly between
        ([[0], [10], [], [30]], [[], [], [(19, 31)], []]),
        ([[0], [8], [], [], []], [[(7, 19)], [(-1, 11)], [(-1, 11), (6, 28)], [(5, 37)], []]),
        ([[0, 1], [1], []], [[], [(-1, 11)], [(-1, 11), (-1, 13)]]),  # one of two that overlap is lost
        ([[], [], []], [[], [], []]),
    ],
    ids=["lost", "moving", "between, known after", "between, known before", "leaping", "two become one", "nothing"],
)
def test_lost_objects(frames: list[list[float]], expected: list[list[tuple[float, float]]]) -> None:
    """A pixel around, and one more for each frame that its way goes on unseen."""
    assert lost(frames, 2) == expected


@pytest.mark.parametrize(("left", "share"), [(0, 1.0), (5, 1 / 3), (10, 0.0), (30, 0.0)])
def test_overlap(left: float, share: float) -> None:
    assert overlaps([thing(0)], [thing(left)])[0, 0] == pytest.approx(share)


def test_overlap_of_nothing() -> None:
    assert overlaps([thing(0, side=0)], [thing(0, side=0)])[0, 0] == 0
