"""Deliberate bugs in the handler: the judge must detect every one of them."""

from collections.abc import Callable
from typing import Any

from service import provenance
from service.events import handler, outputs
from service.events.event import EventResult, ObjectEvent
from service.events.handler import OutputState, _Round
from service.rules.model import PlannedOutput
from storage.errors import ChangedError, ChecksumError
from storage.facts import Stat


def no_second_look() -> None:
    """The source is not looked up again."""
    _patch(_Round, "_check_unchanged", lambda _self, _source: None)


def no_compare() -> None:
    """An output is written over whatever is there."""

    def put(self: Any, state: OutputState, body: bytes) -> Stat:
        while True:
            now = self._find(state.planned.address)
            try:
                return original(self, state._replace(existing=now), body)
            except ChangedError:
                continue

    original = _Round._write_output  # noqa: SLF001 - patched on purpose
    _patch(_Round, "_write_output", put)


def kinds_are_trusted() -> None:
    """An event that says that a source was deleted is trusted."""

    def update(self: Any, source: Stat, plan: list[PlannedOutput], existing: list[Stat | None]) -> EventResult:
        if self.event.kind == "delete":
            self._remove_outputs(plan, existing, pending=True)
            return self._done()
        return original(self, source, plan, existing)

    original = _Round._update_outputs  # noqa: SLF001
    _patch(_Round, "_update_outputs", update)


def versions_do_not_count() -> None:
    """An output of another version is good enough."""

    def up_to_date(self: OutputState) -> bool:
        names = (provenance.SOURCE, provenance.DIGEST)
        return self.existing is not None and all(
            self.existing.about.metadata.get(name) == self.about.metadata[name] for name in names
        )

    _patch(OutputState, "up_to_date", property(up_to_date))


def a_mismatch_is_poison() -> None:
    """Bytes that do not match their checksum are blamed on the picture."""
    original = outputs.is_poison
    _patch(outputs, "is_poison", lambda error: isinstance(error, ChecksumError) or original(error))


def failures_are_acknowledged() -> None:
    """Failures are not redelivered."""

    def handle(event: ObjectEvent, context: Any) -> EventResult:
        result = original(event, context)
        return EventResult(outcome="done") if result.outcome == "again" else result

    original = handler.handle
    from service.events import processor

    _patch(processor.EventProcessor.__init__, "__defaults__", (handle,))


def _patch(where: Any, name: str, by: Any) -> None:
    setattr(where, name, by)


MUTATIONS: dict[str, Callable[[], None]] = {
    one.__name__: one
    for one in (
        no_second_look, no_compare, kinds_are_trusted, versions_do_not_count, a_mismatch_is_poison,
        failures_are_acknowledged,
    )
}  # fmt: skip
