"""Refusals of a full queue, answered without the framework: where everybody is refused, refusing must be cheap."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from flask import Request
from werkzeug.wsgi import ClosingIterator

from core.errors import DarkroomError
from functions.access.auth import allow
from functions.access.places import most_bytes
from functions.requests.drain import discarding
from functions.responses import problems
from functions.routing import Route
from functions.server import log
from service.errors import QueueFullError
from service.service import Service

CALLER = "darkroom.caller"
"""The WSGI variable that holds the caller of a request that is allowed and not refused here."""
Answer = Callable[[Callable[..., Any]], Iterable[bytes]]
"""A WSGI response: called with `start_response`."""


def refusal(environ: dict[str, Any], heavy: Mapping[str, Route], service: Service) -> Answer | None:
    """The 429 to a request that computes, if there is no place for it; None for whatever the framework answers.

    `heavy` holds, by path, the routes that compute what is posted to them. Where origins are listed, the framework
    compares them.
    """
    if environ["REQUEST_METHOD"] != "POST" or not service.admission.is_crowded() or service.settings.cors_origins:
        return None
    route = heavy.get(environ["PATH_INFO"])
    if route is None:
        return None
    began, cpu_began = time.perf_counter(), time.thread_time()
    body = most_bytes(environ, service.processor.limits.body_bytes)
    try:
        caller = allow(Request(environ, populate_request=False), route.scope, service.settings, service.authenticator)
        environ[CALLER] = caller
        service.admission.check(caller.id, body)
    except QueueFullError as error:
        refused = error.with_traceback(None)  # which holds this frame, which holds the error
    except DarkroomError:
        return None
    else:
        return None
    if caller.key:
        service.authenticator.charge(caller.key, time.thread_time() - cpu_began)
    discard = discarding(environ, service.settings.max_body_bytes) if body else None
    if service.metrics:
        seconds = time.perf_counter() - began
        service.metrics.answered(route.path, "POST", refused.status, problems.MEDIA_TYPE, seconds)
        service.metrics.failed(refused.code)
    return lambda start_response: ClosingIterator(_answer(environ, refused, began, start_response), discard)


def _answer(
    environ: dict[str, Any], error: QueueFullError, began: float, start_response: Callable[..., Any]
) -> Iterable[bytes]:
    """The response, with the headers of every response; it is logged."""
    body = msgspec.json.encode(problems.problem_json(error))
    identifier = log.valid_id(environ.get("HTTP_X_REQUEST_ID", ""))
    milliseconds = (time.perf_counter() - began) * 1000
    headers = [
        ("Content-Type", problems.MEDIA_TYPE),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("Retry-After", str(error.seconds)),
        ("X-Request-Id", identifier),
        ("X-Content-Type-Options", "nosniff"),
        ("Server-Timing", f"total;dur={milliseconds:.1f}"),
    ]
    if environ[CALLER].is_ambient:
        headers.append(("Cross-Origin-Resource-Policy", "same-origin"))
    start_response("429 TOO MANY REQUESTS", headers)
    log.log_refusal(environ, error.status, error.code, identifier, milliseconds)
    return (body,)
