"""Which trace a request belongs to, by the headers of W3C, Google Cloud and AWS, and the same headers for an answer.

https://www.w3.org/TR/trace-context/, https://cloud.google.com/trace/docs/trace-context#legacy-http-header,
https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
"""

import re
from collections.abc import Mapping
from typing import Literal

import msgspec

_W3C = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?\Z")
_GOOGLE = re.compile(r"([0-9a-fA-F]{32})(?:/(\d{1,20}))?(?:;o=(\d))?\Z")
_AWS_ROOT = re.compile(r"1-([0-9a-fA-F]{8})-([0-9a-fA-F]{24})\Z")
_AWS_PARENT = re.compile(r"[0-9a-fA-F]{16}\Z")
_LONGEST = 512
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16


class TraceContext(msgspec.Struct, frozen=True):
    """A trace, in lower-case hexadecimal digits: its identifier, the span that called (empty if unknown).

    `sampled` is whether the caller records the trace, None if it leaves that open; `state` is W3C's `tracestate`.
    """

    trace_id: str
    parent_id: str = ""
    sampled: bool | None = None
    sender: Literal["w3c", "google", "aws"] = "w3c"
    state: str = ""


def trace_context(environ: Mapping[str, str]) -> TraceContext | None:
    """The trace of a request, by its WSGI variables; None if no header names a valid one. W3C's comes first."""
    if text := environ.get("HTTP_TRACEPARENT"):
        found = of_w3c(text, environ.get("HTTP_TRACESTATE", ""))
        if found is not None:
            return found
    if text := environ.get("HTTP_X_CLOUD_TRACE_CONTEXT"):
        return _of_google(text)
    if text := environ.get("HTTP_X_AMZN_TRACE_ID"):
        return of_aws(text)
    return None


def of_w3c(text: str, state: str = "") -> TraceContext | None:
    """The trace of a `traceparent`, None if it is invalid. A flag that is not known is no reason to refuse it."""
    found = _W3C.match(text.strip()) if len(text) < _LONGEST else None
    if found is None or found[1] == _NO_TRACE or found[2] == _NO_SPAN:
        return None
    if text.strip()[:2] == "00" and len(text.strip()) != 55:
        return None
    printable = state if len(state) <= _LONGEST and state.isascii() and state.isprintable() else ""
    return TraceContext(found[1], found[2], bool(int(found[3], 16) & 1), state=printable)


def _of_google(text: str) -> TraceContext | None:
    """The trace of an `X-Cloud-Trace-Context`: TRACE_ID/SPAN_ID;o=OPTIONS, the span in decimal."""
    found = _GOOGLE.match(text.strip())
    if found is None or found[1] == _NO_TRACE:
        return None
    span = int(found[2] or 0)
    parent = f"{span:016x}" if 0 < span < 2**64 else ""
    return TraceContext(found[1].lower(), parent, bool(int(found[3]) & 1) if found[3] else None, "google")


def of_aws(text: str) -> TraceContext | None:
    """The trace of an `X-Amzn-Trace-Id`: Root=1-…;Parent=…;Sampled=1. A load balancer names no parent."""
    if len(text) > _LONGEST:
        return None
    fields = dict(part.strip().split("=", 1) for part in text.split(";") if "=" in part)
    root, parent = _AWS_ROOT.match(fields.get("Root", "")), fields.get("Parent", "")
    if root is None or root[1] + root[2] == _NO_TRACE:
        return None
    sampled = {"0": False, "1": True}.get(fields.get("Sampled", ""))
    known = parent.lower() if _AWS_PARENT.match(parent) and parent != _NO_SPAN else ""
    return TraceContext((root[1] + root[2]).lower(), known, sampled, "aws")


def answer_headers(caller: TraceContext | None, trace_id: str, span_id: str, *, sampled: bool) -> dict[str, str]:
    """The headers that tell a caller its trace: W3C's, and the cloud's own to who sent that."""
    headers = {"traceparent": f"00-{trace_id}-{span_id}-{int(sampled):02x}"}
    if caller is not None and caller.sender == "google":
        headers["X-Cloud-Trace-Context"] = f"{trace_id}/{int(span_id, 16)};o={int(sampled)}"
    if caller is not None and caller.sender == "aws":
        headers["X-Amzn-Trace-Id"] = aws_trace(trace_id, span_id, sampled=sampled)
    return headers


def aws_trace(trace_id: str, span_id: str = "", *, sampled: bool | None = None) -> str:
    """A trace as AWS writes it."""
    parts = [f"Root=1-{trace_id[:8]}-{trace_id[8:]}"]
    if span_id:
        parts.append(f"Parent={span_id}")
    if sampled is not None:
        parts.append(f"Sampled={int(sampled)}")
    return ";".join(parts)
