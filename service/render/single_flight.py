"""One computes, and those who ask for the same meanwhile wait for it."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLateError
from typing import Generic, TypeVar

from core.errors import DeadlineExceededError
from core.limits import Deadline

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """What is being computed in this process, by key."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flying: dict[str, Future[T]] = {}

    def do(self, key: str, work: Callable[[], T], deadline: Deadline) -> T:
        """What `work` returns or raises, called by one thread at a time; the others get the same."""
        with self._lock:
            known = self._flying.get(key)
            mine = known or self._flying.setdefault(key, Future())
        if known:
            return _awaited(known, deadline)
        try:
            mine.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised again by `result` below, and in every waiting thread
            mine.set_exception(error)
        finally:
            with self._lock:
                del self._flying[key]
        return mine.result()


def _awaited(future: "Future[T]", deadline: Deadline) -> T:
    try:
        return future.result(deadline.remaining())
    except TooLateError:
        raise DeadlineExceededError("render", deadline.seconds) from None
