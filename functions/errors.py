"""Errors that only the HTTP layer raises."""

from typing import Any

from core.errors import AbandonedError, BadRequestError, DarkroomError
from service.errors import NotFoundError


class BadBodyError(BadRequestError):
    """The body does not match its Content-Type."""

    code, title = "bad_body", "The body cannot be read"


class SlowBodyError(DarkroomError):
    """The body comes too slowly: below the least rate, or not within the request's deadline."""

    status, code, title = 408, "slow_body", "The body comes too slowly"


class ClientGoneError(AbandonedError):
    """The caller closed the connection before the answer was ready; only the log shows this."""

    status, code, title = 499, "client_gone", "The caller is gone"


class ShuttingDownError(DarkroomError):
    """This process is shutting down; another one, or its successor, answers. `seconds` is when to try again."""

    status, code, title = 503, "shutting_down", "The server is shutting down"
    seconds = 1


class BadBase64Error(BadRequestError):
    """A picture in JSON is neither base64 nor a data URL."""

    code, title = "bad_base64", "A picture is not base64"


class TwoPicturesError(BadRequestError):
    """The request has a picture and names another as its source."""

    code, title = "two_pictures", "The picture is given twice"


class BadEncodingError(BadRequestError):
    """Text of the request is not UTF-8."""

    code, title = "bad_encoding", "The text is not UTF-8"


class BadTensorError(BadRequestError):
    """A tensor of an inference request does not fit the model, or an unknown output is requested."""

    code, title = "bad_tensor", "A tensor is invalid"

    def __init__(self, parameter: str, expected: str, got: Any) -> None:
        value = str(got)[:80]
        detail = f'"{parameter}" should be {expected}, not "{value}".'
        super().__init__(detail, parameter=parameter, expected=expected, got=value)


class BadUploadError(BadRequestError):
    """An upload does not have the signed type and length."""

    code, title = "bad_upload", "The upload differs from what was signed"


class NotAvailableError(BadRequestError):
    """The option is part of the protocol, but not available on this server."""

    code, title = "not_available", "Not available on this server"


class UnauthorizedError(DarkroomError):
    """No key was sent where one is required, or the operator has not set DARKROOM_AUTH yet."""

    status, code, title = 401, "unauthorized", "Authentication required"


class KeyInUrlError(BadRequestError):
    """A key is part of the URL; logs and histories would keep it."""

    code, title = "key_in_url", "A key must not be in the URL"


class LocalOnlyError(DarkroomError):
    """Without a key, only this machine may do this."""

    status, code, title = 403, "local_only", "Only this machine may do this"


class NoSuchVersionError(NotFoundError):
    """A model has only one version."""

    code, title = "no_such_version", "There is no such version"


class BadRangeError(DarkroomError):
    """The range contains no byte of the object, whose size is `size`."""

    status, code, title = 416, "bad_range", "The range is beyond the end"

    def __init__(self, size: int) -> None:
        super().__init__(f"The object has {size} bytes.")
        self.size = size


class PreconditionFailedError(DarkroomError):
    """The resource is not in the version that `If-Match` names."""

    status, code, title = 412, "precondition_failed", "The version is another one"

    def __init__(self) -> None:
        super().__init__("If-Match names another version than the one there is.", parameter="If-Match")


class MethodNotAllowedError(DarkroomError):
    """The route does not have this method."""

    status, code, title = 405, "method_not_allowed", "The method is not allowed"


class InternalError(DarkroomError):
    """An error of the server; details are in its log."""


class BadEventError(BadRequestError):
    """The body is not a known event."""

    code, title = "bad_event", "The event cannot be read"


class MetricsOffError(NotFoundError):
    """The server counts nothing."""

    code, title = "metrics_off", "There are no metrics"


class MissingSourceError(BadRequestError):
    """The path of a render has no source."""

    code, title = "missing_source", "The path has no source"


class UpgradeRequiredError(DarkroomError):
    """The route is a web socket, and the request is no handshake of one."""

    status, code, title = 426, "upgrade_required", "This is a web socket"


class NoUpgradeError(DarkroomError):
    """The server that runs this application passes no connection on."""

    status, code, title = 501, "no_upgrade", "Web sockets are not available here"


class StreamsFullError(DarkroomError):
    """This process holds as many web sockets as it may. `seconds`: when to retry."""

    status, code, title = 503, "streams_full", "Too many streams"
    seconds = 5


class BadFrameError(BadRequestError):
    """A stream's body cannot be divided into frames."""

    code, title = "bad_frame", "The frames cannot be told apart"
