"""A lost object stays for two frames, one that is still seen does not leave its old place behind."""

from collections.abc import Sequence

import pytest

from core.findings.findings import Object
from core.findings.region import Region
from core.findings.tracking import Tracker, overlaps


def thing(left: float, label: str = "person", side: float = 10) -> Object:
    """A square object."""
    return Object(label=label, index=0, score=1, region=Region.box(left, 0, left + side, side), model="m")


def told(objects: Sequence[Object]) -> list[float]:
    """Left edges."""
    return [seen.region.bounds[0] for seen in objects]


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ([[0], [], [], []], [[0], [0], [0], []]),
        ([[0], [2], [4], [6]], [[0], [2], [4], [6]]),  # moves slowly: no trail
        ([[0], [8], [], [], []], [[0], [8, 0], [8, 0], [8], []]),  # leaps: the old place stays
        ([[0, 1], [1], []], [[0, 1], [1, 0], [1, 0]]),  # one of two that overlap is lost
        ([[0], [], [0], [], [], []], [[0], [0], [0], [0], [0], []]),  # seen again: counted anew
        ([[], [], []], [[], [], []]),
    ],
    ids=["lost", "moving", "leaping", "two become one", "blinking", "nothing"],
)
def test_lost_objects(frames: list[list[float]], expected: list[list[float]]) -> None:
    lingering = Tracker(2)
    assert [told(lingering.with_lost([thing(left) for left in frame])) for frame in frames] == expected


def test_an_object_of_another_class_is_another() -> None:
    lingering = Tracker(2)
    lingering.with_lost([thing(0, "person")])
    assert [seen.label for seen in lingering.with_lost([thing(0, "dog")])] == ["dog", "person"]


@pytest.mark.parametrize(("left", "share"), [(0, 1.0), (5, 1 / 3), (10, 0.0), (30, 0.0)])
def test_overlap(left: float, share: float) -> None:
    assert overlaps([thing(0)], [thing(left)])[0, 0] == pytest.approx(share)


def test_overlap_of_nothing() -> None:
    assert overlaps([thing(0, side=0)], [thing(0, side=0)])[0, 0] == 0
