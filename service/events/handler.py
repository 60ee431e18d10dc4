"""The event handler: brings the outputs of one object up to date. docs/buckets.md has the guarantees.

An event says that an object may have changed. The handler looks up every output, then the source, reads exactly that
version, writes each output by compare-and-swap against what it found first, looks up the source again, and starts over
if it has changed. Versions are compared for equality only. A process killed in between has acknowledged nothing.
"""

import logging
from collections.abc import Sequence
from typing import NamedTuple

from catalog.row import StoredOutput as Stored
from core.errors import DarkroomError
from core.limits import Deadline
from service import provenance
from service.cataloging import row_from
from service.errors import TooManyAttemptsError
from service.events import outputs, records, rows
from service.events.context import EventContext
from service.events.event import EventResult, ObjectEvent, Outcome
from service.events.records import Reason
from service.rules.model import PlannedOutput
from storage.address import Address
from storage.errors import BadAddressError, ChangedError, NoBucketError, OccupiedError
from storage.facts import ObjectMetadata, Stat

_ROUNDS = 8
"""Rounds per delivery; a source that keeps changing is redelivered later."""
_logger = logging.getLogger("darkroom")


class SourceChanged(Exception):  # noqa: N818 - not an error: another process was faster
    """Something has changed since it was looked up."""


class OutputState(NamedTuple):
    """One output as it should be and as it was found first."""

    planned: PlannedOutput
    about: ObjectMetadata
    existing: Stat | None

    @property
    def up_to_date(self) -> bool:
        """Whether the output is there already."""
        return self.existing is not None and self.existing.about == self.about


def handle(event: ObjectEvent, context: EventContext) -> EventResult:
    """Handle an event. Raises nothing: failures result in `again` until the attempts are exhausted.

    Of an event about a bucket that neither a rule nor the server's own results name, nothing is looked up.
    """
    if not context.knows(event.address):
        return EventResult(outcome="done", code="no_rule", detail="No rule names this bucket.")
    deadline = Deadline(context.seconds)
    try:
        result = _attempt(event, context, deadline)
    except Exception as error:  # noqa: BLE001 - nothing is lost: an unexpected error is retried
        result = _again(error)
    if result.outcome == "again" and _attempts_exhausted(event, context):
        return _give_up(event, context, result)
    return result


def _attempt(event: ObjectEvent, context: EventContext, deadline: Deadline) -> EventResult:
    for _ in range(_ROUNDS):
        try:
            return _Round(event, context, deadline).run()
        except (SourceChanged, ChangedError):
            deadline.check("looking up the source again")
    return EventResult(outcome="again", code="changing", detail="The source or its outputs kept changing.")


def _attempts_exhausted(event: ObjectEvent, context: EventContext) -> bool:
    return event.attempt >= context.attempts if event.attempt else event.age > context.age


def _again(error: Exception) -> EventResult:
    """The result of an error that may not occur the next time."""
    after = float(getattr(error, "after", 0) or getattr(error, "seconds", 0) or 0)
    if isinstance(error, DarkroomError):
        return EventResult(outcome="again", code=error.code, detail=error.detail, after=after)
    _logger.error("An event failed", exc_info=error)
    code = "out_of_memory" if isinstance(error, MemoryError) else "internal"
    return EventResult(outcome="again", code=code, detail=f"Unexpected {type(error).__name__}.")


def _give_up(event: ObjectEvent, context: EventContext, last: EventResult) -> EventResult:
    """Record a failure, then acknowledge it; what cannot be recorded is not acknowledged."""
    deadline = Deadline(context.seconds)
    reason = Reason(
        kind="gave_up",
        code=last.code,
        title="Given up after too many attempts",
        detail=last.detail,
        attempt=event.attempt,
    )
    try:
        source = context.find(event.address, deadline)
        records.write_record(context, event.address, source.version if source else "", reason, deadline)
    except Exception as error:  # noqa: BLE001 - the event stays in the queue
        return _again(error)
    return EventResult(outcome="gave_up", code=last.code, detail=last.detail)


