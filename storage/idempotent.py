"""Idempotent writes and deletes over a network that loses responses: the object itself tells what took effect.

After a 409 or 412, a lost response, or anything else that leaves unsure, the object is read before deciding. Each write
carries a unique token in the metadata, which distinguishes our own effect from another writer's.
"""

from collections.abc import Callable

from core.limits import Deadline
from storage.errors import ChangedError, NoObjectError, StorageError, TransientError, UnsureError
from storage.facts import Stat
from storage.retry import backoff, check_deadline, retry_transient, wait_before_retry


def write_once(
    attempt: Callable[[], Stat], stat: Callable[[], Stat | None], token: str, replaces: str | None, deadline: Deadline
) -> Stat:
    """Attempt until it is certain that the write with this token took effect once, or that it never will.

    `stat` returns the object as it is current, None if there is none. ChangedError, UnsureError.
    """
    check_deadline(deadline, "write")
    unsure: StorageError | None = None
    for length in backoff(deadline):
        try:
            return attempt()
        except (ChangedError, NoObjectError) as error:
            unsure = error
        except TransientError as error:
            unsure = error
            _wait(error, length, deadline)
        current = _current(stat, unsure, deadline)
        if current and current.token == token:
            return current
        if isinstance(unsure, ChangedError | NoObjectError) or (current.version if current else None) != replaces:
            raise ChangedError("The object is not the version that this write would replace.") from unsure
    raise _unsure_error() from unsure


def delete_once(attempt: Callable[[], None], stat: Callable[[], Stat | None], version: str, deadline: Deadline) -> None:
    """Attempt until this version is certainly gone. ChangedError if another one is there, UnsureError."""
    check_deadline(deadline, "delete")
    unsure: StorageError | None = None
    for length in backoff(deadline):
        try:
            return attempt()
        except NoObjectError:
            return None
        except ChangedError as error:
            current = _current(stat, error, deadline)
            if current is None:
                return None
            if current.version != version:
                raise ChangedError("The object is not the version that was to be deleted.") from error
            unsure = error
        except TransientError as error:
            unsure = error
            _wait(error, length, deadline)
    raise _unsure_error() from unsure


def _wait(error: TransientError, length: float, deadline: Deadline) -> None:
    try:
        wait_before_retry(error, length, deadline)
    except TransientError:
        raise _unsure_error(error.after) from error


def _current(stat: Callable[[], Stat | None], unsure: StorageError, deadline: Deadline) -> Stat | None:
    try:
        return retry_transient(stat, deadline)
    except TransientError:
        raise _unsure_error() from unsure


def _unsure_error(after: float = 0.0) -> UnsureError:
    return UnsureError("The deadline passed before it was known whether the write took effect.", after=after)
