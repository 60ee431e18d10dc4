"""From a hint to its outputs. Pure of HTTP; what is promised is told in docs/buckets.md.

A hint says that a key may have changed. The handler looks at every output, then at the source, reads exactly that
version, writes each output by compare and swap against what it saw first, looks at the source again and begins anew if
it changed. Versions are compared for equality only. Whoever is killed in between has acknowledged nothing.
"""

import logging
from collections.abc import Sequence
from typing import NamedTuple

from catalog.row import StoredOutput as Stored
from core.errors import DarkroomError
from core.limits import Deadline
from service import provenance
from service.cataloging import row_from
from service.errors import WornOutError
from service.events import outputs, records, rows
from service.events.context import EventContext
from service.events.event import EventResult, ObjectEvent, Outcome
from service.events.records import Reason
from service.rules.model import PlannedOutput
from storage.address import Address
from storage.errors import BadAddressError, ChangedError
from storage.facts import ObjectMetadata, Stat

_ROUNDS = 8
"""A source that changes more often while it is worked on comes back later."""
_logger = logging.getLogger("darkroom")


class SourceChanged(Exception):  # noqa: N818 - no error: somebody else was faster
    """What was seen first is not so any more."""


class OutputState(NamedTuple):
    """One output as it should be and as it was first seen."""

    planned: PlannedOutput
    about: ObjectMetadata
    seen: Stat | None

    @property
    def right(self) -> bool:
        """Whether it is there already."""
        return self.seen is not None and self.seen.about == self.about


def handle(hint: ObjectEvent, context: EventContext) -> EventResult:
    """What becomes of a hint. It raises nothing: what failed comes `again`, until the attempts are used up."""
    deadline = Deadline(context.seconds)
    try:
        verdict = _tried(hint, context, deadline)
    except Exception as error:  # noqa: BLE001 - nothing is lost: all that is not understood comes again
        verdict = _again(error)
    if verdict.outcome == "again" and _used_up(hint, context):
        return _given_up(hint, context, verdict)
    return verdict


def _tried(hint: ObjectEvent, context: EventContext, deadline: Deadline) -> EventResult:
    for _ in range(_ROUNDS):
        try:
            return _Round(hint, context, deadline).run()
        except (SourceChanged, ChangedError):
            deadline.check("looking again")
    return EventResult(outcome="again", code="changing", detail="The source, or its outputs, kept changing.")


def _used_up(hint: ObjectEvent, context: EventContext) -> bool:
    return hint.attempt >= context.attempts if hint.attempt else hint.age > context.age


def _again(error: Exception) -> EventResult:
    """An error that may be gone the next time."""
    after = float(getattr(error, "after", 0) or getattr(error, "seconds", 0) or 0)
    if isinstance(error, DarkroomError):
        return EventResult(outcome="again", code=error.code, detail=error.detail, after=after)
    _logger.error("An event failed", exc_info=error)
    code = "out_of_memory" if isinstance(error, MemoryError) else "internal"
    return EventResult(outcome="again", code=code, detail=f"{type(error).__name__} was not expected.")


def _given_up(hint: ObjectEvent, context: EventContext, last: EventResult) -> EventResult:
    """Recorded, then acknowledged; what cannot be recorded is not acknowledged either."""
    deadline = Deadline(context.seconds)
    reason = Reason(
        kind="gave_up", code=last.code, title="Given up after too many tries", detail=last.detail, attempt=hint.attempt
    )
    try:
        source = context.look(hint.address, deadline)
        records.write_record(context, hint.address, source.version if source else "", reason, deadline)
    except Exception as error:  # noqa: BLE001 - it stays in the queue
        return _again(error)
    return EventResult(outcome="gave_up", code=last.code, detail=last.detail)


