"""Rules of the handler, each broken on purpose in the workers: the judge must see every one of them."""

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
    """The source is not looked at again."""
    _patch(_Round, "_same", lambda _self, _source: None)


def no_compare() -> None:
    """An output is written over whatever is there."""

    def put(self: Any, look: OutputState, body: bytes) -> Stat:
        while True:
            now = self._look(look.planned.address)
            try:
                return usual(self, look._replace(seen=now), body)
            except ChangedError:
                continue

    usual = _Round._put  # noqa: SLF001 - patched on purpose
    _patch(_Round, "_put", put)


def kinds_are_trusted() -> None:
    """What says that a source was deleted is believed."""

    def there(self: Any, source: Stat, plan: list[PlannedOutput], seen: list[Stat | None]) -> EventResult:
        if self.hint.kind == "delete":
            self._clear(plan, seen, pending=True)
            return self._done()
        return usual(self, source, plan, seen)

    usual = _Round._there  # noqa: SLF001
    _patch(_Round, "_there", there)


def versions_do_not_count() -> None:
    """An output of another version is good enough."""

    def right(self: OutputState) -> bool:
        names = (provenance.SOURCE, provenance.DIGEST)
        return self.seen is not None and all(
            self.seen.about.metadata.get(name) == self.about.metadata[name] for name in names
        )

    _patch(OutputState, "right", property(right))


def a_mismatch_is_poison() -> None:
    """Bytes that do not fit their checksum are blamed on the picture."""
    usual = outputs.is_poison
    _patch(outputs, "is_poison", lambda error: isinstance(error, ChecksumError) or usual(error))


def failures_are_acknowledged() -> None:
    """What failed is not delivered again."""

    def handle(hint: ObjectEvent, context: Any) -> EventResult:
        verdict = usual(hint, context)
        return EventResult(outcome="done") if verdict.outcome == "again" else verdict

    usual = handler.handle
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
