"""Trying again: full jitter, within a deadline."""

import random
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from core.limits import Deadline
from storage.errors import PassingError, SlowError

T = TypeVar("T")

_FIRST, _LONGEST = 0.1, 5.0
"""Upper bound of the first pause and of any, seconds."""


def keep(deadline: Deadline, what: object) -> None:
    """SlowError if the time is over."""
    if deadline.remaining() <= 0:
        raise SlowError(f"The time was over before the storage was done with «{what}».")


def pauses(deadline: Deadline, first: float = _FIRST) -> Iterator[float]:
    """Lengths of pauses, each even between nothing and a doubling bound, while the deadline leaves time.

    Full jitter, because many who fail together should not come back together:
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    bound = first
    while deadline.remaining() > 0:
        yield random.uniform(0, bound)  # noqa: S311 - not a secret
        bound = min(bound * 2, _LONGEST)


def pause(error: PassingError, length: float, deadline: Deadline) -> None:
    """Sleep, at least as long as the store asked for. Raises the error where the deadline would pass meanwhile."""
    length = max(length, error.after)
    if length >= deadline.remaining():
        raise error
    time.sleep(length)


def persist(call: Callable[[], T], deadline: Deadline, first: float = _FIRST) -> T:
    """What `call` returns at the first time that it does not fail in a passing way."""
    for length in pauses(deadline, first):
        try:
            return call()
        except PassingError as error:
            pause(error, length, deadline)
    raise SlowError("The time was over before the storage was asked.")
