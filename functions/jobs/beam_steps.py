"""What each step of the batch on Apache Beam does. Processes elsewhere import it by name.

Beam itself is imported where it is used: nothing else in the house needs it.
"""

import threading
from collections.abc import Iterator
from typing import ClassVar

import msgspec

from service.batch.batch import Batch, BatchOptions, open_batch
from service.batch.listing import Share, items
from service.batch.row import BatchRow, Item
from service.batch.work import Spent, Work

Told = tuple[BatchOptions, tuple[tuple[str, str], ...]]
"""What every step is told: the batch, and the settings under which the command was started."""
Listed = tuple[str, int, bool]
"""What goes from step to step of an object: its key, its size, and whether it is nameless."""
COUNTED = "darkroom"
"""The namespace of the counters `objects` and `failed`."""


class Opened:
    """The batch as it is open in this process: one Service, with its models and clients, for all threads and steps."""

    _lock: ClassVar[threading.Lock] = threading.Lock()
    _known: ClassVar[dict[bytes, tuple[Batch, Work]]] = {}

    @classmethod
    def of(cls, told: Told) -> tuple[Batch, Work]:
        """The batch and its work, opened when they are first asked for."""
        key = msgspec.json.encode(told)
        with cls._lock:
            if key not in cls._known:
                import cv2

                cv2.setNumThreads(1)
                batch = open_batch(told[0], dict(told[1]))
                batch.places.make()
                cls._known[key] = batch, batch.work()
            return cls._known[key]


def listed(_: object, told: Told) -> Iterator[Listed]:
    """Every object of the batch, as the listing passes by."""
    batch, _work = Opened.of(told)
    store = batch.stores(Spent()).of(batch.selection.prefix)
    for item in items(batch.selection.entries(store, Share())):
        yield item.key, item.size, item.nameless


def processed(entry: Listed, told: Told) -> bytes:
    """The row of one object, as JSON: its outputs are stored, or it says why not."""
    from apache_beam.metrics import Metrics

    key, size, nameless = entry
    row = Opened.of(told)[1].process(Item(0, key, size, nameless=nameless))
    Metrics.counter(COUNTED, "objects").inc()
    Metrics.counter(COUNTED, "failed").inc(int(row.failed))
    return msgspec.json.encode(row)


def is_failed(line: bytes) -> bool:
    """Whether a row is of an object that failed."""
    return msgspec.json.decode(line, type=BatchRow).failed
