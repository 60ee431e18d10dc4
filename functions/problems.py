"""Errors as RFC 9457 problem documents: one shape for everything that goes wrong.

Here too are the errors that only HTTP has; those of pictures and pipelines are in core/errors.py.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import cv2
import msgspec
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from core.errors import BadRequestError, DarkroomError, TooManyBytesError, nearest
from functions import log

MEDIA_TYPE = "application/problem+json"
_OURS = {"core", "storage", "catalog", "functions"}
"""What the doors call; tests have errors of their own."""
_NO_MEMORY = -4  # cv::Error::StsNoMem, https://docs.opencv.org/4.x/db/d85/classcv_1_1Error.html


class BadBodyError(BadRequestError):
    """The body cannot be read as what its Content-Type says."""

    code, title = "bad_body", "The body cannot be read"


class BadBase64Error(BadRequestError):
    """A picture in JSON is neither base64 nor a data URL."""

    code, title = "bad_base64", "A picture is not base64"


class TwoPicturesError(BadRequestError):
    """The request brings a picture and says where another one is."""

    code, title = "two_pictures", "The picture comes twice"


class SameObjectError(BadRequestError):
    """A result would be stored over the picture that it is made of."""

    code, title = "same_object", "A result would replace its source"


class BadOutputsError(BadRequestError):
    """`outputs` is no list of named results."""

    code, title = "bad_outputs", "The outputs are wrong"


class BadEncodingError(BadRequestError):
    """Text of the request is not UTF-8."""

    code, title = "bad_encoding", "Text is not UTF-8"


class ConflictingOptionError(BadRequestError):
    """The same option is given twice, with different values."""

    code, title = "conflicting_option", "An option is given twice"

    def __init__(self, name: str) -> None:
        super().__init__(f"«{name}» is given twice, with different values.", parameter=name)


class UnknownOptionError(BadRequestError):
    """The request has no option of this name."""

    code, title = "unknown_option", "There is no such option"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        guess = nearest(name, known)
        said = f" Did you mean «{guess}»?" if guess else ""
        super().__init__(f"There is no option «{name[:80]}».{said}", parameter=name[:80], expected=guess)


class BadTensorError(BadRequestError):
    """A tensor of an inference request is not what the model takes, or one is asked for that it does not give."""

    code, title = "bad_tensor", "A tensor is wrong"

    def __init__(self, parameter: str, expected: str, got: Any) -> None:
        shown = str(got)[:80]
        detail = f"«{parameter}» should be {expected}, not «{shown}»."
        super().__init__(detail, parameter=parameter, expected=expected, got=shown)


class BadUploadError(BadRequestError):
    """An upload is not of the type and length that were signed."""

    code, title = "bad_upload", "The upload is not what was signed"


class NotAvailableError(BadRequestError):
    """The option is part of the contract, but this server cannot do it."""

    code, title = "not_available", "This server cannot do that"


class UnauthorizedError(DarkroomError):
    """Nobody is served but this machine itself, until the operator chooses."""

    status, code, title = 401, "unauthorized", "Who are you?"


class ForbiddenError(DarkroomError):
    """Another web site sent its visitor's browser here."""

    status, code, title = 403, "cross_site", "Another site may not do that"


class LocalOnlyError(DarkroomError):
    """Until there are keys, only this machine itself stores and deletes."""

    status, code, title = 403, "local_only", "Only this machine may do that"


class NotFoundError(DarkroomError):
    """No route has this path."""

    status, code, title = 404, "not_found", "There is nothing here"


class NoSuchModelError(NotFoundError):
    """The manifest has no model of the name in the path."""

    code, title = "no_such_model", "There is no such model"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        known = list(known)
        guess = nearest(name, known)
        said = f" Did you mean «{guess}»?" if guess else ""
        super().__init__(f"There is no model «{name[:64]}».{said}", expected=guess, got=name[:80])


class NoSuchVersionError(NotFoundError):
    """A model has one version."""

    code, title = "no_such_version", "There is no such version"


class CatalogOffError(NotFoundError):
    """The server keeps no catalog."""

    code, title = "catalog_off", "There is no catalog"

    def __init__(self) -> None:
        super().__init__("This server keeps no catalog of pictures: DARKROOM_CATALOG says which it may be.")


