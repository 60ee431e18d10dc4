"""Answers that are worked out once."""

from contextlib import nullcontext

import cv2
import msgspec
import numpy as np
import pytest

from core.errors import TooMuchWorkError, UnknownPictureError
from core.estimate import estimate
from core.known import Kept, Known
from core.limits import Deadline, Limits
from core.output import wanted_by
from core.picture import Origin, Size
from core.run import Context
from tests.core.test_process import output

SOURCE = Origin(format="jpeg", size=Size(4000, 3000), nbytes=3_000_000)
FILE = bytes(cv2.imencode(".png", np.zeros((8, 8, 3), np.uint8))[1])


def test_an_answer_is_found_once_for_the_same_objects() -> None:
    known, numbers = Known(), iter(range(9))
    one, alike = [1], [1]
    asked = [("length", one), ("length", one), ("length", alike), ("sum", one), ("length", one)]
    assert [known.of(name, [about], lambda: next(numbers)) for name, about in asked] == [0, 0, 1, 2, 0]


def test_an_object_that_is_gone_lends_its_answer_to_no_other() -> None:
    known = Known()
    for number in range(500):
        assert known.of("value", [[number]], lambda number=number: number) == number  # type: ignore[misc]


def test_an_error_is_no_answer() -> None:
    known, answers = Known(), iter([0, 1])
    with pytest.raises(ZeroDivisionError):
        known.of("ratio", [known], lambda: 1 / next(answers))
    assert known.of("ratio", [known], lambda: 1 / next(answers)) == 1


def test_a_context_remembers_each_output_and_source() -> None:
    context = Context(Limits(), Deadline(5))
    small, large = output("resize:500"), output("resize:900")
    turned = Origin(format="jpeg", size=Size(3000, 4000), nbytes=3_000_000)
    for one in (small, large):
        for origin in (SOURCE, turned):
            fresh = Context(Limits(), Deadline(5))
            for _ in range(2):
                assert estimate([one], origin, context) == estimate([one], origin, fresh)
            assert wanted_by(one, origin, context) is wanted_by(one, origin, context)
    assert wanted_by(small, SOURCE, context).steps.scale > wanted_by(large, SOURCE, context).steps.scale


def test_what_is_kept_is_told_apart_by_value_and_bounded() -> None:
    kept, numbers = Kept(), iter(range(9999))
    asked = [("a", 1), ("a", 2), ("a", 1), ("b", 1), ("a", 2)]
    assert [kept.of(about, lambda: next(numbers)) for about in asked] == [0, 1, 0, 2, 1]
    with pytest.raises(ZeroDivisionError):
        kept.of("ratio", lambda: 1 / 0)
    assert kept.of("ratio", lambda: 5) == 5
    for number in range(1000):
        kept.of(number, lambda: next(numbers))
    assert kept.of(("a", 1), lambda: "anew") == "anew"


_OTHER = {
    "bytes": {"nbytes": 900_000}, "size": {"size": Size(400, 300)}, "turned": {"orientation": 6},
    "progressive": {"progressive": True}, "format": {"format": "png"}, "channels": {"channels": 1},
    "frames": {"frames": 3, "format": "gif"},
}  # fmt: skip


@pytest.mark.parametrize("changes", _OTHER.values(), ids=_OTHER)
def test_an_estimate_is_kept_for_requests_of_the_same_outputs_and_header_only(changes: dict[str, object]) -> None:
    costs = Kept()
    for origin in (SOURCE, msgspec.structs.replace(SOURCE, **changes)):
        for pipeline in ("blur:15", "resize:500"):
            fresh = estimate([output(pipeline)], origin, Context(Limits(), Deadline(5)))
            for _ in range(2):
                assert estimate([output(pipeline)], origin, Context(Limits(), Deadline(5), costs=costs)) == fresh
    assert len(costs._answers) == 4


def test_refusals_and_missing_pictures_are_never_answered_from_what_was_kept() -> None:
    costs, pictures = Kept(), {"mark": FILE}
    for limits, refused in ((Limits(), False), (Limits(work=1e-6), True)):
        for _ in range(2):
            with pytest.raises(TooMuchWorkError) if refused else nullcontext():
                estimate([output("blur:99")], SOURCE, Context(limits, Deadline(5), costs=Kept() if refused else costs))
    with_mark = output("watermark:mark")
    estimate([with_mark], SOURCE, Context(Limits(), Deadline(5), pictures=pictures.__getitem__, costs=costs))
    with pytest.raises(UnknownPictureError):
        estimate([with_mark], SOURCE, Context(Limits(), Deadline(5), costs=costs))
