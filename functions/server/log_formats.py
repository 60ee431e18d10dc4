"""How a record of the log is written: as JSON in the names of a platform, or as a line for people."""

import logging
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from service.settings import Settings
from service.watch.trace_context import aws_trace

Members = dict[str, Any]
"""What a record says beside its message, by our names."""
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
_PROJECTS = ("GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "GCP_PROJECT")
_COLORS = {"DEBUG": "2", "INFO": "32", "WARNING": "33", "ERROR": "31"}
"""ANSI colours (ECMA-48, SGR)."""
_SHOWN = ("code", "detail", "outcome", "pipeline", "source")
"""Members that people see."""


def redacted(text: str) -> str:
    """A text without keys, tokens, sessions, upload URLs and signatures."""
    if not any(mark in text for mark in _MARKS):
        return text
    return _SECRETS.sub(lambda found: f"{found[found.lastindex or 0]}…", text)


def formatter(settings: Settings, environ: Mapping[str, str] = os.environ) -> logging.Formatter:
    """The formatter of the settings; unset, the platform's, and text where the log is a terminal."""
    name = settings.log_format or _usual(environ)
    if name == "text":
        return TextFormatter(colored=sys.stdout.isatty() and not environ.get("NO_COLOR"))
    if name == "google":
        project = settings.gs_project or next(filter(None, map(environ.get, _PROJECTS)), None)
        return JsonFormatter(lambda record, members: _google(record, members, project))
    return JsonFormatter(_aws if name == "aws" else _plain)


def _usual(environ: Mapping[str, str]) -> str:
    if environ.get("K_SERVICE"):
        return "google"
    if environ.get("AWS_LAMBDA_FUNCTION_NAME"):
        return "aws"
    return "text" if sys.stdout.isatty() else "json"


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON line; `line` makes it of the record and its members."""

    def __init__(self, line: "Callable[[logging.LogRecord, Members], Members] | None" = None) -> None:
        super().__init__()
        self._line = line or _plain

    def format(self, record: logging.LogRecord) -> str:
        """One line without secrets."""
        line = self._line(record, _members(record))
        return redacted(msgspec.json.encode({name: one for name, one in line.items() if one is not None}).decode())


class TextFormatter(logging.Formatter):
    """Formats a record as one line for people; the traceback of an unexpected error follows it."""

    def __init__(self, *, colored: bool) -> None:
        super().__init__()
        self._colored = colored

    def format(self, record: logging.LogRecord) -> str:
        """The time of day, the severity, the message, and what tells most of the members."""
        members = _members(record)
        told = [str(members[name]) for name in _SHOWN if members.get(name)]
        if "ms" in members:
            told.insert(0, f"{members['ms']:g} ms")
        more = [f"trace={members['trace_id']}"] if "trace_id" in members else []
        if record.levelno >= logging.WARNING and "request_id" in members:
            more.append(f"request={members['request_id']}")
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        parts = [self._in("2", clock), self._in(_COLORS.get(record.levelname, "0"), f"{record.levelname:<7}"),
                 record.getMessage(), *told, *(self._in("2", text) for text in more)]  # fmt: skip
        line = "  ".join(_one_line(part, keep=self._colored) for part in parts)
        return redacted("\n".join([line, *members.get("trace", "").splitlines()]))

    def _in(self, color: str, text: str) -> str:
        return f"\x1b[{color}m{text}\x1b[0m" if self._colored else text


def _one_line(text: str, *, keep: bool) -> str:
    """A text whose control characters do nothing to a terminal; `keep` leaves our own colours."""
    escape = r"\x1b(?!\[[0-9]+m)" if keep else r"\x1b"
    return re.sub(rf"[\x00-\x1a\x1c-\x1f\x7f-\x9f]|{escape}", "�", text)


def _members(record: logging.LogRecord) -> Members:
    """What a record says beside its message, and its traceback as text."""
    members = dict(getattr(record, "members", {}))
    if record.exc_info and "trace" not in members:
        members["trace"] = logging.Formatter().formatException(record.exc_info)
    return members


def _time(record: logging.LogRecord) -> str:
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{seconds}.{int(record.msecs):03d}Z"


def _plain(record: logging.LogRecord, members: Members) -> Members:
    """Our own names."""
    return {"time": _time(record), "severity": record.levelname, "message": record.getMessage(), **members}


def _google(record: logging.LogRecord, members: Members, project: str | None) -> Members:
    """The names that Cloud Logging knows (https://cloud.google.com/logging/docs/structured-logging)."""
    rest = dict(members)
    trace, span, sampled = (rest.pop(name, None) for name in ("trace_id", "span_id", "sampled"))
    named = {
        "logging.googleapis.com/trace": f"projects/{project}/traces/{trace}" if trace and project else trace,
        "logging.googleapis.com/spanId": span or None,
        "logging.googleapis.com/trace_sampled": sampled,
        "stack_trace": rest.pop("trace", None),  # Error Reporting reads it
    }
    if "method" in rest and "status" in rest:
        sizes = {"requestSize": rest.pop("bytes_in", None), "responseSize": rest.pop("bytes_out", None)}
        named["httpRequest"] = {
            "requestMethod": rest.pop("method"), "requestUrl": rest.pop("path", ""), "status": rest.pop("status"),
            "latency": f"{rest.pop('ms', 0) / 1000:.4f}s",
            **{name: str(size) for name, size in sizes.items() if size is not None},
        }  # fmt: skip
    return {"time": _time(record), "severity": record.levelname, "message": record.getMessage(), **named, **rest}


def _aws(record: logging.LogRecord, members: Members) -> Members:
    """The names of AWS Lambda (https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html).

    Lambda filters by `level`, which must be one of its own, and X-Ray finds a trace by `xray_trace_id`.
    """
    rest = dict(members)
    trace = rest.pop("trace_id", None)
    named = {
        "requestId": rest.pop("request_id", None),
        "xray_trace_id": aws_trace(trace).removeprefix("Root=") if trace else None,
        "stackTrace": rest.pop("trace", None),
    }
    level = "WARN" if record.levelname == "WARNING" else record.levelname
    return {"timestamp": _time(record), "level": level, "message": record.getMessage(), **named, **rest}
