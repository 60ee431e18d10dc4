"""What is loaded: each thing once, however many ask; the least used goes when memory is needed, never one in use.

It knows nothing of models: `bytes` are what a thing declares, `load` is whatever makes it.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Generic, Literal, NamedTuple, TypeVar

from core.errors import (
    DarkroomError,
    DeadlineExceededError,
    ModelAbsentError,
    ModelBusyError,
    ModelError,
    ModelMemoryError,
)
from core.limits import Deadline

Thing = TypeVar("Thing")
Load = Callable[[Callable[[], None]], Thing]
"""Makes a thing; it is handed a function that it calls before it takes memory."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds after a failure until it is tried again; doubled each time, up to the second."""
_logger = logging.getLogger("darkroom")


class _Flight(Generic[Thing]):
    """One load under way; `waiting` of those who asked are still there."""

    def __init__(self) -> None:
        self.waiting = 0
        self.thing: Thing | None = None
        self.error: BaseException | None = None

    @property
    def over(self) -> bool:
        return self.thing is not None or self.error is not None


class Failure:
    """The last load failed: it is not tried again before `until` (monotonic seconds)."""

    def __init__(self, error: BaseException, times: int) -> None:
        self.error = error
        self.times = times
        self.until = time.monotonic() + min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (times - 1))


class _Place(Generic[Thing]):
    """What the shelf knows of a name."""

    def __init__(self, name: str, size: int) -> None:
        self.name = name
        self.size = size
        self.thing: Thing | None = None
        self.users = 0
        self.flight: _Flight[Thing] | None = None
        self.failure: Failure | None = None
        self.loads = 0
        self.last = 0.0


class CacheState(NamedTuple):
    """What is known of a name: its state, why it failed last, and how often it was loaded."""

    state: Literal["empty", "loading", "ready", "failed"]
    error: BaseException | None
    loads: int


