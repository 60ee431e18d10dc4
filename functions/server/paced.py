"""A client's socket that no slow client can hold: bodies and answers have a least rate, bodies a deadline too."""

import errno
import math
import socket
import struct
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from functions.server import shutdown

GRACE = 5.0
"""Seconds before the least rate counts."""
LEAST_RATE = 1024
"""Bytes a second that a client must send of a body, on average."""
LEAST_READING_RATE = 8192
"""Bytes a second that a client must read of an answer, on average."""
_AT_ONCE = 64 * 1024
"""Bytes that the kernel's buffers take in any case: sending so few blocks only if earlier answers were not read."""
_STALL = struct.pack("ll", int(GRACE), 0)
"""A `struct timeval` for SO_SNDTIMEO."""


class SlowClientError(TimeoutError):
    """The client sends a body, or reads an answer, too slowly."""


class PacedSocket(socket.socket):
    """A socket in blocking mode. `is_refused`: its next request came after the process had begun to shut down."""

    is_refused = False

    @classmethod
    def adopt(cls, accepted: socket.socket) -> "PacedSocket":
        """The connection of an accepted socket, which must not be used any more."""
        adopted = cls(fileno=accepted.detach())
        adopted.settimeout(None)
        adopted.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _STALL)
        adopted.begin_request(lambda: None)
        return adopted

    def begin_request(self, on_slow: Callable[[], None]) -> None:
        """A request begins. `on_slow` is called before a SlowClientError of its body."""
        self._began = time.monotonic()
        self._seconds = math.inf
        self._on_slow = on_slow
        self._received = 0

    def end_within(self, seconds: float) -> None:
        """The whole body must have come `seconds` after the request began."""
        self._seconds = seconds

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Receive at most `size` bytes; with flags, as any socket does. SlowClientError."""
        if flags:
            return super().recv(size, flags)
        given = self.gettimeout()
        try:
            data = self._received_in_time(size, given)
        finally:
            self.settimeout(given)
        self._received += len(data)
        return data

    def _received_in_time(self, size: int, given: float | None) -> bytes:
        while (left := self._left()) > 0:
            self.settimeout(min(left, given or left, 1.0))  # often enough to notice that the process shuts down
            try:
                return super().recv(size)
            except TimeoutError:
                if given is not None and given <= 1.0:
                    raise
                given = given and given - 1.0
        self.settimeout(None)
        with suppress(BlockingIOError):
            return super().recv(size, socket.MSG_DONTWAIT)  # what has come in time, though it is read late
        self._on_slow()
        raise _slow("The body comes too slowly.")

    def _left(self) -> float:
        """Seconds until the body is too late, or below the least rate."""
        spent = time.monotonic() - self._began
        left = min(self._seconds, GRACE + self._received / LEAST_RATE) - spent
        stops = shutdown.remaining()
        return left if stops is None else min(left, stops)

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send everything. SlowClientError if the client reads below the least rate."""
        size = memoryview(data).nbytes
        if size > _AT_ONCE:
            self.settimeout(GRACE + size / LEAST_READING_RATE)
        try:
            super().sendall(data, flags)
        except (TimeoutError, BlockingIOError):  # the latter by SO_SNDTIMEO
            raise _slow("The answer is read too slowly.") from None
        finally:
            if size > _AT_ONCE:
                self.settimeout(None)


def _slow(what: str) -> SlowClientError:
    return SlowClientError(errno.EPIPE, what)  # gunicorn closes the connection without a word in its log


def socket_of(environ: Mapping[str, Any]) -> PacedSocket | None:
    """The socket of a WSGI request; None under a server that has no such sockets."""
    connection = environ.get("gunicorn.socket")
    return connection if isinstance(connection, PacedSocket) else None
