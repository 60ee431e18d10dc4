"""Errors of the service layer; those of pictures and pipelines are in core/errors.py."""

from collections.abc import Iterable

import cv2

from core.errors import BadRequestError, DarkroomError, meant, nearest


class SameObjectError(BadRequestError):
    """A result would overwrite the picture it is made from."""

    code, title = "same_object", "A result would replace its source"


class BadOutputsError(BadRequestError):
    """`outputs` is not a list of named results."""

    code, title = "bad_outputs", "The outputs are invalid"


class ConflictingOptionError(BadRequestError):
    """The same option is given twice with different values."""

    code, title = "conflicting_option", "An option is given twice"

    def __init__(self, name: str) -> None:
        super().__init__(f'"{name}" is given twice with different values.', parameter=name)


class UnknownOptionError(BadRequestError):
    """The request has no option of this name."""

    code, title = "unknown_option", "There is no such option"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        guess = nearest(name, known)
        super().__init__(f'There is no option "{name[:80]}".{meant(guess)}', parameter=name[:80], expected=guess)


class IgnoredOptionError(BadRequestError):
    """The format that was asked for has no such option."""

    code, title = "ignored_option", "The format lacks the option"

    def __init__(self, name: str, format: str, known: Iterable[str]) -> None:  # noqa: A002
        listed = ", ".join(known) or "none"
        super().__init__(
            f'"{name}" means nothing for {format.upper()}, whose options are: {listed}. Leave it out, or leave out '
            '"format".',
            parameter=name,
            expected=listed,
            got=format,
        )


class ForbiddenError(DarkroomError):
    """Another web site made its visitor's browser send the request."""

    status, code, title = 403, "cross_site", "Cross-site requests are not allowed"


class NotFoundError(DarkroomError):
    """No route has this path."""

    status, code, title = 404, "not_found", "Not found"


class NoSuchModelError(NotFoundError):
    """The manifest has no model with the name in the path."""

    code, title = "no_such_model", "There is no such model"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        known = list(known)
        guess = nearest(name, known)
        suggestion = f' Did you mean "{guess}"?' if guess else ""
        super().__init__(f'There is no model "{name[:64]}".{suggestion}', expected=guess, got=name[:80])


class NoSuchFilterError(NotFoundError):
    """No step has the name in the path."""

    code, title = "no_such_filter", "There is no such filter"

    def __init__(self, name: str, guess: str | None) -> None:
        super().__init__(f'There is no filter "{name[:64]}".{meant(guess)}', expected=guess, got=name[:80])


class CatalogOffError(NotFoundError):
    """The server has no catalog."""

    code, title = "catalog_off", "There is no catalog"

    def __init__(self) -> None:
        super().__init__("This server has no catalog of pictures; DARKROOM_CATALOG selects one.")


class NoSuchImageError(NotFoundError):
    """The catalog has no picture with the id in the path."""

    code, title = "no_such_image", "There is no such picture"

    def __init__(self, id: str) -> None:  # noqa: A002
        super().__init__(f'There is no picture "{id[:64]}" in the catalog.', got=id[:64])


class ImageGoneError(DarkroomError):
    """A picture was deleted while it was being stored."""

    status, code, title = 409, "image_gone", "The picture was deleted in the meantime"


class QueueFullError(DarkroomError):
    """All cores are busy and the queue is full. `seconds` is an estimate of when to retry."""

    status, code, title = 429, "queue_full", "Too many requests at once"

    def __init__(
        self, seconds: int, detail: str = "All cores are busy and the queue is full; try again in a moment."
    ) -> None:
        super().__init__(detail)
        self.seconds = seconds


class NoMemoryError(QueueFullError):
    """The requests of the moment hold the memory that this one needs. `seconds` is an estimate of when to retry."""

    code, title = "memory_full", "Too little memory is free"

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds, "Other requests hold the memory that this one needs; try again in a moment.")


class NotReadyError(DarkroomError):
    """The server, or a model, is not ready yet."""

    status, code, title = 503, "not_ready", "Not ready yet"


class NoResultsError(DarkroomError):
    """The server has no storage of its own."""

    status, code, title = 503, "no_results", "This server stores nothing"

    def __init__(self) -> None:
        super().__init__("This server stores nothing; DARKROOM_RESULTS sets where it may.")


_NO_MEMORY = -4  # cv::Error::StsNoMem, https://docs.opencv.org/4.x/db/d85/classcv_1_1Error.html


