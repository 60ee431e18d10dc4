"""What is noted of each request for the log, the metrics and its trace: from its head to its answer."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Request, Response, g

from functions.server import log
from service.service import Service
from service.timing import Timings, set_timings
from service.watch.trace_context import TraceContext, answer_headers, trace_context
from service.watch.traces import Trace, called_by, set_caller_of_thread

UNKNOWN = "unknown"
"""The route of what no route answers, as a label: paths that strangers think of are without number."""


def begin_request(request: Request, service: Service) -> None:
    """Set `g.timings`, `g.request_id` and `g.trace`, and what this thread logs with each record."""
    caller = trace_context(request.environ)
    trace = service.traces.begin(request.method, "server", caller) if service.traces else None
    timings, identifier = trace.timings if trace else Timings(), log.request_id(request)
    g.trace, g.timings, g.request_id = trace, timings, identifier
    set_timings(timings)
    set_caller_of_thread(trace.context if trace else None)
    log.mark_records(request_id=identifier, **_members(trace.context if trace else caller))


def _members(context: TraceContext | None) -> dict[str, Any]:
    """What a record of the log says of a trace; without tracing, that is what the caller says."""
    if context is None:
        return {}
    members = {"trace_id": context.trace_id, "span_id": context.parent_id, "sampled": context.sampled}
    return {name: value for name, value in members.items() if value not in {"", None}}


def end_request() -> None:
    """This thread works on no request any more."""
    set_timings(None)
    set_caller_of_thread(None)
    log.unmark_records()


def answered(request: Request, response: Response, service: Service) -> None:
    """Log and count an answer, and send its trace, whose headers it gets."""
    route = request.url_rule.rule if request.url_rule else UNKNOWN
    trace: Trace | None = g.trace
    if trace:
        for name, value in answer_headers(trace.caller, trace.trace_id, trace.span_id, sampled=trace.sampled).items():
            response.headers[name] = value
    log.log_response(request, response)
    metrics = service.metrics
    if metrics:
        timings: Timings = g.timings
        seconds = time.perf_counter() - timings.began
        metrics.answered(route, request.method, response.status_code, response.mimetype or "", seconds)
        metrics.sent(route, request.content_length, response.content_length)
        metrics.stages(timings)
        if code := g.get("code"):
            metrics.failed(code)
    if trace and trace.sampled:
        error = g.get("code", "") if response.status_code >= 500 else ""
        trace.end(f"{request.method} {route}", _attributes(request, response, route), error)


def _attributes(request: Request, response: Response, route: str) -> dict[str, str | int]:
    """Attributes of the request's own span (https://opentelemetry.io/docs/specs/semconv/http/http-spans/)."""
    told = {
        "http.request.method": request.method,
        "http.route": route,
        "url.path": log.redacted(request.path[:200]),
        "http.response.status_code": response.status_code,
        "http.request.body.size": request.content_length,
        "http.response.body.size": response.content_length,
        "darkroom.request_id": g.request_id,
        "darkroom.pipeline": g.get("pipeline"),
        "error.type": g.get("code"),
    }
    return {name: value for name, value in told.items() if value is not None}


@contextmanager
def event_of(identifier: str, caller: TraceContext | None) -> Iterator[None]:
    """A context that handles events which a platform has delivered; `caller` is the trace they belong to."""
    log.mark_records(request_id=identifier or log.valid_id(""), **_members(caller))
    try:
        with called_by(caller):
            yield
    finally:
        log.unmark_records()