class ModelCache(Generic[Thing]):
    """Holds things of `most` bytes together. `wait`: seconds that a load waits for others to let go of memory."""

    def __init__(self, most: int, wait: float) -> None:
        self._most = most
        self._wait = wait
        self._places: dict[str, _Place[Thing]] = {}
        self._changed = threading.Condition()
        self._held = 0

    @contextmanager
    def use(
        self, name: str, size: int, load: Load[Thing], deadline: Deadline, *, insist: bool = False
    ) -> Iterator[Thing]:
        """The thing of this name, loaded if need be, which stays as long as the context is open.

        With `insist` one's own load is tried where another's did not find what it needs, and no pause is kept.
        Errors: those of `load`, to all who wait; ModelMemoryError, ModelBusyError where others use the memory,
        DeadlineExceededError.
        """
        thing = self._taken(name, size, load, deadline, insist=insist)
        try:
            yield thing
        finally:
            with self._changed:
                self._places[name].users -= 1
                self._changed.notify_all()

    def _taken(self, name: str, size: int, load: Load[Thing], deadline: Deadline, *, insist: bool) -> Thing:
        with self._changed:
            place = self._places.setdefault(name, _Place(name, size))
            place.last = time.monotonic()
            if place.thing is not None:
                place.users += 1
                return place.thing
            if insist:
                place.failure = None
            if insist and place.flight is not None:
                with suppress(ModelAbsentError):
                    return self._landed(place, place.flight, deadline)
            return self._landed(place, place.flight or self._begun(place, load), deadline)

    def _landed(self, place: _Place[Thing], flight: _Flight[Thing], deadline: Deadline) -> Thing:
        """Wait for a flight; when it lands, whoever still waits is among the users already."""
        flight.waiting += 1
        if not self._changed.wait_for(lambda: flight.over, timeout=deadline.remaining()):
            flight.waiting -= 1
            raise DeadlineExceededError(place.name, deadline.seconds)
        if flight.thing is None:
            raise _again(flight.error)
        return flight.thing

    def _begun(self, place: _Place[Thing], load: Load[Thing]) -> _Flight[Thing]:
        """A load in a thread of its own, so that nobody who asks waits beyond their deadline."""
        if place.failure and time.monotonic() < place.failure.until:
            raise _again(place.failure.error)
        flight = _Flight[Thing]()
        try:
            threading.Thread(target=self._fly, args=(place, flight, load), name=f"load-{place.name}").start()
        except RuntimeError:
            raise ModelBusyError("The server can begin no thread more.") from None
        place.flight = flight
        return flight

    def _fly(self, place: _Place[Thing], flight: _Flight[Thing], load: Load[Thing]) -> None:
        reserved: list[int] = []
        try:
            thing = load(lambda: reserved.append(self._make_room(place)))
        except BaseException as error:  # raised in the threads that wait
            if not isinstance(error, DarkroomError):
                _logger.exception("«%s» could not be loaded", place.name)
            with self._changed:
                self._held -= sum(reserved)
                self._fail(place, flight, error)
            return
        with self._changed:
            place.flight, place.failure, place.loads = None, None, place.loads + 1
            flight.thing = place.thing = thing
            place.users = flight.waiting
            self._changed.notify_all()

    def _fail(self, place: _Place[Thing], flight: _Flight[Thing], error: BaseException) -> None:
        """Tell all who wait. What somebody may bring or leave at any moment is no failure to pause after."""
        place.flight, flight.error = None, error
        times = place.failure.times + 1 if place.failure else 1
        place.failure = None if isinstance(error, ModelAbsentError | ModelBusyError) else Failure(error, times)
        self._changed.notify_all()

    def _make_room(self, place: _Place[Thing]) -> int:
        """Take a place's memory, from what nobody uses if need be. ModelMemoryError, ModelBusyError."""
        if place.size > self._most:
            needs, most = place.size / 1e6, self._most / 1e6
            raise ModelMemoryError(f"«{place.name}» needs {needs:.0f} MB; all models may have {most:.0f} MB together.")
        gone: list[Thing | None] = []  # destroyed without the lock, at the end
        with self._changed:
            ends = time.monotonic() + self._wait
            while self._held + place.size > self._most:
                if (victim := self._idle()) is not None:
                    gone.append(self._removed(victim))
                elif not self._changed.wait(timeout=ends - time.monotonic()):
                    raise ModelBusyError(f"There is no memory for «{place.name}» as long as other models work.")
            self._held += place.size
        return place.size

    def _idle(self) -> _Place[Thing] | None:
        """What nobody uses and was asked for the longest time ago."""
        idle = [place for place in self._places.values() if place.thing is not None and not place.users]
        return min(idle, key=lambda place: place.last, default=None)

    def _removed(self, place: _Place[Thing]) -> Thing | None:
        thing, place.thing = place.thing, None
        self._held -= place.size if thing is not None else 0
        return thing

    def drop(self, name: str) -> None:
        """Give back the memory of a name, as soon as nobody uses it. ModelBusyError where that takes too long."""
        with self._changed:
            place = self._places.get(name)
            if place is None:
                return
            if not self._changed.wait_for(lambda: not place.users and place.flight is None, timeout=self._wait):
                raise ModelBusyError(f"«{name}» is in use.")
            place.failure = None
            gone = self._removed(place)
            self._changed.notify_all()
        del gone

    def look(self, name: str) -> CacheState:
        """What is known of a name."""
        with self._changed:
            place = self._places.get(name)
            if place is None:
                return CacheState("empty", None, 0)
            error = place.failure.error if place.failure else None
            if place.thing is not None or place.flight is not None:
                return CacheState("ready" if place.thing is not None else "loading", error, place.loads)
            return CacheState("failed" if error else "empty", error, place.loads)

    @property
    def held(self) -> int:
        """Bytes that are taken."""
        with self._changed:
            return self._held


def _again(error: BaseException | None) -> BaseException:
    """An error to raise in one more thread: a traceback belongs to one."""
    if isinstance(error, ModelError | ModelBusyError):
        return type(error)(error.detail)
    return error or RuntimeError("nothing was loaded")
