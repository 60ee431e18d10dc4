"""`POST /events`: object events as CloudEvents, Pub/Sub push or S3 notifications."""

from flask import Response, request

from functions.app import here
from functions.requests.body import chunks
from functions.routing import Route
from service.errors import NoRulesError


def receive_events() -> Response:
    """Receive events: CloudEvents, Pub/Sub push, S3 notifications directly or through SNS."""
    processor = here().service.events
    if processor is None:
        raise NoRulesError
    from functions.requests.events import parse_body  # imported only if there are rules

    headers = {name.lower(): value for name, value in request.headers.items()}
    processor.process(parse_body(headers, b"".join(chunks(request))))
    return Response(status=204)


ROUTES = (Route("/events", receive_events, "write", ("POST",)),)
