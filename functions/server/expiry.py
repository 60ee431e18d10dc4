"""What expires, in order."""

import math
import threading
import time
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Expiry(Generic[T]):
    """Items that expire `seconds` after they were added: the oldest is always the first to expire. Thread-safe."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._expires: dict[T, float] = {}
        self._lock = threading.Lock()

    def __contains__(self, item: T) -> bool:
        return item in self._expires

    def __len__(self) -> int:
        return len(self._expires)

    def add(self, item: T) -> None:
        """Add an item."""
        with self._lock:
            self._expires[item] = time.monotonic() + self._seconds

    def discard(self, item: T) -> None:
        """Remove an item, if it is there."""
        with self._lock:
            self._expires.pop(item, None)

    def oldest(self) -> T | None:
        """The item that expires first."""
        with self._lock:
            return next(iter(self._expires), None)

    def nearest(self) -> float:
        """When the first item expires (monotonic seconds); infinity if there is none."""
        with self._lock:
            return next(iter(self._expires.values()), math.inf)

    def expired(self) -> Iterator[T]:
        """The items that have expired; the caller removes each."""
        now = time.monotonic()
        while self.nearest() <= now and (item := self.oldest()) is not None:
            yield item

    def shorten(self, seconds: float) -> None:
        """From now on, no item expires later than `seconds` after this moment or its own adding."""
        with self._lock:
            self._seconds = min(self._seconds, seconds)
            latest = time.monotonic() + self._seconds
            self._expires = {item: min(expires, latest) for item, expires in self._expires.items()}
