"""Drains the body of a refused request, within bounds, so that the client receives the response.

A server that closes a socket with unread bytes resets the connection, and the reset may overtake the response.
Source: RFC 9112, §9.6.
"""

import time
from contextlib import suppress

from flask import Request

_SECONDS = 3.0
_CHUNK = 1024 * 1024


def drain(request: Request, max_bytes: int) -> None:
    """Read and discard at most `max_bytes` bytes of what the client still sends, for at most three seconds."""
    connection = request.environ.get("gunicorn.socket")
    if connection is None or request.environ.get("HTTP_EXPECT"):
        return  # a server whose reads cannot be bounded, or a client that waits timeout sending
    end, read = time.monotonic() + _SECONDS, 0
    timeout = connection.gettimeout()
    with suppress(Exception):  # whatever a broken body does, the response is ready
        while read < max_bytes and (left := end - time.monotonic()) > 0:
            connection.settimeout(left)
            chunk = request.environ["wsgi.input"].read(_CHUNK)
            if not chunk:
                break
            read += len(chunk)
    with suppress(OSError):
        connection.settimeout(timeout)
