"""Remove outputs whose source no longer exists and whose rule says "remove": what a lost delete event left behind.

Answers that were too large for the platform (`answers/` of the results) are removed after a day, too.

python -m functions.jobs.sweep                show what would be done, without doing it
python -m functions.jobs.sweep --apply        record outputs without a source; remove those recorded a day ago

An object is removed only if it carries the mark of a rule, its source does not exist and did not exist at a sweep at
least a day earlier, and it is still the same version. Run it once a day. It reads DARKROOM_RULES, DARKROOM_RESULTS and
the storage settings, as the server does, and keeps its state in sweep/state.json under the results.

Exit code 0: done, 1: some objects could not be checked or removed, 2: wrong usage or settings.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Mapping

import msgspec

from core.errors import DarkroomError
from core.limits import Deadline
from functions.jobs import run
from service import provenance
from service.events.context import EventContext
from service.rules.cycles import own_key
from service.service import Service
from service.settings import SettingsError
from storage.address import Address
from storage.errors import ChangedError
from storage.facts import Entry, ObjectMetadata, Stat

DAY = 24 * 3600.0
_TIMEOUT = 60.0
"""Seconds for one object."""
_LIST_TIMEOUT = 24 * 3600.0
_MAX_STATE_BYTES = 1 << 30


class Orphan(msgspec.Struct, frozen=True):
    """A version without a source, and when that was first found: Unix time, seconds."""

    version: str
    since: float


class SweepAction(msgspec.Struct, frozen=True):
    """What was done, or would be done, with one object."""

    address: Address
    what: str
    failed: bool = False


class Sweep:
    """One pass over everything that the rules write to."""

    def __init__(self, context: EventContext, now: float) -> None:
        self._context, self._now = context, now
        self._state_address = context.results.at(own_key(context.results, "sweep/state.json"))
        self.orphans: dict[str, Orphan] = {}

    def run(self, *, apply: bool) -> Iterator[SweepAction]:
        """The action for each object without a source; with `apply`, it is also done."""
        existing = self._context.find(self._state_address, Deadline(_TIMEOUT))
        before = self._read(existing)
        for entry in self._entries():
            try:
                if action := self._check(entry, before, apply=apply):
                    yield action
            except DarkroomError as error:
                yield SweepAction(entry.address, f"cannot be checked: {error.detail}", failed=True)
        yield from self._old_answers(apply=apply)
        if apply:
            self._write(existing)

    def _old_answers(self, *, apply: bool) -> Iterator[SweepAction]:
        """Answers too large for the platform: their URLs are valid for minutes."""
        place = self._context.results.at(own_key(self._context.results, "answers/"))
        store = self._context.stores.of(place)
        for entry in store.list(place, Deadline(_LIST_TIMEOUT)):
            if self._now - entry.modified < DAY:
                continue
            try:
                stat = self._context.find(entry.address, Deadline(_TIMEOUT))
                if stat and apply:
                    store.delete(stat.address, stat.version, Deadline(_TIMEOUT))
                yield SweepAction(entry.address, f"{'removed' if apply else 'would be removed'}: an old answer")
            except DarkroomError as error:
                yield SweepAction(entry.address, f"cannot be removed: {error.detail}", failed=True)

    def _check(self, entry: Entry, before: Mapping[str, Orphan], *, apply: bool) -> SweepAction | None:
        stat = self._context.find(entry.address, Deadline(_TIMEOUT))
        source = provenance.source_of(stat) if stat else None
        if stat is None or source is None or not self._removes(source, stat.address):
            return None
        if self._context.find(source, Deadline(_TIMEOUT)) is not None:
            return None
        name = str(stat.address)
        orphan = before.get(name)
        if orphan is None or orphan.version != stat.version:
            self.orphans[name] = Orphan(stat.version, self._now)
            return SweepAction(
                stat.address, f'has no source "{source}"; it will be removed if that is still so in a day'
            )
        if self._now - orphan.since < DAY:
            self.orphans[name] = orphan
            return SweepAction(stat.address, f'has no source "{source}", found less than a day ago')
        return self._remove(stat, source, orphan, apply=apply)

    def _remove(self, stat: Stat, source: Address, orphan: Orphan, *, apply: bool) -> SweepAction:
        """Remove by compare-and-swap: an object written in the meantime stays."""
        if not apply:
            return SweepAction(stat.address, f'would be removed: no source "{source}"')
        try:
            self._context.stores.of(stat.address).delete(stat.address, stat.version, Deadline(_TIMEOUT))
        except ChangedError:
            return SweepAction(stat.address, "has changed in the meantime and stays")
        except DarkroomError:
            self.orphans[str(stat.address)] = orphan
            raise
        return SweepAction(stat.address, f'removed: no source "{source}"')

    def _removes(self, source: Address, output: Address) -> bool:
        """Whether a rule makes this output from that source and says to remove it; other outputs stay."""
        try:
            plan = self._context.rules.plan(source)
        except DarkroomError:
            return False
        return any(one.address == output and one.rule.on_delete == "remove" for one in plan)

    def _entries(self) -> Iterator[Entry]:
        """Every object where outputs are written, once."""
        places = {target.to.fixed for rule in self._context.rules.rules for target in rule.targets}
        for place in sorted(places):
            if not any(_covers(other, place) for other in places - {place}):
                yield from self._context.stores.of(place).list(place, Deadline(_LIST_TIMEOUT))

    def _read(self, existing: Stat | None) -> dict[str, Orphan]:
        if existing is None:
            return {}
        reading = self._context.stores.of(self._state_address).read(
            self._state_address, Deadline(_TIMEOUT), at=existing
        )
        return msgspec.json.decode(bytes(reading.all(_MAX_STATE_BYTES)), type=dict[str, Orphan])

    def _write(self, existing: Stat | None) -> None:
        """Write the state. ChangedError if another sweep wrote it at the same time."""
        about = ObjectMetadata(content_type="application/json", metadata={provenance.HOPS: str(provenance.MAX_HOPS)})
        body, replaces = msgspec.json.encode(self.orphans, order="sorted"), existing.version if existing else None
        self._context.stores.of(self._state_address).write(
            self._state_address, body, about, Deadline(_TIMEOUT), replaces=replaces
        )


def _covers(one: Address, other: Address) -> bool:
    return (one.scheme, one.bucket) == (other.scheme, other.bucket) and other.key.startswith(one.key)


def main(arguments: list[str]) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(
        "python -m functions.jobs.sweep", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--apply", action="store_true", help="do it; otherwise only show what would be done")
    options = parser.parse_args(arguments)
    context = _context()
    if isinstance(context, str):
        print(context, file=sys.stderr)  # noqa: T201 - the output of a command
        return 2
    failed = 0
    try:
        for action in Sweep(context, time.time()).run(apply=options.apply):
            print(f"{action.address}: {action.what}")  # noqa: T201
            failed += action.failed
    except DarkroomError as error:
        print(error.detail, file=sys.stderr)  # noqa: T201
        return 1
    return int(failed > 0)


def _context() -> EventContext | str:
    """The context of the event handler, or why there is none."""
    try:
        service = Service.open({**os.environ, "DARKROOM_LOG_LEVEL": "error"})
    except SettingsError as error:
        return str(error)
    return service.events.context if service.events else "DARKROOM_RULES is not set: there is nothing to sweep."


if __name__ == "__main__":
    run(main)