class _Round:
    """One look at the world and what follows from it."""

    def __init__(self, hint: ObjectEvent, context: EventContext, deadline: Deadline) -> None:
        self.hint, self.context, self.deadline = hint, context, deadline
        self.address = hint.address
        self.wrote = self.removed = 0
        self.row = rows.CatalogState()

    def run(self) -> EventResult:
        """Anew and ChangedError where something changed meanwhile."""
        try:
            plan = self.context.rules.plan(self.address.check())
        except BadAddressError as error:
            return self._refused(Reason.of("poison", error), "")
        self.row = rows.find_row(self.context, self.address)
        if not plan and self.row.row is None:
            self._troubled()
            return EventResult(outcome="done", code="no_rule", detail="No rule takes this object.")
        seen = [self._look(planned.address) for planned in plan]
        source = self._look(self.address)
        if source is None:
            return self._gone(plan, seen)
        if provenance.hops(source) >= provenance.MOST_HOPS:
            return self._looped(source)
        if len(plan) > self.context.rules.most:
            return self._refused(_too_many(len(plan)), source.version)
        return self._there(source, plan, seen)

    def _look(self, address: Address) -> Stat | None:
        return self.context.look(address, self.deadline)

    def _there(self, source: Stat, plan: Sequence[PlannedOutput], seen: Sequence[Stat | None]) -> EventResult:
        """The source is there: see that its outputs are."""
        digests = [outputs.output_digest(self.context, planned) for planned in plan]
        looks = [
            OutputState(planned, provenance.of_rule(planned, source, digest), stat)
            for planned, digest, stat in zip(plan, digests, seen, strict=True)
        ]
        free = [look for look in looks if not self._taken(look)]
        taken = [look for look in looks if look not in free]
        due = [look for look in free if not look.right]
        if due or not self.row.agrees(source, _stored(free, [look.seen for look in free])):
            about = ",".join(digests)
            if self.row.works or due:
                poison = self._make(source, free, due, about)
                if poison:
                    return poison
        self._troubled()
        return self._name_taken(taken, source) if taken else self._done()

    def _make(
        self, source: Stat, free: Sequence[OutputState], due: Sequence[OutputState], about: str
    ) -> EventResult | None:
        """Read, compute, write, look again. The verdict where the picture is poison."""
        poison = records.find_record(self.context, self.address, source.version, "poison", about, self.deadline)
        if poison is None:
            self._mind_the_killer(source)
            try:
                self._write(source, free, due)
            except DarkroomError as error:
                if not outputs.is_poison(error):
                    raise
                poison = Reason.of("poison", error, about, self.hint.attempt)
                records.write_record(self.context, self.address, source.version, poison, self.deadline)
        if poison is None:
            self._same(source)
            return None
        self._clear([look.planned for look in free], [look.seen for look in free], pending=True)
        if poison.detail or self.removed or self.row.row:
            self._same(source)
        self._troubled()
        return self._verdict("poison", poison)

    def _write(self, source: Stat, free: Sequence[OutputState], due: Sequence[OutputState]) -> None:
        limit = self.context.rules.most_bytes(self.address, self.context.processor.limits.body_bytes)
        data = outputs.read_source(self.context, source, limit, self.deadline)
        digests = [look.about.metadata[provenance.DIGEST] for look in due]
        made = outputs.make_outputs(self.context, data, [look.planned for look in due], digests, row=self.row.works)
        stats = {look.planned.address: look.seen for look in free}
        for look, body in zip(due, made.bodies, strict=True):
            stats[look.planned.address] = self._put(look, body)
            self.wrote += 1
        if made.measures:
            stored = _stored(free, list(stats.values()))
            row = row_from(self.address, source, data, made.measures, outputs=stored)
            if not rows.put_row(self.row, row):
                raise SourceChanged

    def _put(self, look: OutputState, body: bytes) -> Stat:
        replaces = look.seen.version if look.seen else None
        store = self.context.stores.of(look.planned.address)
        return store.write(look.planned.address, body, look.about, self.deadline, replaces=replaces)

    def _same(self, source: Stat) -> None:
        """Acknowledge nothing that was made of a version that is not there any more."""
        now = self._look(self.address)
        if now is None or now.version != source.version:
            raise SourceChanged

    def _gone(self, plan: Sequence[PlannedOutput], seen: Sequence[Stat | None]) -> EventResult:
        """The source is not there: nor should its outputs be, where the rule says so."""
        self._clear(plan, seen, pending=False)
        if (self.removed or self.row.row) and self._look(self.address) is not None:
            raise SourceChanged
        self._troubled()
        return self._done("no_source", "The source is not there.")

    def _clear(self, plan: Sequence[PlannedOutput], seen: Sequence[Stat | None], *, pending: bool) -> None:
        """Remove what carries the mark of this source, and its row."""
        for planned, stat in zip(plan, seen, strict=True):
            if stat and planned.rule.on_delete == "remove" and provenance.is_of(stat, self.address):
                self.context.stores.of(stat.address).delete(stat.address, stat.version, self.deadline)
                self.removed += 1
        if not rows.drop_row(self.row, pending=pending):
            raise SourceChanged

    def _taken(self, look: OutputState) -> bool:
        """Whether the name belongs to somebody else: another source that is still there, or no source at all."""
        if look.seen is None or provenance.is_of(look.seen, self.address):
            return False
        other = provenance.source_of(look.seen)
        return other is None or self._look(other) is not None

    def _name_taken(self, taken: Sequence[OutputState], source: Stat) -> EventResult:
        names = ", ".join(f"«{look.planned.address}»" for look in taken)
        detail = f"{names}: what is there is not of this source, and is left as it is."
        reason = Reason(kind="poison", code="name_taken", title="The name is taken", detail=detail, about="name_taken")
        return self._refused(reason, source.version)

    def _looped(self, source: Stat) -> EventResult:
        detail = f"«{self.address}» was made by a rule already; what rules make is no source for them."
        reason = Reason(kind="poison", code="loop", title="An output came back as a source", detail=detail)
        return self._refused(reason, source.version)

    def _refused(self, reason: Reason, version: str) -> EventResult:
        """Recorded and acknowledged, without a byte read."""
        records.write_record(self.context, self.address, version, reason, self.deadline)
        return self._verdict("poison", reason)

    def _mind_the_killer(self, source: Stat) -> None:
        """Do not compute what was tried too often: a picture that kills its worker leaves no other trace.

        Where attempts are not counted, an event that is too old gets one more try, which leaves a note.
        """
        if not _used_up(self.hint, self.context) or self.hint.attempt == self.context.attempts:
            return
        version = source.version
        if not self.hint.attempt and not records.find_record(
            self.context, self.address, version, "tried", "", self.deadline
        ):
            reason = Reason(kind="tried", code="last_try", title="Tried a last time", detail="It is too old.")
            records.write_record(self.context, self.address, version, reason, self.deadline)
            return
        raise WornOutError("It was tried too often; perhaps it ends the process that works on it.")

    def _troubled(self) -> None:
        """Outputs are there; now the catalog's trouble may be told."""
        if self.row.trouble:
            raise self.row.trouble

    def _done(self, code: str = "", detail: str = "") -> EventResult:
        return EventResult(outcome="done", code=code, detail=detail, wrote=self.wrote, removed=self.removed)

    def _verdict(self, outcome: Outcome, reason: Reason) -> EventResult:
        return EventResult(
            outcome=outcome, code=reason.code, detail=reason.detail, wrote=self.wrote, removed=self.removed
        )


def _too_many(count: int) -> Reason:
    detail = f"The rules would make {count} outputs of it."
    return Reason(kind="poison", code="too_many_outputs", title="Too many outputs", detail=detail)


def _stored(looks: Sequence[OutputState], stats: Sequence[Stat | None]) -> tuple[Stored, ...]:
    """Outputs as the catalog's row names them."""
    return tuple(
        Stored(
            name=look.planned.target.name, url=str(look.planned.address), version=stat.version,
            digest=look.about.metadata[provenance.DIGEST],
        )
        for look, stat in zip(looks, stats, strict=True)
        if stat is not None
    )  # fmt: skip
