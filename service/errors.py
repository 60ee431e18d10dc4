"""Errors of the work behind the doors; those of pictures and pipelines are in core/errors.py."""

from collections.abc import Iterable

import cv2

from core.errors import BadRequestError, DarkroomError, nearest


class SameObjectError(BadRequestError):
    """A result would be stored over the picture that it is made of."""

    code, title = "same_object", "A result would replace its source"


class BadOutputsError(BadRequestError):
    """`outputs` is no list of named results."""

    code, title = "bad_outputs", "The outputs are wrong"


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


class ForbiddenError(DarkroomError):
    """Another web site sent its visitor's browser here."""

    status, code, title = 403, "cross_site", "Another site may not do that"


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


_NO_MEMORY = -4  # cv::Error::StsNoMem, https://docs.opencv.org/4.x/db/d85/classcv_1_1Error.html


def is_out_of_memory(error: BaseException | None) -> bool:
    """Whether an error is, or was caused by, a lack of memory; a decoder's errors all look like a damaged picture."""
    while error is not None:
        if isinstance(error, MemoryError) or (isinstance(error, cv2.error) and error.code == _NO_MEMORY):
            return True
        error = error.__cause__ or error.__context__
    return False


class OutOfMemoryError(DarkroomError):
    """The machine has no memory left for this request."""

    status, code, title = 503, "out_of_memory", "Out of memory"


class WornOutError(DarkroomError):
    """Too many tries."""

    status, code, title = 503, "worn_out", "Tried too often"


class NoRulesError(NotFoundError):
    """Events are not taken here."""

    code, title = "events_off", "There are no rules"

    def __init__(self) -> None:
        super().__init__("This server has no rules; DARKROOM_RULES names their file.")


class TryAgainError(DarkroomError):
    """Something of an event is not done; the platform delivers it again, when it sees fit."""

    status, code, title = 503, "try_again", "Not done yet"

    def __init__(self, failed: int, count: int, code: str) -> None:
        super().__init__(f"{failed} of {count} objects are to be tried again: {code}.")


class GoingError(DarkroomError):
    """The row of a source that is there again is still being deleted."""

    status, code, title = 503, "row_deleting", "The catalog's row is still being deleted"


class BadSignatureError(ForbiddenError):
    """The link's signature is not ours, or is for another address."""

    code, title = "bad_signature", "The link's signature is wrong"

    def __init__(self) -> None:
        super().__init__("«sig» is no signature of this address: sign it anew, or leave it out.", parameter="sig")
