"""Trying again: full jitter, within a deadline; and what is judged after a doubtful write."""

from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest

from core.limits import Deadline
from storage import idempotent, retry
from storage.address import Address
from storage.errors import (
    BusyError,
    ChangedError,
    DeniedError,
    FaultError,
    NoObjectError,
    SlowError,
    StorageError,
    UnreachableError,
    UnsureError,
)
from storage.facts import ObjectMetadata, Stat


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses that were made, without making them; the clock goes on by them."""
    pauses: list[float] = []
    clock = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        clock[0] += seconds

    monkeypatch.setattr("time.sleep", sleep)
    return pauses


def test_bounds_double_up_to_the_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[float, float]] = []
    monkeypatch.setattr("random.uniform", lambda low, high: asked.append((low, high)) or high)  # type: ignore[func-returns-value]
    lengths = list(islice(retry.backoff(Deadline(60)), 8))
    assert lengths == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5])
    assert {low for low, _ in asked} == {0}


def test_jitter_is_full() -> None:
    firsts = [next(retry.backoff(Deadline(60))) for _ in range(400)]
    assert min(firsts) < 0.01
    assert max(firsts) > 0.09
    assert 0.04 < sum(firsts) / 400 < 0.06


def test_no_pause_reaches_past_the_deadline(slept: list[float]) -> None:
    def fails() -> None:
        raise BusyError("busy")

    with pytest.raises(BusyError):
        retry.retry_transient(fails, Deadline(3))
    assert 0 < sum(slept) < 3


def test_the_stores_own_pause_is_a_lower_bound(slept: list[float]) -> None:
    errors = [BusyError("busy", after=2)]

    def fails_once() -> str:
        if errors:
            raise errors.pop()
        return "done"

    assert retry.retry_transient(fails_once, Deadline(30)) == "done"
    assert slept == [pytest.approx(2)]


@pytest.mark.parametrize("error", [NoObjectError("x"), ChangedError("x"), DeniedError("x"), ValueError("x")], ids=repr)
def test_what_will_not_pass_is_not_tried_again(slept: list[float], error: Exception) -> None:
    calls = []

    def fails() -> None:
        calls.append(1)
        raise error

    with pytest.raises(type(error)):
        retry.retry_transient(fails, Deadline(30))
    assert (len(calls), slept) == (1, [])


# --- after a doubtful write ---

ADDRESS = Address("gs", "in", "a.jpg")


def version(name: str, token: str = "another's") -> Stat:
    return Stat(address=ADDRESS, version=name, size=1, modified=0, about=ObjectMetadata(), checksums={}, token=token)


OURS, OLD, OTHER = version("2", "ours"), version("1"), version("3")
LOST, BUSY, FAULT, CHANGED = UnreachableError("x"), BusyError("x"), FaultError("x"), ChangedError("x")

# What each attempt meets, what a look finds after each that failed, and how it ends. The write replaces version 1.
WRITES: dict[str, tuple[list[Any], list[Stat | None], Stat | type[StorageError]]] = {
    "at-once": ([OURS], [], OURS),
    "lost-before": ([LOST, OURS], [OLD], OURS),
    "lost-after": ([LOST], [OURS], OURS),
    "busy-then-done": ([BUSY, FAULT, OURS], [OLD, OLD], OURS),
    "lost-then-late": ([LOST, CHANGED], [OLD, OURS], OURS),
    "another-first": ([CHANGED], [OTHER], ChangedError),
    "another-first-by-a-busy-store": ([BUSY], [OTHER], ChangedError),
    "another-after-us": ([LOST], [OTHER], ChangedError),
    "gone": ([CHANGED], [None], ChangedError),
    "gone-meanwhile": ([LOST], [None], ChangedError),
    "refused-though-it-fits": ([CHANGED], [OLD], ChangedError),
    "not-there": ([NoObjectError("x")], [None], ChangedError),
    "forbidden": ([DeniedError("x")], [], DeniedError),
    "never-an-answer": ([LOST] * 99, [OLD] * 99, UnsureError),
}


def scripted(script: list[Any]) -> Callable[[], Any]:
    steps = iter(script)

    def step() -> Any:
        now = next(steps)
        if isinstance(now, Exception):
            raise now
        return now

    return step


@pytest.mark.parametrize("name", WRITES)
def test_writes(slept: list[float], name: str) -> None:
    attempts, looks, end = WRITES[name]
    call = lambda: idempotent.write_once(scripted(attempts), scripted(looks), "ours", "1", Deadline(30))  # noqa: E731
    if isinstance(end, Stat):
        assert call() == end
    else:
        with pytest.raises(end):
            call()


@pytest.mark.parametrize("now", [OURS, None, OTHER], ids=["ours", "nothing", "another's"])
def test_writes_of_what_is_new(slept: list[float], now: Stat | None) -> None:
    ends = {"2": OURS, "3": ChangedError}
    attempts = [CHANGED] if now else [LOST, OURS]
    call = lambda: idempotent.write_once(scripted(attempts), scripted([now]), "ours", None, Deadline(30))  # noqa: E731
    if now is OTHER:
        with pytest.raises(ChangedError):
            call()
    else:
        assert call() == ends["2"]


DELETES: dict[str, tuple[list[Any], list[Any], type[StorageError] | None]] = {
    "at-once": ([None], [], None),
    "not-there": ([NoObjectError("x")], [], None),
    "lost-before": ([LOST, None], [], None),
    "lost-after": ([LOST, NoObjectError("x")], [], None),
    "lost-after-and-another-came": ([LOST, CHANGED], [OTHER], ChangedError),
    "another": ([CHANGED], [OTHER], ChangedError),
    "gone": ([CHANGED], [None], None),
    "refused-though-it-fits": ([CHANGED, None], [OLD], None),
    "look-fails": ([CHANGED], [LOST] * 99, UnsureError),
    "forbidden": ([DeniedError("x")], [], DeniedError),
    "never-an-answer": ([LOST] * 99, [], UnsureError),
}


@pytest.mark.parametrize("name", DELETES)
def test_deletes(slept: list[float], name: str) -> None:
    attempts, looks, end = DELETES[name]
    call = lambda: idempotent.delete_once(scripted(attempts), scripted(looks), "1", Deadline(30))  # noqa: E731
    if end is None:
        assert call() is None  # type: ignore[func-returns-value]
    else:
        with pytest.raises(end):
            call()


NOTHING_BEGUN: dict[str, Callable[[], Any]] = {
    "write": lambda: idempotent.write_once(scripted([]), scripted([]), "ours", None, Deadline(-1)),
    "delete": lambda: idempotent.delete_once(scripted([]), scripted([]), "1", Deadline(-1)),
    "read": lambda: retry.retry_transient(scripted([]), Deadline(-1)),
}


@pytest.mark.parametrize("act", NOTHING_BEGUN)
def test_nothing_is_begun_when_the_time_is_over(act: str) -> None:
    with pytest.raises(SlowError):
        NOTHING_BEGUN[act]()


def test_an_unsure_write_tells_the_stores_pause(slept: list[float]) -> None:
    with pytest.raises(UnsureError) as caught:
        idempotent.write_once(scripted([BusyError("x", after=40)]), scripted([]), "ours", None, Deadline(30))
    assert caught.value.after == 40
