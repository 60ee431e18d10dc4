"""Processes object events by the rules of a server, with a result for each."""

import logging
import time
from collections.abc import Callable, Iterable

from service.errors import TryAgainError
from service.events.context import EventContext
from service.events.event import EventResult, ObjectEvent, ParsedEvents
from service.events.handler import handle
from service.timing import Timings, timed_by
from service.watch.metrics import Metrics
from service.watch.traces import Traces, caller_of_thread

_LEVELS = {"done": logging.INFO, "poison": logging.WARNING, "again": logging.WARNING, "gave_up": logging.ERROR}
_logger = logging.getLogger("darkroom")


class EventProcessor:
    """Handles object events by the rules of its context."""

    def __init__(
        self,
        context: EventContext,
        handler: Callable[[ObjectEvent, EventContext], EventResult] = handle,
        metrics: Metrics | None = None,
        traces: Traces | None = None,
    ) -> None:
        self.context = context
        self._handle = handler
        self._metrics = metrics
        self._traces = traces

    def process(self, parsed: ParsedEvents) -> list[EventResult]:
        """Handle all events of a body. TryAgainError (503) if any of them must be delivered again."""
        for reason in parsed.ignored:
            _logger.info("Ignored: %s", reason)
        results = self.process_each(parsed.events)
        failed = [result for result in results if result.outcome == "again"]
        if failed:
            raise TryAgainError(len(failed), len(results), failed[0].code)
        return results

    def process_each(self, events: Iterable[ObjectEvent]) -> list[EventResult]:
        """Handle events one after the other; each is logged."""
        return [self.process_one(event) for event in events]

    def process_one(self, event: ObjectEvent) -> EventResult:
        """Handle one event."""
        result = self._watched(event)
        members = {
            "source": str(event.address), "kind": event.kind, "attempt": event.attempt or None,
            "event": event.id or None, "outcome": result.outcome, "code": result.code or None,
            "detail": result.detail or None, "wrote": result.wrote, "removed": result.removed,
        }  # fmt: skip
        present = {name: value for name, value in members.items() if value is not None}
        level = _LEVELS[result.outcome]
        _logger.log(level, "%s %s", result.outcome, event.address, extra={"members": present})
        return result

    def _watched(self, event: ObjectEvent) -> EventResult:
        """Handle one event, which is counted and traced."""
        name = f"event {event.kind}"
        trace = self._traces.begin(name, "consumer", caller_of_thread()) if self._traces else None
        timings = trace.timings if trace else Timings()
        with timed_by(timings):
            result = self._handle(event, self.context)
        if self._metrics:
            self._metrics.stages(timings)
            self._metrics.handled(result.outcome, event.attempt, time.perf_counter() - timings.began)
        if trace:
            told: dict[str, str | int] = {"source": str(event.address), "outcome": result.outcome, "code": result.code}
            attributes = {f"darkroom.event.{member}": value for member, value in told.items() if value}
            trace.end(name, attributes, "" if result.outcome == "done" else result.code)
        return result
