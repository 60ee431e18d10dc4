"""The model cache: each model is loaded once (single pending), the least recently used is evicted, never one in use.

It is generic: `size` is what a value declares, in bytes, and `load` is whatever makes it.
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

Value = TypeVar("Value")
Load = Callable[[Callable[[], None]], Value]
"""Makes a value; it calls the function that it gets before it allocates memory."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds after a failure before another try; doubled each time, up to the second."""
_logger = logging.getLogger("darkroom")


class _PendingLoad(Generic[Value]):
    """A load in progress, which `waiting` callers wait for."""

    def __init__(self) -> None:
        self.waiting = 0
        self.value: Value | None = None
        self.error: BaseException | None = None

    @property
    def done(self) -> bool:
        return self.value is not None or self.error is not None


class Failure:
    """The last load failed: it is not tried again before `until` (monotonic seconds)."""

    def __init__(self, error: BaseException, times: int) -> None:
        self.error = error
        self.times = times
        self.until = time.monotonic() + min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (times - 1))


class _Entry(Generic[Value]):
    """What the cache knows of a name."""

    def __init__(self, name: str, size: int) -> None:
        self.name = name
        self.size = size
        self.value: Value | None = None
        self.users = 0
        self.pending: _PendingLoad[Value] | None = None
        self.failure: Failure | None = None
        self.loads = 0
        self.last_used = 0.0


class CacheState(NamedTuple):
    """A name's state, why its last load failed, and how often it was loaded."""

    state: Literal["empty", "loading", "ready", "failed"]
    error: BaseException | None
    loads: int