class _Round:
    """One round: look everything up, then do what follows from it."""

    def __init__(self, event: ObjectEvent, context: EventContext, deadline: Deadline) -> None:
        self.event, self.context, self.deadline = event, context, deadline
        self.address = event.address
        self.wrote = self.removed = 0
        self.version, self.outputs = "", ()  # type: str, tuple[Stored, ...]
        self.catalog = rows.CatalogState()

    def run(self) -> EventResult:
        """Do the round. SourceChanged and ChangedError if something changed in the meantime."""
        try:
            return self._bring_up_to_date()
        except OccupiedError:
            raise  # it is tried again, since room may be made
        except BadAddressError as error:  # of the source, or of an output that is named after it
            return self._reject(Reason.of("poison", error), self.version)

    def _bring_up_to_date(self) -> EventResult:
        plan = self.context.rules.plan(self.address.check())
        self.catalog = rows.find_row(self.context, self.address)
        if not plan and self.catalog.row is None:
            self._raise_catalog_error()
            return EventResult(outcome="done", code="no_rule", detail="No rule matches this object.")
        existing = [self._find(planned.address) for planned in plan]
        source = self._find(self.address)
        if source is None:
            return self._clean_up(plan, existing)
        if provenance.hops(source) >= provenance.MAX_HOPS:
            return self._reject_loop(source)
        if len(plan) > self.context.rules.max_outputs:
            return self._reject(_too_many(len(plan)), source.version)
        return self._update_outputs(source, plan, existing)

    def _find(self, address: Address) -> Stat | None:
        return self.context.find(address, self.deadline)

    def _update_outputs(
        self, source: Stat, plan: Sequence[PlannedOutput], existing: Sequence[Stat | None]
    ) -> EventResult:
        """The source exists: bring its outputs up to date."""
        digests = [outputs.output_digest(self.context, planned) for planned in plan]
        states = [
            OutputState(planned, provenance.rule_metadata(planned, source, digest), stat)
            for planned, digest, stat in zip(plan, digests, existing, strict=True)
        ]
        ours = [state for state in states if not self._is_foreign(state)]
        foreign = [state for state in states if state not in ours]
        self.version, self.outputs = source.version, _stored(ours, [state.existing for state in ours])
        outdated = [state for state in ours if not state.up_to_date]
        if outdated or not self.catalog.matches(source, self.outputs):
            about = ",".join(digests)
            if self.catalog.available or outdated:
                poison = self._process(source, ours, outdated, about)
                if poison:
                    return poison
        self._raise_catalog_error()
        return self._reject_name(foreign, source) if foreign else self._done()

    def _process(
        self, source: Stat, ours: Sequence[OutputState], outdated: Sequence[OutputState], about: str
    ) -> EventResult | None:
        """Read, compute, write and check the source again. The result if the picture is poison."""
        poison = None
        if not self.event.retry:
            poison = records.find_record(self.context, self.address, source.version, "poison", about, self.deadline)
        if poison is None:
            self._guard_against_crashes(source)
            try:
                self._read_and_write(source, ours, outdated)
            except DarkroomError as error:
                if not outputs.is_poison(error):
                    raise
                poison = Reason.of("poison", error, about, self.event.attempt)
                records.write_record(self.context, self.address, source.version, poison, self.deadline)
        if poison is None:
            self._check_unchanged(source)
            if self.event.retry:
                records.remove_records(self.context, self.address, source.version, about, self.deadline)
            return None
        self._remove_outputs([state.planned for state in ours], [state.existing for state in ours], pending=True)
        if poison.detail or self.removed or self.catalog.row:
            self._check_unchanged(source)
        self._raise_catalog_error()
        return self._result("poison", poison)

    def _read_and_write(self, source: Stat, ours: Sequence[OutputState], outdated: Sequence[OutputState]) -> None:
        limit = self.context.rules.max_bytes(self.address, self.context.processor.limits.body_bytes)
        data = outputs.read_source(self.context, source, limit, self.deadline)
        digests = [state.about.metadata[provenance.DIGEST] for state in outdated]
        batch = outputs.make_outputs(
            self.context, data, [state.planned for state in outdated], digests, row=self.catalog.available
        )
        stats = {state.planned.address: state.existing for state in ours}
        for state, body in zip(outdated, batch.bodies, strict=True):
            stats[state.planned.address] = self._write_output(state, body)
            self.wrote += 1
        self.outputs = _stored(ours, list(stats.values()))
        if batch.measures:
            row = row_from(self.address, source, data, batch.measures, outputs=self.outputs)
            if not rows.put_row(self.catalog, row):
                raise SourceChanged

    def _write_output(self, state: OutputState, body: bytes) -> Stat:
        replaces = state.existing.version if state.existing else None
        store = self.context.stores.of(state.planned.address)
        return store.write(state.planned.address, body, state.about, self.deadline, replaces=replaces)

    def _check_unchanged(self, source: Stat) -> None:
        """SourceChanged if the source is not this version any more."""
        now = self._find(self.address)
        if now is None or now.version != source.version:
            raise SourceChanged

    def _clean_up(self, plan: Sequence[PlannedOutput], existing: Sequence[Stat | None]) -> EventResult:
        """The source does not exist: remove its outputs where the rule says so."""
        self._remove_outputs(plan, existing, pending=False)
        if (self.removed or self.catalog.row) and self._find(self.address) is not None:
            raise SourceChanged
        self._raise_catalog_error()
        return self._done("no_source", "The source does not exist.")

    def _remove_outputs(self, plan: Sequence[PlannedOutput], existing: Sequence[Stat | None], *, pending: bool) -> None:
        """Remove the outputs that carry the mark of this source, and its row."""
        for planned, stat in zip(plan, existing, strict=True):
            if stat and planned.rule.on_delete == "remove" and provenance.belongs_to(stat, self.address):
                self.context.stores.of(stat.address).delete(stat.address, stat.version, self.deadline)
                self.removed += 1
        if not rows.delete_row(self.catalog, pending=pending):
            raise SourceChanged

    def _is_foreign(self, state: OutputState) -> bool:
        """Whether an object at an output's name is not ours: without a mark, or of another source.

        Of one that does not exist any longer it is nobody's; where that cannot be told, it may still be there.
        """
        if state.existing is None or provenance.belongs_to(state.existing, self.address):
            return False
        other = provenance.source_of(state.existing)
        try:
            return other is None or self._find(other) is not None
        except NoBucketError:
            return True

    def _reject_name(self, foreign: Sequence[OutputState], source: Stat) -> EventResult:
        names = ", ".join(f'"{state.planned.address}"' for state in foreign)
        detail = f"{names}: the existing object was not made from this source and is left as it is."
        reason = Reason(kind="poison", code="name_taken", title="The name is taken", detail=detail, about="name_taken")
        return self._reject(reason, source.version)

    def _reject_loop(self, source: Stat) -> EventResult:
        detail = f'"{self.address}" was made by a rule; outputs of rules are never sources.'
        reason = Reason(kind="poison", code="loop", title="An output was delivered as a source", detail=detail)
        return self._reject(reason, source.version)

    def _reject(self, reason: Reason, version: str) -> EventResult:
        """Record and acknowledge, without reading the source."""
        records.write_record(self.context, self.address, version, reason, self.deadline)
        return self._result("poison", reason)

    def _guard_against_crashes(self, source: Stat) -> None:
        """Refuse a source whose attempts are exhausted: a picture that crashes its worker leaves no other trace.

        If attempts are not counted, an event that is too old gets one last attempt, which is recorded first.
        """
        if not _attempts_exhausted(self.event, self.context) or self.event.attempt == self.context.attempts:
            return
        version = source.version
        if not self.event.attempt and not records.find_record(
            self.context, self.address, version, "tried", "", self.deadline
        ):
            reason = Reason(kind="tried", code="last_try", title="Last attempt", detail="The event is too old.")
            records.write_record(self.context, self.address, version, reason, self.deadline)
            return
        raise TooManyAttemptsError("Too many attempts; the picture may crash the process that handles it.")

    def _raise_catalog_error(self) -> None:
        """Raise the catalog's error, now that the outputs are there."""
        if self.catalog.error:
            raise self.catalog.error

    def _done(self, code: str = "", detail: str = "") -> EventResult:
        return EventResult(
            outcome="done", code=code, detail=detail, wrote=self.wrote, removed=self.removed, version=self.version,
            outputs=self.outputs,
        )  # fmt: skip

    def _result(self, outcome: Outcome, reason: Reason) -> EventResult:
        return EventResult(
            outcome=outcome, code=reason.code, detail=reason.detail, wrote=self.wrote, removed=self.removed,
            version=self.version,
        )  # fmt: skip


def _too_many(count: int) -> Reason:
    detail = f"The rules would make {count} outputs from it."
    return Reason(kind="poison", code="too_many_outputs", title="Too many outputs", detail=detail)


def _stored(states: Sequence[OutputState], stats: Sequence[Stat | None]) -> tuple[Stored, ...]:
    """Outputs in the form of the catalog's row."""
    return tuple(
        Stored(
            name=state.planned.target.name, url=str(state.planned.address), version=stat.version,
            digest=state.about.metadata[provenance.DIGEST],
        )
        for state, stat in zip(states, stats, strict=True)
        if stat is not None
    )  # fmt: skip
