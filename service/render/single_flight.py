"""Single flight: concurrent calls with the same key share one computation."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Generic, TypeVar

from core.errors import AbandonedError, DeadlineExceededError
from core.limits import Deadline

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """The computations in progress in this process, by key."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._in_flight: dict[str, Future[T]] = {}

    def do(self, key: str, work: Callable[[], T], deadline: Deadline) -> T:
        """Call `work` in one thread per key; the others wait, and get the same result or exception.

        If the one who works gives up (a shorter deadline, a caller who is gone), another one takes over.
        """
        while True:
            with self._lock:
                existing = self._in_flight.get(key)
                future = existing or self._in_flight.setdefault(key, Future())
            if not existing:
                return self._lead(key, work, future)
            try:
                return _wait(existing, deadline)
            except AbandonedError:
                deadline.check("render")

    def _lead(self, key: str, work: Callable[[], T], future: "Future[T]") -> T:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised again by `result` below, and in every waiting thread
            future.set_exception(error)
        finally:
            with self._lock:
                del self._in_flight[key]
        return future.result()


def _wait(future: "Future[T]", deadline: Deadline) -> T:
    try:
        return future.result(deadline.remaining())
    except FutureTimeoutError:
        raise DeadlineExceededError("render", deadline.seconds) from None
