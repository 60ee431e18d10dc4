"""The log: one line per request on standard output, and one with a traceback per unexpected error."""

import logging
import re
import secrets
import sys
import time
import traceback
from collections.abc import Mapping
from contextvars import ContextVar
from functools import cache
from typing import Any

from flask import Request, Response, g

from functions.server.log_formats import JsonFormatter, redacted
from service.watch.trace_context import trace_context

__all__ = ["redacted"]

_VALID_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}\Z")
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_NOTHING: Mapping[str, Any] = {}
_request: ContextVar[Mapping[str, Any]] = ContextVar("request", default=_NOTHING)
_logger = logging.getLogger("darkroom")


class _OfRequest(logging.Filter):
    """Adds to each record what it belongs to."""

    def filter(self, record: logging.LogRecord) -> bool:
        if of_request := _request.get():
            record.members = {**of_request, **getattr(record, "members", {})}
        return True


class OutputHandler(logging.StreamHandler):  # type: ignore[type-arg] # generic for type checkers alone
    """Writes records to standard output; others may have handlers of their own."""


_of_request = _OfRequest()


def mark_records(**members: Any) -> None:
    """From now on every record of this thread has these members: `request_id`, and those of a trace."""
    _request.set(members)


def unmark_records() -> None:
    """What this thread logs from now on belongs to no request."""
    _request.set(_NOTHING)


def configure(level: str, formatter: logging.Formatter | None = None) -> None:
    """Log records of at least this level to standard output, in JSON of our own names without a formatter."""
    _logger.setLevel(_LEVELS[level])
    _logger.addFilter(_of_request)  # once, however often
    ours = next((one for one in _logger.handlers if isinstance(one, OutputHandler)), None)
    if ours is None:
        ours = OutputHandler(sys.stdout)
        _logger.addHandler(ours)
        _logger.propagate = False
    ours.setFormatter(formatter or JsonFormatter())


@cache
def log_warning(message: str) -> None:
    """Log what an operator should know, once."""
    _logger.warning(message)


def request_id(request: Request) -> str:
    """The caller's `X-Request-Id` if it is valid, else a new one."""
    return valid_id(request.environ.get("HTTP_X_REQUEST_ID", ""))


def valid_id(given: str) -> str:
    """An identifier that a caller gave, if it is valid and no secret, else a new one."""
    return given if _VALID_ID.match(given) and redacted(given) == given else secrets.token_hex(8)


def log_response(request: Request, response: Response) -> None:
    """Log a response."""
    level = logging.INFO if response.status_code < 500 else logging.ERROR
    if not _logger.isEnabledFor(level):
        return
    timings = g.timings
    caller = g.get("caller")  # absent where access was refused
    members = {
        "method": request.method,
        "path": request.path[:200],
        "caller": caller.id if caller and caller.via in {"key", "cookie"} else None,
        "status": response.status_code,
        "code": g.get("code"),
        "pipeline": g.get("pipeline"),
        "bytes_in": request.content_length or None,
        "bytes_out": response.content_length,
        "ms": round((time.perf_counter() - timings.began) * 1000, 1),
        "spans": {name: round(seconds * 1000, 1) for name, seconds in timings.seconds.items()} or None,
    }
    _write(level, f"{request.method} {request.path[:200]} {response.status_code}", members)


def log_health(method: str, identifier: str, size: int, milliseconds: float) -> None:
    """Log a request for `/health` as any other."""
    if _logger.isEnabledFor(logging.INFO):
        members = {"request_id": identifier, "method": method, "path": "/health", "status": 200}
        members |= {"bytes_out": size, "ms": round(milliseconds, 1)}
        _write(logging.INFO, f"{method} /health 200", members)


def log_refusal(environ: dict[str, Any], status: int, code: str, identifier: str, milliseconds: float) -> None:
    """Log a request that was refused before the framework saw it."""
    if _logger.isEnabledFor(logging.INFO):
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        members = {"request_id": identifier, "method": method, "path": path, "status": status, "code": code}
        trace = trace_context(environ)
        members |= {"ms": round(milliseconds, 1), "trace_id": trace.trace_id if trace else None}
        _write(logging.INFO, f"{method} {path} {status}", members)


def log_refused(status: int, code: str) -> str:
    """Log a request that was answered before it could be read; the identifier of its response."""
    identifier = secrets.token_hex(8)
    _write(logging.INFO, f"refused {status}", {"request_id": identifier, "status": status, "code": code})
    return identifier


def log_stream(identifier: str, code: int, frames: int, dropped: int, seconds: float) -> None:
    """Log the end of a web socket: why it was closed, and what it sent."""
    members = {"request_id": identifier, "path": "/v1/stream", "close_code": code, "frames": frames}
    members |= {"dropped": dropped, "ms": round(seconds * 1000, 1)}
    _write(logging.INFO, f"stream closed {code}", members)


def log_error(error: Exception, identifier: str | None = None) -> None:
    """Log an unexpected exception with its traceback; without an identifier it is of the current request."""
    trace = "".join(traceback.format_exception(error))
    members = {"request_id": identifier, "trace": trace}
    _write(logging.ERROR, f"Unexpected {type(error).__name__}", members)


def _write(level: int, message: str, members: dict[str, Any]) -> None:
    present = {name: value for name, value in members.items() if value is not None}
    _logger.log(level, "%s", _printable(message), extra={"members": present})


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
