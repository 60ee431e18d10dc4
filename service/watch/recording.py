"""Timings that remember each span, for a trace."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import msgspec

from core.errors import DarkroomError
from service.timing import Timings

MOST_SPANS = 256
"""Spans of one trace: an animation has a decoding and each step for every frame."""


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