class ModelCache(Generic[Value]):
    """Holds values of `capacity` bytes in all. `wait`: seconds that a load waits for others to release memory."""

    def __init__(self, capacity: int, wait: float) -> None:
        self._capacity = capacity
        self._wait = wait
        self._entries: dict[str, _Entry[Value]] = {}
        self._changed = threading.Condition()
        self._used_bytes = 0

    @contextmanager
    def use(
        self, name: str, size: int, load: Load[Value], deadline: Deadline, *, force: bool = False
    ) -> Iterator[Value]:
        """The value of this name, loaded if need be, which stays loaded while the context is open.

        With `force` this load is tried where another one did not find what it needs, and no pause after a failure is
        observed. Errors: those of `load`, in all callers that wait; ModelMemoryError, ModelBusyError if others use the
        memory, DeadlineExceededError.
        """
        value = self._acquire(name, size, load, deadline, force=force)
        try:
            yield value
        finally:
            with self._changed:
                self._entries[name].users -= 1
                self._changed.notify_all()

    def _acquire(self, name: str, size: int, load: Load[Value], deadline: Deadline, *, force: bool) -> Value:
        with self._changed:
            entry = self._entries.setdefault(name, _Entry(name, size))
            entry.last_used = time.monotonic()
            if entry.value is not None:
                entry.users += 1
                return entry.value
            if force:
                entry.failure = None
            if force and entry.pending is not None:
                with suppress(ModelAbsentError):
                    return self._wait_for(entry, entry.pending, deadline)
            return self._wait_for(entry, entry.pending or self._start(entry, load), deadline)

    def _wait_for(self, entry: _Entry[Value], pending: _PendingLoad[Value], deadline: Deadline) -> Value:
        """Wait for a load; when it is done, every caller still waiting already counts as a user."""
        pending.waiting += 1
        if not self._changed.wait_for(lambda: pending.done, timeout=deadline.remaining()):
            pending.waiting -= 1
            raise DeadlineExceededError(entry.name, deadline.seconds)
        if pending.value is None:
            raise _copy_of(pending.error)
        return pending.value

    def _start(self, entry: _Entry[Value], load: Load[Value]) -> _PendingLoad[Value]:
        """Load in a thread of its own, so that no caller waits beyond its deadline."""
        if entry.failure and time.monotonic() < entry.failure.until:
            raise _copy_of(entry.failure.error)
        pending = _PendingLoad[Value]()
        try:
            threading.Thread(target=self._run, args=(entry, pending, load), name=f"load-{entry.name}").start()
        except RuntimeError:
            raise ModelBusyError("The server cannot start another thread.") from None
        entry.pending = pending
        return pending

    def _run(self, entry: _Entry[Value], pending: _PendingLoad[Value], load: Load[Value]) -> None:
        reserved: list[int] = []
        try:
            value = load(lambda: reserved.append(self._reserve(entry)))
        except BaseException as error:  # raised in the threads that wait
            if not isinstance(error, DarkroomError):
                _logger.exception('"%s" could not be loaded.', entry.name)
            with self._changed:
                self._used_bytes -= sum(reserved)
                self._report_failure(entry, pending, error)
            return
        with self._changed:
            entry.pending, entry.failure, entry.loads = None, None, entry.loads + 1
            pending.value = entry.value = value
            entry.users = pending.waiting
            self._changed.notify_all()

    def _report_failure(self, entry: _Entry[Value], pending: _PendingLoad[Value], error: BaseException) -> None:
        """Report the error to all callers. After what may change at any moment, the next load need not pause."""
        entry.pending, pending.error = None, error
        times = entry.failure.times + 1 if entry.failure else 1
        entry.failure = None if isinstance(error, ModelAbsentError | ModelBusyError) else Failure(error, times)
        self._changed.notify_all()

    def _reserve(self, entry: _Entry[Value]) -> int:
        """Reserve memory, evicting unused values if need be. ModelMemoryError, ModelBusyError."""
        if entry.size > self._capacity:
            needs, capacity = entry.size / 1e6, self._capacity / 1e6
            raise ModelMemoryError(
                f'"{entry.name}" needs {needs:.0f} MB; the limit for all models is {capacity:.0f} MB.'
            )
        evicted: list[Value | None] = []  # freed at the end, without the lock
        with self._changed:
            give_up_at = time.monotonic() + self._wait
            while self._used_bytes + entry.size > self._capacity:
                if (victim := self._least_recently_used()) is not None:
                    evicted.append(self._evict(victim))
                elif not self._changed.wait(timeout=give_up_at - time.monotonic()):
                    raise ModelBusyError(f'There is no memory for "{entry.name}" while other models are in use.')
            self._used_bytes += entry.size
        return entry.size

    def _least_recently_used(self) -> _Entry[Value] | None:
        """The least recently used entry that is not in use."""
        idle = [entry for entry in self._entries.values() if entry.value is not None and not entry.users]
        return min(idle, key=lambda entry: entry.last_used, default=None)

    def _evict(self, entry: _Entry[Value]) -> Value | None:
        value, entry.value = entry.value, None
        self._used_bytes -= entry.size if value is not None else 0
        return value

    def drop(self, name: str) -> None:
        """Release the memory of a name once it is not in use. ModelBusyError if that takes too long."""
        with self._changed:
            entry = self._entries.get(name)
            if entry is None:
                return
            if not self._changed.wait_for(lambda: not entry.users and entry.pending is None, timeout=self._wait):
                raise ModelBusyError(f'"{name}" is in use.')
            entry.failure = None
            evicted = self._evict(entry)
            self._changed.notify_all()
        del evicted

    def state(self, name: str) -> CacheState:
        """The state of a name."""
        with self._changed:
            entry = self._entries.get(name)
            if entry is None:
                return CacheState("empty", None, 0)
            error = entry.failure.error if entry.failure else None
            if entry.value is not None or entry.pending is not None:
                return CacheState("ready" if entry.value is not None else "loading", error, entry.loads)
            return CacheState("failed" if error else "empty", error, entry.loads)

    @property
    def used_bytes(self) -> int:
        """Bytes in use."""
        with self._changed:
            return self._used_bytes


def _copy_of(error: BaseException | None) -> BaseException:
    """A copy of the error to raise in another thread, since a traceback belongs to one thread."""
    if isinstance(error, ModelError | ModelBusyError):
        return type(error)(error.detail)
    return error or RuntimeError("nothing was loaded")