def is_out_of_memory(error: BaseException | None) -> bool:
    """Whether an error is, or was caused by, a lack of memory; decoders report that as a damaged picture."""
    while error is not None:
        if isinstance(error, MemoryError) or (isinstance(error, cv2.error) and error.code == _NO_MEMORY):
            return True
        error = error.__cause__ or error.__context__
    return False


class OutOfMemoryError(DarkroomError):
    """The server ran out of memory for this request."""

    status, code, title = 503, "out_of_memory", "Out of memory"


class TooManyAttemptsError(DarkroomError):
    """Too many attempts."""

    status, code, title = 503, "worn_out", "Too many attempts"


class NoRulesError(NotFoundError):
    """This server does not accept events."""

    code, title = "events_off", "There are no rules"

    def __init__(self) -> None:
        super().__init__("This server has no rules; DARKROOM_RULES names their file.")


class TryAgainError(DarkroomError):
    """Part of an event is not done; the platform delivers it again."""

    status, code, title = 503, "try_again", "Not done yet"

    def __init__(self, failed: int, count: int, code: str) -> None:
        super().__init__(f"{failed} of {count} objects must be retried: {code}.")


class RowDeletingError(DarkroomError):
    """The row of a source that was created again is still being deleted."""

    status, code, title = 503, "row_deleting", "The catalog's row is still being deleted"


class BadSignatureError(ForbiddenError):
    """The link's signature is invalid, or is for another URL."""

    code, title = "bad_signature", "The link's signature is invalid"

    def __init__(self) -> None:
        super().__init__('"sig" is not a valid signature of this URL; sign it again, or omit it.', parameter="sig")


class ExpiredLinkError(ForbiddenError):
    """The link was valid until the time in `expires`."""

    code, title = "expired_link", "The link has expired"

    def __init__(self) -> None:
        super().__init__("This link has expired; ask whoever made it for a new one.", parameter="expires")


class InvalidTokenError(DarkroomError):
    """The bearer token is not valid here."""

    status, code, title = 401, "invalid_token", "The token is not valid"


class IssuerUnavailableError(DarkroomError):
    """What is needed to verify a token or a message cannot be read now."""

    status, code, title = 503, "issuer_unavailable", "The sender cannot be verified now"


class UntrustedEventError(DarkroomError):
    """An event does not come from where the operator says that events come from."""

    status, code, title = 403, "untrusted_event", "The event's sender is not trusted"


class OnlyPresetsError(DarkroomError):
    """This server takes one preset, and nothing else."""

    status, code, title = 403, "only_presets", "Only presets are allowed"


class AnswerTooLargeError(DarkroomError):
    """The answer is larger than the platform passes on, and there is no place to store it."""

    status, code, title = 413, "answer_too_large", "The answer is too large for the platform"


class WrongKeyError(DarkroomError):
    """The key is not one of this server's, or was revoked."""

    status, code, title = 401, "wrong_key", "The key is not valid"


class ExpiredKeyError(DarkroomError):
    """The key's time is over."""

    status, code, title = 401, "expired_key", "The key has expired"


class WrongScopeError(DarkroomError):
    """The key, or token, lacks the scope of the route."""

    status, code, title = 403, "wrong_scope", "The key lacks a scope"


class RateLimitedError(DarkroomError):
    """The key has sent more requests a second than it may. `seconds`: when to retry."""

    status, code, title = 429, "rate_limited", "Too many requests with this key"

    def __init__(self, seconds: int) -> None:
        super().__init__("This key has sent more requests a second than it may; try again in a moment.")
        self.seconds = seconds


class BudgetSpentError(DarkroomError):
    """The key has spent its core-seconds of this day. `seconds`: until the next day begins, in UTC."""

    status, code, title = 429, "budget_spent", "The key's budget is spent"

    def __init__(self, seconds: int) -> None:
        super().__init__("This key has spent its core-seconds of today; the next day begins at midnight UTC.")
        self.seconds = seconds


class KeysUnreadableError(DarkroomError):
    """The server can no longer read its keys, so it accepts none."""

    status, code, title = 503, "keys_unreadable", "The keys cannot be read"

    def __init__(self) -> None:
        super().__init__("The server cannot read its keys, so it accepts none; its log says why.")


def reason_of(error: OSError | UnicodeError) -> str:
    """Why a file could not be read or written, as a person says it."""
    return getattr(error, "strerror", None) or "it is no text in UTF-8"
