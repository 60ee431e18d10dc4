"""A refused body is read to its end, within bounds, so that its sender hears the answer.

A server that closes a socket with unread bytes in it resets the connection, and the reset may overtake the answer.
Source: RFC 9112, §9.6.
"""

import time
from contextlib import suppress

from flask import Request

_SECONDS = 3.0
_CHUNK = 1024 * 1024


def drain(request: Request, most: int) -> None:
    """Read and forget at most `most` bytes of what the client still sends, for three seconds at the longest."""
    talk = request.environ.get("gunicorn.socket")
    if talk is None or request.environ.get("HTTP_EXPECT"):
        return  # no server of ours that we know how to bound, or a client that waits before it sends
    ends, read = time.monotonic() + _SECONDS, 0
    before = talk.gettimeout()
    with suppress(Exception):  # whatever a broken body does, the answer is already made
        while read < most and (left := ends - time.monotonic()) > 0:
            talk.settimeout(left)
            chunk = request.environ["wsgi.input"].read(_CHUNK)
            if not chunk:
                break
            read += len(chunk)
    with suppress(OSError):
        talk.settimeout(before)
