"""Overload in short: the load of `make prove-overload` for some seconds, one round of `make prove-memory`.

What depends on the clock is judged by the long forms only, on a machine that nobody else uses.
"""

import contextlib
import os
from collections.abc import Iterator

import pytest

from tests.overload import large, measure, memory
from tests.overload.measure import SMALL
from tests.overload.server import COMMANDS, on_core, pinned

SECONDS, TIMES = 3.0, 5.0


@pytest.mark.parametrize("kind", COMMANDS)
def test_overload_hurts_nobody(kind: str) -> None:
    cores = sorted(os.sched_getaffinity(0))
    with on_core(cores[-1]), pinned(kind, cores[0]) as server:
        calm = measure.unloaded(server, SMALL, SECONDS / 3)
        loaded = measure.overloaded(server, SMALL, calm, TIMES, SECONDS)
    assert loaded.others == [], "whatever was asked for and /health: answered, or refused properly"
    assert loaded.without_retry_after == 0
    assert len(loaded.refused) > len(loaded.accepted) > 0
    assert loaded.useful > 0.6, "the cores are used for what is accepted"


@pytest.fixture
def group() -> Iterator[memory.Group]:
    """As in tests/core/models/test_silence.py: where nobody may make one, there is nothing to see."""
    try:
        entered = contextlib.ExitStack()
        made = entered.enter_context(memory.control_group(memory.GIB))
    except OSError:
        pytest.skip("this machine lets nobody make a control group for memory")
    with entered:
        yield made


def test_large_pictures_at_once_do_not_run_out_of_memory(group: memory.Group) -> None:
    with memory.serving(group, DARKROOM_QUEUE_SECONDS="60") as port:
        answers = memory.ten_at_once(port, memory.upload())
        assert memory.problems(answers, group.kills()) == []


def test_one_hundred_megapixels_in_512_mib() -> None:
    try:
        found = large.verdicts(2)
    except OSError:
        pytest.skip("this machine lets nobody make a control group for memory")
    assert [text for text, holds in found.items() if not holds] == []
