"""A request's place in the queue, taken before its body is read."""

from collections.abc import Mapping
from typing import Any

from flask import Request

from functions.routing import Route
from functions.server.paced import socket_of
from service.admission import Admission

_NO_BODY = {"GET", "HEAD", "OPTIONS"}


def take_place(request: Request, route: Route, client: str, admission: Admission) -> None:
    """Begin a request of this caller; one that computes is refused before its body is read if there is no place.

    Errors: QueueFullError and NoMemoryError (429).
    """
    sends = route.heavy and request.method not in _NO_BODY
    connection = socket_of(request.environ) if sends else None
    most = most_bytes(request.environ, request.max_content_length or 0) if sends else None
    admission.arrive(client, most, told=connection is not None)
    if connection is not None:
        connection.watch_body(admission.await_client, admission.client_sent)


def most_bytes(environ: Mapping[str, Any], limit: int) -> int:
    """The most bytes of a body that are kept in memory: all of it, or as many as allowed if its length is unknown."""
    if "HTTP_TRANSFER_ENCODING" in environ:
        return limit
    length = environ.get("CONTENT_LENGTH") or "0"
    return min(limit, int(length)) if length.isdecimal() else limit
