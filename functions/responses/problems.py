"""Errors as problem documents (RFC 9457)."""

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from flask import Response, g, request
from werkzeug.exceptions import HTTPException

import catalog.errors
import core.errors
import functions.errors
import service.errors
import storage.errors
from core.errors import BadRequestError, DarkroomError, TooManyBytesError, forget_frames
from functions.errors import BadRangeError, InternalError, MethodNotAllowedError, ShuttingDownError, StreamsFullError
from functions.server import log
from functions.server.upgrade import VERSION
from service.errors import NotFoundError, OutOfMemoryError, is_out_of_memory

MEDIA_TYPE = "application/problem+json"
CHALLENGE = 'Bearer realm="darkroom"'
"""What a 401 must name (RFC 9110, §15.5.2)."""
_MODULES = (core.errors, storage.errors, catalog.errors, service.errors, functions.errors)
"""The modules of all errors that a response may report."""
_OF_STATUS: dict[int, tuple[type[DarkroomError], str]] = {
    404: (NotFoundError, "No route has this path; /docs lists all routes."),
    405: (MethodNotAllowedError, "The Allow header lists the methods of this path."),
    413: (
        TooManyBytesError,
        "The body has more than {most} bytes; POST /v1/uploads returns a URL for larger pictures.",
    ),
}


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A problem document (RFC 9457); `parameter`, `expected`, `got` and `output` are present if they apply."""

    type: str
    title: str
    status: Annotated[int, msgspec.Meta(ge=0)]
    detail: str
    code: str


def problem_response(error: Exception) -> Response:
    """The problem document of an exception."""
    known = known_error(error)
    document = problem_json(known)
    if f"{request.path}/".startswith("/v2/"):
        document["error"] = known.detail  # the member that Open Inference Protocol clients read
    response = Response(log.redacted(msgspec.json.encode(document).decode()), known.status, content_type=MEDIA_TYPE)
    response.headers["Cache-Control"] = "no-store"
    if known.status == 401:
        response.headers["WWW-Authenticate"] = CHALLENGE
    if known.status == 426:
        response.headers["Upgrade"] = "websocket"  # RFC 9110, §15.5.22
        response.headers["Sec-WebSocket-Version"] = VERSION
    if known.status == 429 or isinstance(known, ShuttingDownError | StreamsFullError):
        response.headers["Retry-After"] = str(getattr(known, "seconds", 1))
    if isinstance(known, BadRangeError):
        response.headers["Content-Range"] = f"bytes */{getattr(known, 'size', 0)}"
    if isinstance(error, HTTPException):
        _copy_allow(error, response)
    g.code = known.code
    return response


def _copy_allow(error: HTTPException, response: Response) -> None:
    for name, value in error.get_headers(request.environ):
        if name.lower() == "allow":
            response.headers[name] = value


def known_error(error: Exception, identifier: str | None = None) -> DarkroomError:
    """The error to report for an exception; an unexpected one is logged and becomes a 500 without details.

    `identifier` is for the log, where the error is not of the current request. Whoever answers an error comes by here,
    so the frames that it holds are dropped.
    """
    known = _known(error, identifier)
    forget_frames(error)
    return known


def _known(error: Exception, identifier: str | None) -> DarkroomError:
    if isinstance(error, DarkroomError):
        return error
    if isinstance(error, HTTPException) and error.code and error.code < 500:
        kind, detail = _OF_STATUS.get(error.code, (BadRequestError, error.description or "The request is invalid."))
        if error.code == 413 and request.path.startswith("/v1/uploads"):
            detail = "The body has more than {most} bytes."
        return kind(detail.replace("{most}", str((request.max_content_length or 1) - 1)))
    if is_out_of_memory(error):
        return OutOfMemoryError(
            "The server has run out of memory for this request; try again later, or with a smaller picture."
        )
    log.log_error(error, identifier)
    return InternalError("The server's log has the details under the id in X-Request-Id.")


def problem_json(error: DarkroomError) -> dict[str, Any]:
    """The members of a problem document (RFC 9457, §3.1) and the error's own."""
    problem = Problem(
        type=f"/docs#{error.code}", title=error.title, status=error.status, detail=error.detail, code=error.code
    )
    more = {
        name: value if isinstance(value, int | float | list) else str(value) for name, value in error.fields.items()
    }
    return {**msgspec.structs.asdict(problem), **more}


def error_kinds() -> Iterator[type[DarkroomError]]:
    """Every error class that a response may report, each code once, in the order of their statuses."""
    found: dict[str, type[DarkroomError]] = {}
    for module in _MODULES:
        for kind in vars(module).values():
            if isinstance(kind, type) and issubclass(kind, DarkroomError):
                found.setdefault(kind.code, kind)
    yield from sorted(found.values(), key=lambda kind: (kind.status, kind.code))
