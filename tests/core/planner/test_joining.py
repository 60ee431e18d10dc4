"""Moves that become one."""

import pytest

from core import codecs
from core.errors import SideTooLongError
from core.limits import Limits
from core.picture import Origin, Size
from tests.core.planner.support import jpeg, made, photo, planned

WIDE = Origin(format="png", size=Size(90, 60), nbytes=3_000)


@pytest.mark.parametrize(
    ("text", "run"),
    [
        ("flip/flip", ""), ("flop/flop", ""), ("flip/flop", "flip+flop"), ("flip/flop/rotate:180", ""),
        ("rotate:90/rotate:270", ""), ("rotate:90/rotate:90", "rotate+rotate"),
        ("flip/rotate:90/flop/rotate:90", "flip+rotate+flop+rotate"),
        ("flip/blur:3/flip", "flip/blur/flip"), ("rotate:10/rotate:-10", "rotate/rotate"),
        ("crop:50,40/resize:20", "crop+resize"), ("crop:50,40/crop:20,20", "crop+crop"),
        ("crop:50,40/pad:3", "crop+pad"), ("crop:50,40/flip", "crop/flip"), ("sepia/flip/flip/sepia", "sepia/sepia"),
        ("exif/flip/flip", "exif/flip/flip"), ("trim/flip/flip", "trim/flip/flip"),
        ("crop:50,40,gravity=smart/crop:20,20", "crop/crop"), ("resize:50/crop:20,20", "resize/crop"),
    ],
)  # fmt: skip
def test_what_becomes_one(text: str, run: str) -> None:
    assert "/".join(step.filter.name for step in planned(text, WIDE, ("join",)).pipeline.steps) == run


_TURNS = ("flip", "flop", "rotate:90", "rotate:180", "rotate:-90")


@pytest.mark.parametrize("first", _TURNS)
@pytest.mark.parametrize("second", _TURNS)
@pytest.mark.parametrize("third", ["flip", "rotate:90", "crop:30,20,x=5,y=1/resize:12"])
def test_not_a_byte_differs(first: str, second: str, third: str) -> None:
    data, text = jpeg(photo(90, 60)), f"{first}/{second}/{third}"
    plain, joined = (made(data, text, rules=rules)[0] for rules in ((), ("join",)))
    assert plain.data == joined.data
    assert len(planned(text, codecs.probe(data, Limits()), ("join",)).pipeline.steps) < 4


def test_a_result_that_is_too_long_names_the_step_that_was_asked_for() -> None:
    with pytest.raises(SideTooLongError, match=r'^"resize" would make'):
        made(jpeg(photo(90, 60)), "crop:40,1/resize:,500,enlarge=true")
