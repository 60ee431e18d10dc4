"""`POST /events`: object events as CloudEvents, Pub/Sub push or S3 notifications."""

from flask import Response, g, request

from functions.app import here
from functions.requests.body import whole_body
from functions.routing import Reply, Route, Schema
from service.errors import NoRulesError

_MOST_SIGNED = 2**20
"""Bytes of a signed message: SNS passes on 256 KiB, which JSON may make several times as long."""


def events() -> Response:
    """Receive events about objects: CloudEvents, Pub/Sub push or S3 notifications; see docs/buckets.md."""
    processor = here().service.events
    if processor is None:
        raise NoRulesError
    from functions.requests.events import parse_body  # imported only if there are rules

    headers = {name.lower(): value for name, value in request.headers.items()}
    verified = g.get("event")
    if verified is not None and verified.message is not None:  # nothing else is signed
        processor.process(parse_body({}, verified.message))
    else:
        processor.process(parse_body(headers, whole_body(request)))
    return Response(status=204)


def signed_body() -> bytes:
    """The body of a request whose sender is not verified yet."""
    request.max_content_length = min(request.max_content_length or _MOST_SIGNED, _MOST_SIGNED + 1)
    return whole_body(request)


_MEDIA_TYPES = (
    "application/json", "application/cloudevents+json", "application/cloudevents-batch+json", "text/plain",
)  # fmt: skip
_EVENTS: Schema = {"type": ["object", "array"], "description": "One event or several, in the sender's format"}
ROUTES = (
    Route(
        "/events", events, "write", ("POST",), permit="sender",
        body=dict.fromkeys(_MEDIA_TYPES, _EVENTS),
        answers=(Reply(status=204, description="All events were handled"),),
        refuses=(404, 413, 503),
    ),
)  # fmt: skip
