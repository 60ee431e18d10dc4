"""A client's socket that no slow client can hold: bodies and answers have a least rate, bodies a deadline too."""

import errno
import math
import select
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


def _nothing() -> None:
    """What is called where nobody listens."""


class PacedSocket(socket.socket):
    """A socket in blocking mode. `is_refused`: its next request came after the process had begun to shut down."""

    is_refused = False
    _holds = False
    _head = b""

    @classmethod
    def adopt(cls, accepted: socket.socket) -> "PacedSocket":
        """The connection of an accepted socket, which must not be used any more."""
        adopted = cls(fileno=accepted.detach())
        adopted.settimeout(None)
        adopted.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _STALL)
        adopted.begin_request()
        adopted._holds = False
        return adopted

    def begin_request(self, on_wait: Callable[[], None] = _nothing, on_slow: Callable[[], None] = _nothing) -> None:
        """A request begins. `on_wait` is called when it waits for the client, `on_slow` before a SlowClientError."""
        self._began = time.monotonic()
        self._seconds = math.inf
        self._on_wait, self._on_slow = on_wait, on_slow
        self._received = 0
        self._holds = True

    def end_within(self, seconds: float) -> None:
        """The whole body must have come `seconds` after the request began."""
        self._seconds = seconds

    def setblocking(self, flag: bool) -> None:
        """Nothing: it stays in blocking mode, and gunicorn sets that again for each request."""

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Receive at most `size` bytes. SlowClientError, unless there are flags or the socket has a timeout."""
        if flags or self.gettimeout() is not None:
            return super().recv(size, flags)
        while True:
            with suppress(BlockingIOError):
                data = super().recv(size, socket.MSG_DONTWAIT)
                self._received += len(data)
                return data
            self._wait_for_more()

    def _wait_for_more(self) -> None:
        """Wait for bytes, or for a second: often enough to notice that the process shuts down."""
        left = self._left()
        if left <= 0:
            self._on_slow()
            raise _slow("The body comes too slowly.")
        self._on_wait()
        poller = select.poll()
        poller.register(self, select.POLLIN)
        poller.poll(min(left, 1.0) * 1000)

    def _left(self) -> float:
        """Seconds until the body is too late, or below the least rate."""
        spent = time.monotonic() - self._began
        left = min(self._seconds, GRACE + self._received / LEAST_RATE) - spent
        stops = shutdown.remaining()
        return left if stops is None else min(left, stops)

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send everything; the first piece of an answer, its head, with the second. SlowClientError."""
        if self._holds:
            self._holds, self._head = False, bytes(data)
            return
        if self._head and len(data) <= _AT_ONCE:
            data, self._head = self._head + data, b""
        elif self._head:
            head, self._head = self._head, b""
            self._send(head, flags | socket.MSG_MORE)
        self._send(data, flags)

    def flush(self) -> None:
        """Send the head of an answer that has no body."""
        self._holds = False
        if self._head:
            head, self._head = self._head, b""
            with suppress(OSError):  # the client is gone: the next read will tell
                self._send(head, 0)

    def _send(self, data: Any, flags: int) -> None:
        size = len(data)
        if size > _AT_ONCE:
            self._on_wait()
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