class NoSuchImageError(NotFoundError):
    """The catalog has no picture of the id in the path."""

    code, title = "no_such_image", "There is no such picture"

    def __init__(self, id: str) -> None:  # noqa: A002
        super().__init__(f"The catalog has no picture «{id[:64]}».", got=id[:64])


class ImageGoneError(DarkroomError):
    """A picture was deleted by somebody else while it was being stored."""

    status, code, title = 409, "image_gone", "The picture was deleted meanwhile"


class BadRangeError(DarkroomError):
    """No byte of the range is there. `size` is how many there are."""

    status, code, title = 416, "bad_range", "The range is past the end"

    def __init__(self, size: int) -> None:
        super().__init__(f"There are {size} bytes.")
        self.size = size


class MethodNotAllowedError(DarkroomError):
    """The route has other methods."""

    status, code, title = 405, "method_not_allowed", "The method is not allowed here"


class QueueFullError(DarkroomError):
    """All cores work and enough requests wait. `seconds` is a guess of when to come again."""

    status, code, title = 429, "queue_full", "Too many requests at once"

    def __init__(self, seconds: int) -> None:
        super().__init__("All cores are at work and the queue is full; try again in a moment.")
        self.seconds = seconds


class NotReadyError(DarkroomError):
    """The server, or a model, is not ready yet."""

    status, code, title = 503, "not_ready", "Not ready yet"


class NoResultsError(DarkroomError):
    """The server has no place of its own to store anything."""

    status, code, title = 503, "no_results", "There is no place to store anything"

    def __init__(self) -> None:
        super().__init__("This server stores nothing: DARKROOM_RESULTS names the place where it may.")


class OutOfMemoryError(DarkroomError):
    """The machine has no memory left for this request."""

    status, code, title = 503, "out_of_memory", "Out of memory"


class InternalError(DarkroomError):
    """Our fault; the log knows more."""


_OF_STATUS: dict[int, tuple[type[DarkroomError], str]] = {
    404: (NotFoundError, "No route has this path; /docs lists those there are."),
    405: (MethodNotAllowedError, "The header Allow lists the methods of this path."),
    413: (TooManyBytesError, "The body is longer than this server takes."),
}


def install(app: Flask) -> None:
    """Have the application answer every error as a problem document."""
    app.register_error_handler(Exception, answer)


def answer(error: Exception) -> Response:
    """The problem document of any exception."""
    known = as_known(error)
    told = document(known)
    if f"{request.path}/".startswith("/v2/"):
        told["error"] = known.detail  # the one member that clients of the Open Inference Protocol read
    response = Response(msgspec.json.encode(told), known.status, content_type=MEDIA_TYPE)
    response.headers["Cache-Control"] = "no-store"
    if known.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="darkroom"'
    if known.status == 429:
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


def as_known(error: Exception) -> DarkroomError:
    """An exception as one the caller may be told of; the unexpected is logged and becomes a 500 without details."""
    if isinstance(error, DarkroomError):
        return error
    if isinstance(error, HTTPException) and error.code and error.code < 500:
        kind, detail = _OF_STATUS.get(error.code, (BadRequestError, error.description or "The request is wrong."))
        return kind(detail)
    if isinstance(error, MemoryError) or (isinstance(error, cv2.error) and error.code == _NO_MEMORY):
        return OutOfMemoryError("The server has no memory left for this request; try a smaller picture, or later.")
    log.failure(error)
    return InternalError("The request's identifier in X-Request-Id finds the reason in the server's log.")


def document(error: DarkroomError) -> dict[str, Any]:
    """The members of the problem document (RFC 9457, §3.1), and the error's own."""
    return {
        "type": f"/docs#{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        **{name: value if isinstance(value, int | float) else str(value) for name, value in error.fields.items()},
    }


def kinds(base: type[DarkroomError] = DarkroomError) -> Iterator[type[DarkroomError]]:
    """Every kind of error that a door may answer with, each code once, in the order of their statuses."""
    found: dict[str, type[DarkroomError]] = {}
    for kind in (base, *_below(base)):
        if kind.__module__.partition(".")[0] in _OURS:
            found.setdefault(kind.code, kind)
    yield from sorted(found.values(), key=lambda kind: (kind.status, kind.code))


def _below(base: type[DarkroomError]) -> Iterator[type[DarkroomError]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _below(kind)
