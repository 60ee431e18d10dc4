"""The ledger of a batch: which objects are done, and what became of each. It is the manifest, too.

A pass goes once over the listing. Each task of it notes rows in the order of the listing, in segments that are written
once and never changed: `0001/00000-of-00001/00000007.jsonl`. The header of the last one says how far the task has
come, so that nothing else need be read to go on, and no row is ever noted twice. Two processes that work on one share
find out by writing the same segment.
"""

import contextlib
from collections.abc import Iterator, Sequence
from typing import TypeVar

import msgspec

from core.limits import Deadline
from service import provenance
from service.batch.errors import DamagedLedgerError, OtherProcessError, OtherTasksError, OtherWorkError
from service.batch.listing import Share
from service.batch.row import BatchRow, Totals
from storage.address import Address
from storage.errors import ChangedError
from storage.facts import ObjectMetadata
from storage.publish import find_object
from storage.registry import Stores

T = TypeVar("T")

_SECONDS = 120.0
_MOST_BYTES = 2**30
_JSON = ObjectMetadata(content_type="application/json", metadata={provenance.HOPS: str(provenance.MAX_HOPS)})
"""What the ledger's objects carry: no rule takes them for pictures."""


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What a pass is about: the prefix of its sources, and the digest of its rules. Both are empty if it is unknown."""

    source: str = ""
    rules: str = ""


class Pass(msgspec.Struct, frozen=True, kw_only=True):
    """One pass over a batch, shared by `tasks`; with `retries` it tries again what failed in that earlier pass."""

    number: int
    tasks: int = 1
    retries: int = 0
    subject: Subject = Subject()


class SegmentHeader(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of a segment: its number, the last key of all so far, their totals, and whether it is the end."""

    segment: int = 0
    last: str = ""
    totals: Totals = Totals()
    ended: bool = False


class Ledger:
    """The ledger of one batch. Whatever reads it raises DamagedLedgerError where it is not as it was written."""

    def __init__(self, stores: Stores, place: Address, subject: Subject = Subject()) -> None:  # noqa: B008 - frozen
        self.place = place
        self._subject = subject
        self._store = stores.of(place)

    def latest(self) -> Pass | None:
        """The latest pass, or None before the first."""
        found = None
        while (one := self._pass(found.number + 1 if found else 1)) is not None:
            found = one
        return found

    def begin(self, tasks: int, *, anew: bool = False, retry_failed: bool = False) -> Pass:
        """The pass to work on: the latest, or another one after it if that is over and one is asked for.

        OtherTasksError if it is shared by another number of tasks than the one that it follows from, OtherWorkError if
        its objects would be taken for those of another source, or what is done by other rules for done.
        """
        latest = self.latest()
        goes_on = latest is not None and not ((anew or retry_failed) and self.is_over(latest))
        follows = goes_on or (retry_failed and not anew)
        if latest is not None and follows:
            if latest.tasks != tasks:
                raise OtherTasksError(latest.tasks, tasks)
            self._check_subject(latest.subject, rules=goes_on)
        if latest is not None and goes_on:
            return latest
        number = latest.number if latest else 0
        wanted = Pass(
            number=number + 1, tasks=tasks, retries=number if retry_failed and not anew else 0, subject=self._subject
        )  # fmt: skip
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
        return self._header(self._lines(last), last) if last else SegmentHeader()

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
        before = 0
        for entry in self._store.list(self._at(f"{_pass(one.number)}/{share}/"), Deadline(_SECONDS * 100)):
            lines = self._lines(entry.address)
            header = self._header(lines, entry.address)
            objects, before = header.totals.objects - before, header.totals.objects
            if header.last.encode() > after.encode():
                found = [_decoded(line, BatchRow, entry.address) for line in lines]
                if len(found) != objects:
                    raise DamagedLedgerError(entry.address)
                yield from (row for row in found if row.key.encode() > after.encode())

    def all_rows(self, one: Pass) -> Iterator[BatchRow]:
        """What is known of each object: as all tasks of a pass have noted it, or the earlier pass that it retries."""
        for index in range(one.tasks):
            yield from self._merged(one, Share(index, one.tasks))

    def _merged(self, one: Pass, share: Share) -> Iterator[BatchRow]:
        """The rows of a pass; where it tries others again, theirs, and its own in the places of those."""
        rows, earlier = self.rows(one, share), self._pass(one.retries) if one.retries else None
        if earlier is None:
            yield from rows
            return
        retried = next(rows, None)
        for row in self._merged(earlier, share):
            if retried is not None and retried.key == row.key:
                yield retried
                retried = next(rows, None)
            else:
                yield row

    def _check_subject(self, known: Subject, *, rules: bool) -> None:
        """OtherWorkError unless a pass is about the same source, and if asked for, by the same rules."""
        is_same = known.source == self._subject.source and (not rules or known.rules == self._subject.rules)
        if known != Subject() and not is_same:
            raise OtherWorkError

    def _pass(self, number: int) -> Pass | None:
        name = f"{_pass(number)}/pass.json"
        data = self._read(name)
        return _decoded(data, Pass, self._at(name)) if data is not None else None

    def _header(self, lines: Iterator[bytes], address: Address) -> SegmentHeader:
        return _decoded(next(lines, b""), SegmentHeader, address)

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


def _decoded(data: bytes, kind: type[T], address: Address) -> T:
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.DecodeError:
        raise DamagedLedgerError(address) from None
