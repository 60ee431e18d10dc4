"""Writes and deletes over a network that loses answers: what took effect is learnt from the object itself.

After a 409 or 412, a lost answer, or anything else that leaves doubt, the object is looked at before anything is
judged. Each write carries a token of its own in the metadata, so that our own effect is told from another's.
"""

from collections.abc import Callable

from core.limits import Deadline
from storage.errors import ChangedError, NoObjectError, PassingError, StorageError, UnsureError
from storage.facts import Stat
from storage.retry import keep, pause, pauses, persist


def settled_write(
    attempt: Callable[[], Stat], look: Callable[[], Stat | None], token: str, replaces: str | None, deadline: Deadline
) -> Stat:
    """Attempt until it is certain that the write with this token took effect once, or that it never will.

    `look` is the object as it is now, None if there is none. ChangedError, UnsureError.
    """
    keep(deadline, "write")
    doubt: StorageError | None = None
    for length in pauses(deadline):
        try:
            return attempt()
        except (ChangedError, NoObjectError) as error:
            doubt = error
        except PassingError as error:
            doubt = error
            _wait(error, length, deadline)
        now = _seen(look, doubt, deadline)
        if now and now.token == token:
            return now
        if isinstance(doubt, ChangedError | NoObjectError) or (now.version if now else None) != replaces:
            raise ChangedError("The object is not the version that this write would replace.") from doubt
    raise _unsure() from doubt


def settled_delete(
    attempt: Callable[[], None], look: Callable[[], Stat | None], version: str, deadline: Deadline
) -> None:
    """Attempt until this version is certainly gone. ChangedError where another one is there, UnsureError."""
    keep(deadline, "delete")
    doubt: StorageError | None = None
    for length in pauses(deadline):
        try:
            return attempt()
        except NoObjectError:
            return None
        except ChangedError as error:
            now = _seen(look, error, deadline)
            if now is None:
                return None
            if now.version != version:
                raise ChangedError("The object is not the version that was to be deleted.") from error
            doubt = error
        except PassingError as error:
            doubt = error
            _wait(error, length, deadline)
    raise _unsure() from doubt


def _wait(error: PassingError, length: float, deadline: Deadline) -> None:
    try:
        pause(error, length, deadline)
    except PassingError:
        raise _unsure(error.after) from error


def _seen(look: Callable[[], Stat | None], doubt: StorageError, deadline: Deadline) -> Stat | None:
    try:
        return persist(look, deadline)
    except PassingError:
        raise _unsure() from doubt


def _unsure(after: float = 0.0) -> UnsureError:
    return UnsureError("The time was over before it was known whether the write took effect.", after=after)
