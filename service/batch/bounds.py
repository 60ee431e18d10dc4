"""What bounds one start of a batch, and how it went."""

import msgspec

from service.batch.row import Totals
from service.machine import cores, memory
from storage.address import Address

_MEMORY_EACH = 384 * 2**20
"""Bytes of memory for each process, beside what admission reserves for large pictures."""
_CLOUD_THREADS = 4


class BatchBounds(msgspec.Struct, frozen=True, kw_only=True):
    """How many processes and threads work, and what ends the work before its end."""

    processes: int
    threads: int
    max_objects: int | None = None
    max_cost: float | None = None

    @classmethod
    def of(
        cls, scheme: str, processes: int, threads: int, max_objects: int | None, max_cost: float | None
    ) -> "BatchBounds":
        """With what fits this machine where a number is 0: a cloud is waited for, so more is in flight."""
        fits = max(1, min(cores(), memory().limit // _MEMORY_EACH))
        waits = scheme != "file"
        return cls(
            processes=processes or fits, threads=threads or (_CLOUD_THREADS if waits else 1),
            max_objects=max_objects, max_cost=max_cost,
        )  # fmt: skip


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """How a start went: `totals` of the whole share, `used` by this start, and whether the share is done.

    `stopped` says why it is not.
    """

    place: Address
    totals: Totals
    used: Totals
    elapsed: float
    ended: bool
    stopped: str = ""
