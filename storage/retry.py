"""Retries: exponential backoff with full jitter, within a deadline."""

import random
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import TypeVar

from core.limits import Deadline
from storage.errors import SlowError, TransientError

T = TypeVar("T")

_FIRST, _LONGEST = 0.1, 5.0
"""Upper bound of the first pause and of any, seconds."""
ON_RETRY: ContextVar[Callable[[], None] | None] = ContextVar("on_retry", default=None)
"""What is called, in the thread that calls a store, before each retry."""


def check_deadline(deadline: Deadline, what: object) -> None:
    """SlowError if the deadline has passed."""
    if deadline.remaining() <= 0:
        raise SlowError(f'The deadline passed before the storage was done with "{what}".')


def backoff(deadline: Deadline, first: float = _FIRST) -> Iterator[float]:
    """Lengths of pauses, each uniform between 0 and a doubling bound, until the deadline passes.

    Full jitter, because clients that fail together should not retry together:
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    bound = first
    while deadline.remaining() > 0:
        yield random.uniform(0, bound)  # noqa: S311 - not a secret
        bound = min(bound * 2, _LONGEST)


def wait_before_retry(error: TransientError, length: float, deadline: Deadline) -> None:
    """Sleep, at least as long as the store asked for. Raises the error if the deadline would pass meanwhile."""
    length = max(length, error.after)
    if length >= deadline.remaining():
        raise error
    if (told := ON_RETRY.get()) is not None:
        told()
    time.sleep(length)


def retry_transient(call: Callable[[], T], deadline: Deadline, first: float = _FIRST) -> T:
    """Call until it succeeds or fails permanently."""
    for length in backoff(deadline, first):
        try:
            return call()
        except TransientError as error:
            wait_before_retry(error, length, deadline)
    raise SlowError("The deadline passed before the storage was called.")
