"""The log: one JSON line per request on standard output, and one with a traceback per unexpected error."""

import logging
import re
import secrets
import sys
import time
import traceback
from typing import Any

import msgspec
from flask import Response, g, request

_VALID_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}\Z")
_SECRETS = re.compile(
    r"(dk_)[A-Za-z0-9_-]{43}"  # a key
    r"|(eyJ)[A-Za-z0-9_-]*\.[A-Za-z0-9_.-]+"  # a JSON Web Token
    r"|(ds_[0-9a-f]{16}\.\d+\.)[A-Za-z0-9_-]{20,}"  # a session
    r"|(/v1/uploads/)[^\s\"'/?]+"
    r"|(?i:(\b(?:sig|[a-z-]*signature)=)[^&\s\"']+)"
)
"""What lets its holder do something, and so is never logged, wherever it comes from; the part in the group stays."""
_MARKS = ("dk_", "eyJ", "ds_", "/v1/uploads/", "sig=", "ignature=")
"""One of these is in every secret that `_SECRETS` finds: most texts need no search."""
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_logger = logging.getLogger("darkroom")


class _JsonFormatter(logging.Formatter):
    """Formats a record as one JSON line, with the member `severity` that cloud platforms read."""

    def format(self, record: logging.LogRecord) -> str:
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = {
            "time": f"{seconds}.{int(record.msecs):03d}Z",
            "severity": record.levelname,
            "message": record.getMessage(),
            **getattr(record, "members", {}),
        }
        return redacted(msgspec.json.encode(line).decode())


def redacted(text: str) -> str:
    """A text without keys, tokens, sessions, upload URLs and signatures."""
    if not any(mark in text for mark in _MARKS):
        return text
    return _SECRETS.sub(lambda found: f"{found[found.lastindex or 0]}…", text)


def configure(level: str) -> None:
    """Log records of at least this level to standard output."""
    _logger.setLevel(_LEVELS[level])
    if not _logger.handlers:
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(_JsonFormatter())
        _logger.addHandler(handler)
        _logger.propagate = False


def request_id() -> str:
    """The caller's `X-Request-Id` if it is valid, else a new one."""
    return valid_id(request.headers.get("X-Request-Id", ""))


def valid_id(given: str) -> str:
    """An identifier that a caller gave, if it is valid and no secret, else a new one."""
    return given if _VALID_ID.match(given) and redacted(given) == given else secrets.token_hex(8)


def log_response(response: Response) -> None:
    """Log a response."""
    timings = g.timings
    caller = g.get("caller")  # absent where access was refused
    members = {
        "request_id": g.request_id,
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
    level = logging.INFO if response.status_code < 500 else logging.ERROR
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
        members |= {"ms": round(milliseconds, 1)}
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
    """Log an unexpected exception with its traceback; without an identifier, it is of the current request."""
    trace = "".join(traceback.format_exception(error))
    members = {"request_id": identifier or g.request_id, "trace": trace}
    _write(logging.ERROR, f"Unexpected {type(error).__name__}", members)


def _write(level: int, message: str, members: dict[str, Any]) -> None:
    present = {name: value for name, value in members.items() if value is not None}
    _logger.log(level, "%s", _printable(message), extra={"members": present})


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
