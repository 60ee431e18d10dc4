"""Timings that remember each span, for a trace."""

import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Literal

import msgspec

from core.errors import DarkroomError
from service.timing import Timings
from service.watch.trace_context import TraceContext

MOST_SPANS = 256
"""Spans of one trace: an animation has a decoding and each step for every frame."""


Kind = Literal["server", "consumer"]
Attributes = Mapping[str, str | int]


class RequestSpan:
    """The span of a whole request or event, which begins now: `span_id` is its own, `caller` the span it belongs to.

    `state` is W3C's `tracestate` for those that follow, in OpenTelemetry's form.
    """

    def __init__(self, kind: Kind, caller: TraceContext | None) -> None:
        self.kind = kind
        self.caller = caller
        self.trace_id = caller.trace_id if caller else secrets.token_hex(16)
        self.span_id = secrets.token_hex(8)
        self.state: Any = None
        self.began = time.time_ns()
        self.ended = 0
        self._clock = time.perf_counter_ns()

    def at(self, clock: int) -> int:
        """A time of the performance counter (ns) as nanoseconds since 1970."""
        return self.began + clock - self._clock


class RecordedSpan(msgspec.Struct):
    """A span as it was: times in nanoseconds of the performance counter, `parent` the number of the span around it."""

    name: str
    began: int
    parent: int | None
    attributes: dict[str, str | int]
    ended: int = 0
    error: str = ""


class RecordedTimings(Timings):
    """Timings whose spans stay in the order of their beginning; `left_out` counts those beyond MOST_SPANS."""

    def __init__(self) -> None:
        super().__init__()
        self.spans: list[RecordedSpan] = []
        self.left_out = 0
        self._open: list[int | None] = [None]

    def span(self, name: str) -> AbstractContextManager[None]:
        """A context manager that adds its duration to `name`, and is remembered."""
        return self._recorded(name, super().span(name), {})

    def detail(self, name: str, **attributes: str | int) -> AbstractContextManager[None]:
        """A context manager that is remembered."""
        return self._recorded(name, super().detail(name), attributes)

    @contextmanager
    def _recorded(
        self, name: str, around: AbstractContextManager[None], attributes: dict[str, str | int]
    ) -> Iterator[None]:
        if len(self.spans) >= MOST_SPANS:
            self.left_out += 1
            with around:
                yield
            return
        span = RecordedSpan(name, time.perf_counter_ns(), self._open[-1], attributes)
        self._open.append(len(self.spans))
        self.spans.append(span)
        try:
            with around:
                yield
        except BaseException as error:
            span.error = error.code if isinstance(error, DarkroomError) else type(error).__name__
            raise
        finally:
            span.ended = time.perf_counter_ns()
            self._open.pop()
