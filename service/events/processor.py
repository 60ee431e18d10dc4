"""The rules of a server at work: object events in, a result for each."""

import logging
from collections.abc import Callable, Iterable, Sequence

from core.errors import DarkroomError
from service.errors import NotFoundError
from service.events.context import EventContext
from service.events.event import EventResult, ObjectEvent, ParsedEvents
from service.events.handler import handle

_LEVELS = {"done": logging.INFO, "poison": logging.WARNING, "again": logging.WARNING, "gave_up": logging.ERROR}
_logger = logging.getLogger("darkroom")


class NoRulesError(NotFoundError):
    """Events are not taken here."""

    code, title = "events_off", "There are no rules"

    def __init__(self) -> None:
        super().__init__("This server has no rules; DARKROOM_RULES names their file.")


class TryAgainError(DarkroomError):
    """Something of the event is not done; the platform delivers it again, when it sees fit."""

    status, code, title = 503, "try_again", "Not done yet"

    def __init__(self, results: Sequence[EventResult]) -> None:
        failed = [result for result in results if result.outcome == "again"]
        super().__init__(f"{len(failed)} of {len(results)} objects are to be tried again: {failed[0].code}.")


class EventProcessor:
    """Handles object events by the rules of its context."""

    def __init__(
        self, context: EventContext, handler: Callable[[ObjectEvent, EventContext], EventResult] = handle
    ) -> None:
        self.context = context
        self._handle = handler

    def process(self, parsed: ParsedEvents) -> list[EventResult]:
        """Handle all that one body held. TryAgainError (503) where something of it is to be delivered again."""
        for reason in parsed.ignored:
            _logger.info("Ignored: %s", reason)
        results = self.process_each(parsed.events)
        if any(result.outcome == "again" for result in results):
            raise TryAgainError(results)
        return results

    def process_each(self, events: Iterable[ObjectEvent]) -> list[EventResult]:
        """Handle events, one after the other; each leaves a line in the log."""
        return [self.process_one(event) for event in events]

    def process_one(self, event: ObjectEvent) -> EventResult:
        """Handle one event."""
        result = self._handle(event, self.context)
        members = {
            "source": str(event.address), "kind": event.kind, "attempt": event.attempt or None,
            "event": event.id or None, "outcome": result.outcome, "code": result.code or None,
            "detail": result.detail or None, "wrote": result.wrote, "removed": result.removed,
        }  # fmt: skip
        shown = {name: value for name, value in members.items() if value is not None}
        level = _LEVELS[result.outcome]
        _logger.log(level, "%s %s", result.outcome, event.address, extra={"members": shown})
        return result
