"""Remove outputs whose source is gone and whose rule says «remove»: what a lost delete event left behind.

python -m functions.jobs.sweep                says what would be done, and does nothing
python -m functions.jobs.sweep --apply        notes what has no source, and removes what had none a day ago either

An object is removed only if it carries our mark, no source is where the mark says, none was there at a sweep at least a
day earlier, and it is still the same version. Run it once a day. It reads DARKROOM_RULES, DARKROOM_RESULTS and the
settings of the storages, as the server does; what it noted is in sweep/state.json under the results.

Exit code 0: done, 1: some objects could not be looked at or removed, 2: the command or the settings are wrong.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Mapping

import msgspec

from core.errors import DarkroomError
from core.limits import Deadline
from service import provenance
from service.events.context import EventContext
from service.rules.cycles import own_key
from service.service import Service
from service.settings import SettingsError
from storage.address import Address
from storage.errors import ChangedError
from storage.facts import Entry, ObjectMetadata, Stat

DAY = 24 * 3600.0
_PATIENCE = 60.0
"""Seconds for one object."""
_LISTING = 24 * 3600.0
_MOST_STATE = 1 << 30


class Orphan(msgspec.Struct, frozen=True):
    """A version that had no source, and when that was first seen: Unix time, seconds."""

    version: str
    since: float


class SweepAction(msgspec.Struct, frozen=True):
    """What was done with one object, or would be."""

    address: Address
    what: str
    failed: bool = False


class Sweep:
    """One pass over everything that the rules write to."""

    def __init__(self, context: EventContext, now: float) -> None:
        self._desk, self._now = context, now
        self._at = context.results.at(own_key(context.results, "sweep/state.json"))
        self.notes: dict[str, Orphan] = {}

    def run(self, *, apply: bool) -> Iterator[SweepAction]:
        """A word for each object without a source; with `apply` it is also done."""
        seen = self._desk.look(self._at, Deadline(_PATIENCE))
        before = self._read(seen)
        for entry in self._entries():
            try:
                if word := self._one(entry, before, apply=apply):
                    yield word
            except DarkroomError as error:
                yield SweepAction(entry.address, f"cannot be looked at: {error.detail}", failed=True)
        if apply:
            self._write(seen)

    def _one(self, entry: Entry, before: Mapping[str, Orphan], *, apply: bool) -> SweepAction | None:
        stat = self._desk.look(entry.address, Deadline(_PATIENCE))
        source = provenance.source_of(stat) if stat else None
        if stat is None or source is None or not self._removes(source, stat.address):
            return None
        if self._desk.look(source, Deadline(_PATIENCE)) is not None:
            return None
        name = str(stat.address)
        note = before.get(name)
        if note is None or note.version != stat.version:
            self.notes[name] = Orphan(stat.version, self._now)
            return SweepAction(stat.address, f"has no source «{source}»; it is removed if that is so in a day")
        if self._now - note.since < DAY:
            self.notes[name] = note
            return SweepAction(stat.address, f"has no source «{source}», seen less than a day ago")
        return self._remove(stat, source, note, apply=apply)

    def _remove(self, stat: Stat, source: Address, note: Orphan, *, apply: bool) -> SweepAction:
        """By compare and swap: what was written meanwhile stays."""
        if not apply:
            return SweepAction(stat.address, f"would be removed: no source «{source}»")
        try:
            self._desk.stores.of(stat.address).delete(stat.address, stat.version, Deadline(_PATIENCE))
        except ChangedError:
            return SweepAction(stat.address, "has changed meanwhile, and stays")
        except DarkroomError:
            self.notes[str(stat.address)] = note
            raise
        return SweepAction(stat.address, f"removed: no source «{source}»")

    def _removes(self, source: Address, output: Address) -> bool:
        """Whether a rule makes this of that source, and wants it removed; what no rule makes any more stays."""
        try:
            plan = self._desk.rules.plan(source)
        except DarkroomError:
            return False
        return any(one.address == output and one.rule.on_delete == "remove" for one in plan)

    def _entries(self) -> Iterator[Entry]:
        """Everything that is where outputs go, once."""
        places = {target.to.fixed for rule in self._desk.rules.rules for target in rule.targets}
        for place in sorted(places):
            if not any(_covers(other, place) for other in places - {place}):
                yield from self._desk.stores.of(place).list(place, Deadline(_LISTING))

    def _read(self, seen: Stat | None) -> dict[str, Orphan]:
        if seen is None:
            return {}
        reading = self._desk.stores.of(self._at).read(self._at, Deadline(_PATIENCE), at=seen)
        return msgspec.json.decode(bytes(reading.all(_MOST_STATE)), type=dict[str, Orphan])

    def _write(self, seen: Stat | None) -> None:
        """Two sweeps at once: the first one's notes stay. ChangedError."""
        about = ObjectMetadata(content_type="application/json", metadata={provenance.HOPS: str(provenance.MOST_HOPS)})
        body, replaces = msgspec.json.encode(self.notes, order="sorted"), seen.version if seen else None
        self._desk.stores.of(self._at).write(self._at, body, about, Deadline(_PATIENCE), replaces=replaces)


def _covers(one: Address, other: Address) -> bool:
    return (one.scheme, one.bucket) == (other.scheme, other.bucket) and other.key.startswith(one.key)


def main(arguments: list[str]) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(
        "python -m functions.jobs.sweep", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--apply", action="store_true", help="do it; without, only say what would be done")
    told = parser.parse_args(arguments)
    context = _context()
    if isinstance(context, str):
        print(context, file=sys.stderr)  # noqa: T201 - a command's answer
        return 2
    failed = 0
    try:
        for word in Sweep(context, time.time()).run(apply=told.apply):
            print(f"{word.address}: {word.what}")  # noqa: T201
            failed += word.failed
    except DarkroomError as error:
        print(error.detail, file=sys.stderr)  # noqa: T201
        return 1
    return int(failed > 0)


def _context() -> EventContext | str:
    """What the server's event handler works with, or why there is none."""
    try:
        service = Service.open({**os.environ, "DARKROOM_LOG_LEVEL": "error"})
    except SettingsError as error:
        return str(error)
    return service.events.context if service.events else "DARKROOM_RULES names no file: there is nothing to sweep."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
