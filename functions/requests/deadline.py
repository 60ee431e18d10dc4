"""The deadline of a request: the server's or the caller's, whichever is shorter; it ends with the connection too."""

import math
import select
import socket
import time

from flask import Request

from core.errors import BadParameterError
from core.limits import Deadline
from functions.errors import ClientGoneError, ShuttingDownError
from functions.server import shutdown
from functions.server.paced import socket_of

HEADER = "X-Request-Timeout"
_LOOK_AGAIN = 0.05
"""Seconds between two looks at the connection."""
_GONE = getattr(select, "POLLRDHUP", 0) | select.POLLHUP | select.POLLERR


class RequestDeadline(Deadline):
    """A deadline that also ends when the caller is gone, or when the process shuts down and cannot wait any longer.

    A caller that closes its side of the connection counts as gone, as it does for most servers: from here, half a
    closed connection looks like a closed one.
    """

    def __init__(self, seconds: float, connection: socket.socket | None) -> None:
        super().__init__(seconds)
        self._poller = select.poll() if connection is not None else None
        self._looks_again = 0.0
        if self._poller and connection is not None:
            self._poller.register(connection, _GONE)

    def check(self, before: str) -> None:
        """Raise `deadline_exceeded` (504), `client_gone` (499) or `shutting_down` (503) if it has passed."""
        super().check(before)
        now = time.monotonic()
        if now < self._looks_again:
            return
        self._looks_again = now + _LOOK_AGAIN
        if self._poller and self._poller.poll(0):
            raise ClientGoneError(f'The caller closed the connection before "{before}" began.')
        if shutdown.remaining() == 0:
            raise ShuttingDownError(f'The server shut down before "{before}" began.')


def begin_deadline(request: Request, longest: float) -> RequestDeadline:
    """The deadline of a request that begins now, reading included. BadParameterError (400) for an invalid header."""
    seconds = min(longest, _asked(request.environ.get("HTTP_X_REQUEST_TIMEOUT")))
    paced = socket_of(request.environ)
    if paced is not None:
        paced.end_within(seconds)
    return RequestDeadline(seconds, request.environ.get("gunicorn.socket"))


def _asked(text: str | None) -> float:
    if text is None:
        return math.inf
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf or not text.isascii() or "_" in text:
        raise BadParameterError(HEADER, "a number of seconds above 0", text)
    return seconds
