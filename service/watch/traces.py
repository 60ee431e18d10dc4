"""Traces: a tree of spans for each request and event, sent by OTLP/HTTP.

The standard variables of OpenTelemetry say where to, what is sampled and under which name; nothing of it is imported
before the first request. Spans are made of what was recorded, once the request is done: while it computes, it only
notes times. https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from service.cataloging import in_a_cloud
from service.settings import Settings
from service.timing import Timings
from service.watch.recording import Attributes, Kind, RecordedTimings, RequestSpan
from service.watch.trace_context import TraceContext

if TYPE_CHECKING:  # opentelemetry is imported only for a trace
    from service.watch.exporting import Exporting

_logger = logging.getLogger("darkroom")


class Trace(RequestSpan):
    """The trace of one request or event: `timings` are its probe, and `end` sends what they have recorded.

    Nothing is recorded unless the trace is sampled.
    """

    def __init__(self, exporting: "Exporting", name: str, kind: Kind, caller: TraceContext | None) -> None:
        super().__init__(kind, caller)
        self._exporting = exporting
        self.sampled, self.state = exporting.sample(self, name)
        self.timings: Timings = RecordedTimings() if self.sampled else Timings()

    @property
    def context(self) -> TraceContext:
        """The request's own span, as the caller of what happens in it."""
        return TraceContext(self.trace_id, self.span_id, self.sampled)

    def end(self, name: str, attributes: Attributes, error: str = "") -> None:
        """The request is done; `error` is the code of an error of ours. Never raises."""
        if isinstance(self.timings, RecordedTimings):
            self.ended = self.at(time.perf_counter_ns())
            try:
                self._exporting.send(self, self.timings, name, attributes, error)
            except Exception:  # what is watched must not fail for it
                _logger.exception("A trace was not sent")


class Traces:
    """Begins traces. `flushes`: a trace is sent before its answer is, for platforms that stop the CPU with it."""

    def __init__(self, *, flushes: bool) -> None:
        self._flushes = flushes
        self._exporting: Exporting | None = None
        self._failed = False
        self._lock = threading.Lock()
        os.register_at_fork(after_in_child=self._after_fork)

    def begin_process(self) -> None:
        """Import what exports before the first request."""
        if self._exporting is None:
            self._open()

    def begin(self, name: str, kind: Kind = "server", caller: TraceContext | None = None) -> Trace | None:
        """The trace of a request that begins now; `caller` is the one it belongs to. None if nothing can be sent."""
        exporting = self._exporting or self._open()
        return Trace(exporting, name, kind, caller) if exporting else None

    def _open(self) -> "Exporting | None":
        """What exports, made by the first request of a process, since its thread does not survive a fork."""
        with self._lock:
            if self._exporting is None and not self._failed:
                try:
                    from service.watch.exporting import Exporting

                    self._exporting = Exporting(flushes=self._flushes)
                except Exception:  # an OTEL_… variable is wrong; pictures are made all the same
                    self._failed = True
                    _logger.exception("Traces are off: OpenTelemetry does not start")
            return self._exporting

    def _after_fork(self) -> None:
        self._exporting, self._lock = None, threading.Lock()


_caller: ContextVar[TraceContext | None] = ContextVar("caller", default=None)


def caller_of_thread() -> TraceContext | None:
    """The span that events of this thread are handled in, such as that of the request that brought them."""
    return _caller.get()


def set_caller_of_thread(caller: TraceContext | None) -> None:
    """From now on events of this thread are of this trace."""
    _caller.set(caller)


@contextmanager
def called_by(caller: TraceContext | None) -> Iterator[None]:
    """A context whose events are of this trace."""
    token = _caller.set(caller)
    try:
        yield
    finally:
        _caller.reset(token)


def open_traces(settings: Settings) -> Traces | None:
    """What begins traces; None if they are off."""
    if not settings.traces:
        return None
    return Traces(flushes=in_a_cloud() if settings.traces_flush is None else settings.traces_flush)
