"""Answers that are worked out once."""

import pytest

from core.estimate import estimate
from core.known import Known
from core.limits import Deadline, Limits
from core.output import wanted_by
from core.picture import Origin, Size
from core.run import Context
from tests.core.test_process import output

SOURCE = Origin(format="jpeg", size=Size(4000, 3000), nbytes=3_000_000)


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
