"""A client's socket that no slow client can hold: bodies and answers have a least rate, bodies a deadline too."""

import errno
import math
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from functions.server import shutdown
from functions.server.upgrade import Upgrade

GRACE = 5.0
"""Seconds before the least rate counts."""
LEAST_RATE = 1024
"""Bytes a second that a client must send of a body, on average."""
LEAST_READING_RATE = 8192
"""Bytes a second that a client must read of an answer, on average."""
_AT_ONCE = 64 * 1024
"""Bytes that the kernel's buffers take in any case: sending so few blocks only if earlier answers were not read."""
_TELLS = 512 * 1024
"""Bytes of a body after which whoever watches it is told."""
_STALL = struct.pack("ll", int(GRACE), 0)
"""A `struct timeval` for SO_SNDTIMEO."""


class SlowClientError(TimeoutError):
    """The client sends a body, or reads an answer, too slowly."""


def _nothing() -> None:
    """What is called where nobody listens."""


def _ignored(_received: int) -> None:
    """What is told where nobody listens."""


class PacedSocket(socket.socket):
    """A socket in blocking mode. `is_refused`: its next request came after the process had begun to shut down.

    `upgrade` is what follows on the answer, where that is a 101.
    """

    is_refused = False
    upgrade: Upgrade | None = None
    _is_stalled = False
    _holds = _is_sending = _is_given_up = False
    _head = b""

    @property
    def has_answered(self) -> bool:
        """Whether any byte of the answer to the present request has been sent."""
        return not (self._holds or self._head)

    @classmethod
    def adopt(cls, accepted: socket.socket) -> "PacedSocket":
        """The connection of an accepted socket, which must not be used any more."""
        adopted = cls(fileno=accepted.detach())
        adopted.settimeout(None)
        adopted.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _STALL)
        adopted.begin_request()
        adopted._holds = False
        return adopted

    def begin_request(
        self,
        on_wait: Callable[[], None] = _nothing,
        on_resume: Callable[[], None] = _nothing,
        end: Callable[[], None] = _nothing,
    ) -> None:
        """A request begins. `on_wait` and `on_resume` are called around a wait, `end` is to close after the answer."""
        self._began = time.monotonic()
        self._waited = 0.0
        self._seconds = math.inf
        self._on_wait, self._on_resume, self.close_after_answer = on_wait, on_resume, end
        self._on_stall, self._is_stalled = _nothing, False
        self._on_bytes: Callable[[int], None] = _ignored
        self._received = self._told = 0
        self.upgrade = None
        self._holds = True

    def close(self) -> None:
        """Close, and call nobody any more: who is called holds the connection, so that it would await a collection."""
        super().close()
        self.begin_request()

    def watch_body(self, on_stall: Callable[[], None], on_bytes: Callable[[int], None]) -> None:
        """Have these called, in the request's thread, when it begins to wait for bytes, and when some have come.

        The latter is told how many came in all, after a wait and every half a mebibyte; if it raises, neither is called
        again. It begins as one that waits: a head says nothing about when a body comes.
        """
        self._on_stall, self._on_bytes = on_stall, on_bytes
        self._is_stalled = True
        on_stall()

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
                if self._is_stalled or self._received >= self._told + _TELLS:
                    self._tell()
                return data
            self._wait_for_more()

    def _tell(self) -> None:
        self._is_stalled, self._told = False, self._received
        tell, self._on_bytes = self._on_bytes, _ignored
        tell(self._received)
        self._on_bytes = tell

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """A context in which the client is waited for by other means: `give_up` may end that too."""
        self._on_wait()
        try:
            yield
        finally:
            self._on_resume()

    def give_up(self) -> None:
        """Let the thread that waits for this client wait no longer. Called by another thread."""
        self._is_given_up = True
        with suppress(OSError):
            self.shutdown(socket.SHUT_RDWR if self._is_sending else socket.SHUT_RD)

    def _wait_for_more(self) -> None:
        """Wait for bytes; a second at a time, so that it is noticed when the process shuts down. SlowClientError."""
        poller = select.poll()
        poller.register(self, select.POLLIN)
        self._on_wait()
        self._is_stalled = True
        self._on_stall()
        began = time.monotonic() - self._waited
        try:
            while (left := self._left()) > 0 and not self._is_given_up:
                arrived = poller.poll(min(left, 1.0) * 1000)
                self._waited = time.monotonic() - began
                if arrived and not self._is_given_up:
                    return
        finally:
            self._on_resume()
        self.close_after_answer()
        raise _slow("The body comes too slowly.")

    def _left(self) -> float:
        """Seconds until the body is too late, or below the least rate."""
        spent = time.monotonic() - self._began
        # Only waiting counts for the rate: a server that computes between two frames of a stream reads none meanwhile.
        left = min(self._seconds - spent, GRACE + self._received / LEAST_RATE - self._waited)
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
        try:
            if len(data) <= _AT_ONCE:
                super().sendall(data, flags)
            else:
                self._send_much(data, flags)
        except (TimeoutError, BlockingIOError):  # the latter by SO_SNDTIMEO
            raise _slow("The answer is read too slowly.") from None

    def _send_much(self, data: Any, flags: int) -> None:
        self._is_sending = True
        self._on_wait()
        self.settimeout(GRACE + len(data) / LEAST_READING_RATE)
        try:
            super().sendall(data, flags)
        finally:
            self.settimeout(None)
            self._on_resume()
            self._is_sending = False


def _slow(what: str) -> SlowClientError:
    return SlowClientError(errno.EPIPE, what)  # gunicorn closes the connection without a word in its log


def socket_of(environ: Mapping[str, Any]) -> PacedSocket | None:
    """The socket of a WSGI request; None under a server that has no such sockets."""
    connection = environ.get("gunicorn.socket")
    return connection if isinstance(connection, PacedSocket) else None
