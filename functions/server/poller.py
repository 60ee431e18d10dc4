"""A poller over epoll: a connection is watched for one event at a time, and any thread may ask for the next.

gunicorn's own loop takes a connection out of its poller for each request and puts it back through the main thread.
Sources: https://man7.org/linux/man-pages/man7/epoll.7.html, EPOLLONESHOT.
"""

import select
from collections.abc import Callable


class Poller:
    """File numbers that are watched for something to read, each with what is then called."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._callbacks: dict[int, Callable[[], None]] = {}

    def watch(self, number: int, callback: Callable[[], None]) -> None:
        """Call back whenever there is something to read."""
        self._callbacks[number] = callback
        self._epoll.register(number, select.EPOLLIN)

    def watch_once(self, number: int, callback: Callable[[], None]) -> None:
        """Call back as soon as there is something to read, once. Thread-safe."""
        known = number in self._callbacks
        self._callbacks[number] = callback
        events = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLONESHOT
        if known:
            self._epoll.modify(number, events)
        else:
            self._epoll.register(number, events)

    def forget(self, number: int) -> None:
        """Stop watching a file, before it is closed."""
        if self._callbacks.pop(number, None):
            self._epoll.unregister(number)

    def wait(self, seconds: float) -> None:
        """Wait for events, for at most so long, and call back."""
        for number, _ in self._epoll.poll(seconds):
            callback = self._callbacks.get(number)
            if callback:
                callback()

    @property
    def is_closed(self) -> bool:
        """Whether it has been closed."""
        return self._epoll.closed

    def close(self) -> None:
        """Watch nothing any more."""
        self._epoll.close()
