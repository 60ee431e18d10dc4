"""A request's place in the queue, taken before its body is read."""

from flask import Request

from functions.routing import Route
from service.admission import Admission

_NO_BODY = {"GET", "HEAD", "OPTIONS"}


def take_place(request: Request, route: Route, client: str, admission: Admission) -> None:
    """Begin a request of this caller; one that computes is refused before its body is read if there is no place.

    Errors: QueueFullError and NoMemoryError (429).
    """
    sends = route.heavy and request.method not in _NO_BODY
    admission.arrive(client, _most_bytes(request) if sends else None)


def _most_bytes(request: Request) -> int:
    """The most bytes of the body that are kept in memory: all of it, if its length is unknown as many as allowed."""
    most = request.max_content_length or 0
    return min(most, most if request.content_length is None else request.content_length)
