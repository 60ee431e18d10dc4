"""Processes one object of a batch by the handler of events: the same looks, marks and compare-and-swap."""

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

from service.batch.row import NAMELESS, BatchRow, Item
from service.events.context import EventContext
from service.events.event import EventResult, ObjectEvent
from service.events.handler import handle
from storage.address import Address

_LONGEST_PAUSE = 30.0
"""Seconds between two attempts, at most."""

_NAMELESS = r"The name of this file is not UTF-8: \xNN stands for a byte of it. Rename it, and start with --again."


class Spent:
    """What this process has spent since it was last asked: core-seconds, and operations of stores by name."""

    def __init__(self) -> None:
        self._operations: Counter[str] = Counter()
        self._seconds = time.process_time()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def watch(self, scheme: str, operation: str) -> Iterator[None]:
        """Count an operation (`storage.watched`)."""
        with self._lock:
            self._operations[f"{scheme} {operation}"] += 1
        yield

    def take(self) -> tuple[float, dict[str, int]]:
        """What was spent, which counts no more."""
        with self._lock:
            now = time.process_time()
            seconds, self._seconds = now - self._seconds, now
            operations, self._operations = self._operations, Counter()
        return seconds, dict(operations)


class Work:
    """The work of a batch, for one process; its threads may share it."""

    def __init__(
        self,
        place: Address,
        context: EventContext,
        spent: Spent,
        *,
        retry: bool = False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._place, self._context, self._spent = place, context, spent
        self._retry, self._sleep = retry, sleep

    def process(self, item: Item) -> BatchRow:
        """Bring the outputs of an object up to date, after as many attempts as the context allows. Raises nothing."""
        address = self._place.at(item.key)
        if item.nameless:
            return BatchRow(source=str(address), size=item.size, outcome="poison", code=NAMELESS, detail=_NAMELESS)
        attempt = item.attempt
        result = self._handle(address, attempt)
        while result.outcome == "again" and attempt < self._context.attempts:
            self._sleep(min(_LONGEST_PAUSE, max(result.after, 2.0 ** (attempt - 1))))
            attempt += 1
            result = self._handle(address, attempt)
        seconds, operations = self._spent.take()
        return BatchRow(
            source=str(address), size=item.size, outcome=result.outcome, code=result.code, detail=result.detail,
            version=result.version, outputs=result.outputs, wrote=result.wrote, attempts=attempt, seconds=seconds,
            operations=operations,
        )  # fmt: skip

    def _handle(self, address: Address, attempt: int) -> EventResult:
        return handle(ObjectEvent(address=address, attempt=attempt, retry=self._retry), self._context)
