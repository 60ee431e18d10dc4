"""Discards the body of a refused request, within bounds, so that the client receives the response.

A server that closes a socket with unread bytes resets the connection, and the reset may overtake the response.
Source: RFC 9112, §9.6. It happens once the response is sent; where the whole body would be too much, the connection is
closed, first its sending half.
"""

import socket
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Request, Response

from functions.server.paced import PacedSocket

if TYPE_CHECKING:  # gunicorn is imported where it serves
    from gunicorn.http.body import LengthReader

_SECONDS = 3.0
_MOST_OF_TOO_MUCH, _SECONDS_OF_TOO_MUCH = 1024 * 1024, 1.0
_STALL_SECONDS = 0.5
"""How long a sender that sends nothing is waited for, at a time."""
_BUFFER = bytearray(256 * 1024)
"""Shared by all threads, since nobody reads what is in it: received bytes cost a copy, and no allocation."""


def drain(request: Request, response: Response, max_bytes: int) -> None:
    """Have what the client still sends discarded after the response: at most `max_bytes`, for at most three seconds.

    Of a longer body, or of one whose length is unknown, a mebibyte is read at most; then the connection is closed.
    """
    discard = discarding(request.environ, max_bytes)
    if discard:
        response.call_on_close(discard)
        connection = request.environ["gunicorn.socket"]
        if isinstance(connection, PacedSocket) and _closes(request.environ["wsgi.input"].reader, max_bytes):
            connection.close_after_answer()  # and say so: the client would send its next request into nothing


def discarding(environ: Mapping[str, Any], max_bytes: int) -> Callable[[], None] | None:
    """What is to be called after a response, as `drain` says; None if nothing is."""
    if environ.get("gunicorn.socket") is None:
        return None  # a server whose reads cannot be bounded
    return partial(_drain, environ["gunicorn.socket"], environ["wsgi.input"], max_bytes)


def _closes(reader: Any, max_bytes: int) -> bool:
    """Whether more may be left of a body than is read of it."""
    from gunicorn.http.body import ChunkedReader, LengthReader

    if isinstance(reader, LengthReader):
        return reader.length > max_bytes
    return not isinstance(reader, ChunkedReader) or reader.parser is not None


def _drain(connection: socket.socket, body: Any, max_bytes: int) -> None:
    """Works on gunicorn's body, because its own reading copies each byte several times."""
    from gunicorn.http.body import LengthReader

    reader = body.reader
    timeout = connection.gettimeout()
    with suppress(OSError):
        if _closes(reader, max_bytes):
            body.failed = True  # so that gunicorn closes the connection
            connection.shutdown(socket.SHUT_WR)
            _discard(connection, _MOST_OF_TOO_MUCH, _SECONDS_OF_TOO_MUCH)
        elif isinstance(reader, LengthReader):
            _discard_rest(connection, reader)
            body.failed = reader.length > 0
    with suppress(OSError):
        connection.settimeout(timeout)


def _discard_rest(connection: socket.socket, reader: "LengthReader") -> None:
    """Discard the rest of a body of known length; what is behind it is the next request."""
    held = reader.unreader.take_buffered()
    reader.unreader.unread(held[reader.length :])
    reader.length -= min(len(held), reader.length)
    reader.length -= _discard(connection, reader.length, _SECONDS)


def _discard(connection: socket.socket, max_bytes: int, seconds: float) -> int:
    """Discard what comes within some seconds, at most `max_bytes`; how many bytes that were."""
    end, read = time.monotonic() + seconds, 0
    waiting = connection.waiting if isinstance(connection, PacedSocket) else nullcontext
    view = memoryview(_BUFFER)
    with suppress(OSError):
        while read < max_bytes and (left := end - time.monotonic()) > 0:
            connection.settimeout(min(left, _STALL_SECONDS))
            with waiting():
                received = connection.recv_into(view[: max_bytes - read])
            if not received:
                break
            read += received
    return read
