"""Errors that only the doors have."""

from typing import Any

from core.errors import BadRequestError, DarkroomError
from service.errors import NotFoundError


class BadBodyError(BadRequestError):
    """The body cannot be read as what its Content-Type says."""

    code, title = "bad_body", "The body cannot be read"


class BadBase64Error(BadRequestError):
    """A picture in JSON is neither base64 nor a data URL."""

    code, title = "bad_base64", "A picture is not base64"


class TwoPicturesError(BadRequestError):
    """The request brings a picture and says where another one is."""

    code, title = "two_pictures", "The picture comes twice"


class BadEncodingError(BadRequestError):
    """Text of the request is not UTF-8."""

    code, title = "bad_encoding", "Text is not UTF-8"


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


class LocalOnlyError(DarkroomError):
    """Until there are keys, only this machine itself stores and deletes."""

    status, code, title = 403, "local_only", "Only this machine may do that"


class NoSuchVersionError(NotFoundError):
    """A model has one version."""

    code, title = "no_such_version", "There is no such version"


class BadRangeError(DarkroomError):
    """No byte of the range is there. `size` is how many there are."""

    status, code, title = 416, "bad_range", "The range is past the end"

    def __init__(self, size: int) -> None:
        super().__init__(f"There are {size} bytes.")
        self.size = size


class MethodNotAllowedError(DarkroomError):
    """The route has other methods."""

    status, code, title = 405, "method_not_allowed", "The method is not allowed here"


class InternalError(DarkroomError):
    """Our fault; the log knows more."""


class BadEventError(BadRequestError):
    """The body is no event that we know."""

    code, title = "bad_event", "The event cannot be read"


class MissingSourceError(BadRequestError):
    """The path of a render names no source."""

    code, title = "missing_source", "The path names no source"
