"""The cache: each thing once, room by letting go of what nobody uses, errors to all who wait. No network needed."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from core.errors import DeadlineExceededError, ModelAbsentError, ModelBrokenError, ModelBusyError, ModelMemoryError
from core.limits import Deadline
from core.models import cache as shelves
from core.models.cache import ModelCache
from tests.core.models.making import soon
from tests.waiting import PATIENCE


class Maker:
    """Makes things: slowly if told to, and counts them."""

    def __init__(self, error: Exception | None = None) -> None:
        self.made = 0
        self.go = threading.Event()
        self.go.set()
        self.error = error

    def __call__(self, reserve: Callable[[], None]) -> object:
        self.made += 1
        assert self.go.wait(PATIENCE)
        reserve()
        if self.error:
            raise self.error
        return object()


def use(cache: ModelCache[object], name: str, make: Maker, deadline: Deadline | None = None, size: int = 10) -> object:
    with cache.use(name, size, make, deadline or soon()) as thing:
        return thing


@contextmanager
def using(cache: ModelCache[object], name: str, make: Maker, size: int = 10) -> Iterator[object]:
    """A thing in use by another thread as long as the context is open."""
    taken, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with cache.use(name, size, make, soon()):
            taken.set()
            assert leave.wait(PATIENCE)

    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(hold)
        assert taken.wait(PATIENCE)
        try:
            yield
        finally:
            leave.set()
            held.result()


def test_it_is_made_once_for_fifty_who_ask_at_once() -> None:
    cache, make, start = ModelCache[object](100, 1), Maker(), threading.Barrier(50)

    def ask() -> object:
        start.wait()
        return use(cache, "a", make)

    with ThreadPoolExecutor(50) as pool:
        things = {id(future.result()) for future in [pool.submit(ask) for _ in range(50)]}
    assert (len(things), make.made, cache.state("a").loads) == (1, 1, 1)
    assert cache.used_bytes == 10


def test_one_whose_time_is_over_goes_and_the_others_stay() -> None:
    cache, make = ModelCache[object](100, 1), Maker()
    make.go.clear()
    with ThreadPoolExecutor(6) as pool:
        hurried = pool.submit(use, cache, "a", make, Deadline(0.05))  # the first to ask: it begins the load
        waiting = [pool.submit(use, cache, "a", make) for _ in range(5)]
        with pytest.raises(DeadlineExceededError):
            hurried.result()
        assert not any(future.done() for future in waiting)
        make.go.set()
        assert len({id(future.result()) for future in waiting}) == 1
    assert make.made == 1
    use(cache, "b", make, size=95)  # nobody is counted as a user any more: a goes
    assert cache.state("a").state == "empty"


@pytest.mark.parametrize(
    "error", [ModelBrokenError("is broken"), ValueError("unforeseen")], ids=["known", "unforeseen"]
)
def test_an_error_reaches_all_and_a_pause_follows(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelves, "FIRST_PAUSE", 3600)
    monkeypatch.setattr(shelves, "LONGEST_PAUSE", 3600)
    cache, make = ModelCache[object](100, 1), Maker(error)
    make.go.clear()
    with ThreadPoolExecutor(10) as pool:
        asked = [pool.submit(use, cache, "a", make) for _ in range(10)]
        while cache.state("a").state != "loading":
            time.sleep(0.001)
        make.go.set()
        assert {type(future.exception()) for future in asked} == {type(error)}
    once = make.made
    with pytest.raises(type(error)):
        use(cache, "a", make)
    assert make.made == once  # told again, not tried again
    assert (cache.state("a").state, cache.used_bytes) == ("failed", 0)
    make.error = None
    later = time.monotonic() + 3600
    monkeypatch.setattr(shelves.time, "monotonic", lambda: later)
    use(cache, "a", make)
    assert (make.made, cache.state("a").state, cache.state("a").error) == (once + 1, "ready", None)


def test_pauses_grow_and_end() -> None:
    for times, pause in ((1, 1), (2, 2), (3, 4), (20, 60)):
        before = time.monotonic()
        until = shelves.Failure(ValueError(), times).until
        assert before + pause <= until <= time.monotonic() + pause


@pytest.mark.parametrize("error", [ModelAbsentError("not here"), ModelBusyError("in use")], ids=["absent", "busy"])
def test_what_may_end_at_any_moment_is_tried_at_once(error: Exception) -> None:
    cache, make = ModelCache[object](100, 1), Maker(error)
    for _ in range(3):
        with pytest.raises(type(error)):
            use(cache, "a", make)
    assert make.made == 3


def test_one_who_insists_waits_for_no_pause() -> None:
    cache, make = ModelCache[object](100, 1), Maker(ModelBrokenError("is broken"))
    with pytest.raises(ModelBrokenError):
        use(cache, "a", make)
    make.error = None
    with cache.use("a", 10, make, soon(), force=True):
        assert cache.state("a").state == "ready"


def test_one_who_insists_looks_again_where_another_found_nothing() -> None:
    cache, theirs, ours = ModelCache[object](100, 1), Maker(ModelAbsentError("not here")), Maker()
    theirs.go.clear()
    with ThreadPoolExecutor(2) as pool:
        other = pool.submit(use, cache, "a", theirs)
        while cache.state("a").state != "loading":
            time.sleep(0.001)
        mine = pool.submit(lambda: use_forced(cache, ours))
        time.sleep(0.05)
        theirs.go.set()
        assert isinstance(other.exception(), ModelAbsentError)
        assert mine.result() is not None
    assert (theirs.made, ours.made) == (1, 1)


def use_forced(cache: ModelCache[object], make: Maker) -> object:
    with cache.use("a", 10, make, soon(), force=True) as thing:
        return thing


# --- room ----------------------------------------------------------------------------------------------------------


def test_the_least_recently_asked_goes() -> None:
    cache, make = ModelCache[object](30, 1), Maker()
    for name in ("a", "b", "c", "a", "d"):
        use(cache, name, make)
    assert [cache.state(name).state for name in "abcd"] == ["ready", "empty", "ready", "ready"]
    assert cache.used_bytes == 30


def test_what_is_in_use_never_goes() -> None:
    cache, make = ModelCache[object](20, 0.05), Maker()
    with using(cache, "a", make), using(cache, "b", make):
        with pytest.raises(ModelBusyError) as told:
            use(cache, "c", make)
        assert told.value.status == 429
        assert {cache.state(name).state for name in "ab"} == {"ready"}
    use(cache, "c", make)
    assert cache.used_bytes == 20


def test_one_waits_until_somebody_leaves() -> None:
    cache, make = ModelCache[object](10, 60), Maker()
    with ThreadPoolExecutor(1) as pool:
        with using(cache, "a", make):
            asked = pool.submit(use, cache, "b", make)
            time.sleep(0.05)
            assert not asked.done()
        asked.result()
    assert (cache.state("a").state, cache.state("b").state) == ("empty", "ready")


def test_what_can_never_fit_is_refused_and_nothing_goes_for_it() -> None:
    cache, make = ModelCache[object](20, 1), Maker()
    use(cache, "a", make)
    with pytest.raises(ModelMemoryError) as told:
        use(cache, "b", make, size=21)
    assert told.value.status == 503
    assert cache.state("a").state == "ready"


def test_a_thing_that_goes_is_destroyed() -> None:
    gone = threading.Event()

    class Thing:
        def __del__(self) -> None:
            gone.set()

    def make(reserve: Callable[[], None]) -> Thing:
        reserve()
        return Thing()

    cache = ModelCache[object](10, 1)
    with cache.use("a", 10, make, soon()):
        pass
    assert not gone.is_set()
    use(cache, "b", Maker())
    assert gone.wait(PATIENCE)


def test_dropping() -> None:
    cache, make = ModelCache[object](20, 0.05), Maker()
    cache.drop("a")
    use(cache, "a", make)
    cache.drop("a")
    assert (cache.state("a").state, cache.used_bytes) == ("empty", 0)
    with using(cache, "a", make):
        with pytest.raises(ModelBusyError):
            cache.drop("a")
        assert cache.state("a").state == "ready"


def test_many_at_once_never_hold_too_much() -> None:
    cache, names = ModelCache[object](25, 60), "abcdef"
    most = 0

    def work(number: int) -> None:
        nonlocal most
        for turn in range(40):
            with cache.use(names[(number * 7 + turn) % 6], 10, Maker(), soon()):
                most = max(most, cache.used_bytes)

    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(work, number) for number in range(8)]:
            future.result()
    assert most <= 25
    assert cache.used_bytes <= 20
