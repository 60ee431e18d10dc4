"""The ledger of a batch: which objects are done, and what became of each. It is the manifest, too.

A pass goes once over the listing. Each task of it notes rows in the order of the listing, in segments that are written
once and never changed: `0001/00000-of-00001/00000007.jsonl`. The header of the last one says how far the task has
come, so that nothing else need be read to go on, and no row is ever noted twice. Two processes that work on one share
find out by writing the same segment.
"""

import contextlib
from collections.abc import Iterator, Sequence

import msgspec

from core.limits import Deadline
from service import provenance
from service.batch.errors import OtherProcessError, OtherTasksError
from service.batch.listing import Share
from service.batch.row import BatchRow, Totals
from storage.address import Address
from storage.errors import ChangedError
from storage.facts import ObjectMetadata
from storage.publish import find_object
from storage.registry import Stores

_SECONDS = 120.0
_MOST_BYTES = 2**30
_JSON = ObjectMetadata(content_type="application/json", metadata={provenance.HOPS: str(provenance.MAX_HOPS)})
"""What the ledger's objects carry: no rule takes them for pictures."""


class Pass(msgspec.Struct, frozen=True, kw_only=True):
    """One pass over a batch, shared by `tasks`; with `retries` it tries again what failed in that earlier pass."""

    number: int
    tasks: int = 1
    retries: int = 0


class SegmentHeader(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of a segment: its number, the last key of all so far, their totals, and whether it is the end."""

    segment: int = 0
    last: str = ""
    totals: Totals = Totals()
    ended: bool = False


class Ledger:
    """The ledger of one batch."""

    def __init__(self, stores: Stores, place: Address) -> None:
        self.place = place
        self._store = stores.of(place)

    def latest(self) -> Pass | None:
        """The latest pass, or None before the first."""
        found = None
        while (data := self._read(f"{_pass(found.number + 1 if found else 1)}/pass.json")) is not None:
            found = msgspec.json.decode(data, type=Pass)
        return found

    def begin(self, tasks: int, *, anew: bool = False, retry_failed: bool = False) -> Pass:
        """The pass to work on: the latest, or another one after it if that is over and one is asked for.

        OtherTasksError if it is shared by another number of tasks than the one that it follows from.
        """
        latest = self.latest()
        goes_on = latest is not None and not ((anew or retry_failed) and self.is_over(latest))
        if latest is not None and latest.tasks != tasks and (goes_on or (retry_failed and not anew)):
            raise OtherTasksError(latest.tasks, tasks)
        if latest is not None and goes_on:
            return latest
        number = latest.number if latest else 0
        wanted = Pass(number=number + 1, tasks=tasks, retries=number if retry_failed and not anew else 0)
        try:
            self._write(f"{_pass(wanted.number)}/pass.json", msgspec.json.encode(wanted))
        except ChangedError:  # another task was first
            return self.begin(tasks)
        return wanted

    def is_over(self, one: Pass) -> bool:
        """Whether every task of a pass has come to its end."""
        ended = self._store.list(self._at(f"{_pass(one.number)}/ended/"), Deadline(_SECONDS))
        return sum(1 for _ in ended) == one.tasks

    def position(self, one: Pass, share: Share) -> SegmentHeader:
        """How far a task has come."""
        last = None
        for entry in self._store.list(self._at(f"{_pass(one.number)}/{share}/"), Deadline(_SECONDS)):
            last = entry.address
        return msgspec.json.decode(next(self._lines(last)), type=SegmentHeader) if last else SegmentHeader()

    def append(self, one: Pass, share: Share, header: SegmentHeader, rows: Sequence[BatchRow]) -> None:
        """Write the next segment. OtherProcessError if another process has."""
        body = b"\n".join(msgspec.json.encode(line) for line in (header, *rows))
        try:
            self._write(f"{_pass(one.number)}/{share}/{header.segment:08d}.jsonl", body)
        except ChangedError:
            raise OtherProcessError from None
        if header.ended:
            self.end(one, share, header)

    def end(self, one: Pass, share: Share, header: SegmentHeader) -> None:
        """Say that a task has come to its end, which a process killed at its last segment has not said."""
        with contextlib.suppress(ChangedError):
            self._write(f"{_pass(one.number)}/ended/{share}.json", msgspec.json.encode(header))

    def rows(self, one: Pass, share: Share, after: str = "") -> Iterator[BatchRow]:
        """What a task has noted, in order, of objects past a key."""
        for entry in self._store.list(self._at(f"{_pass(one.number)}/{share}/"), Deadline(_SECONDS * 100)):
            lines = self._lines(entry.address)
            if msgspec.json.decode(next(lines), type=SegmentHeader).last.encode() > after.encode():
                found = (msgspec.json.decode(line, type=BatchRow) for line in lines)
                yield from (row for row in found if _key(row).encode() > after.encode())

    def all_rows(self, one: Pass) -> Iterator[BatchRow]:
        """What all tasks of a pass have noted."""
        for index in range(one.tasks):
            yield from self.rows(one, Share(index, one.tasks))

    def _lines(self, address: Address) -> Iterator[bytes]:
        deadline = Deadline(_SECONDS)
        yield from bytes(self._store.read(address, deadline).all(_MOST_BYTES)).splitlines()

    def _read(self, name: str) -> bytes | None:
        deadline = Deadline(_SECONDS)
        stat = find_object(self._store, self._at(name), deadline)
        return bytes(self._store.read(stat.address, deadline, at=stat).all(_MOST_BYTES)) if stat else None

    def _write(self, name: str, body: bytes) -> None:
        self._store.write(self._at(name), body, _JSON, Deadline(_SECONDS))

    def _at(self, name: str) -> Address:
        return self.place.at(f"{self.place.key}{name}")


def _pass(number: int) -> str:
    return f"{number:04d}"


def _key(row: BatchRow) -> str:
    return row.key
