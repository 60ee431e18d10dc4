"""How long each part of a request took: the probe that the core calls, and the `Server-Timing` header."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from types import TracebackType


class Timings:
    """Seconds by name. Spans nest; a span's time excludes that of the spans inside it."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.seconds: dict[str, float] = {}
        self._inside = [0.0]

    def span(self, name: str) -> AbstractContextManager[None]:
        """A context manager that adds its duration to `name`."""
        return _Span(self, name)

    def detail(self, name: str, **attributes: str | int) -> AbstractContextManager[None]:  # noqa: ARG002
        """A context of which nothing but a trace tells: a part of a span, such as a call to a store."""
        return _NO_DETAIL

    def header(self) -> str:
        """`Server-Timing` (https://www.w3.org/TR/server-timing/): milliseconds of each part and in total."""
        parts = [*self.seconds.items(), ("total", time.perf_counter() - self.began)]
        return ", ".join(f"{name};dur={seconds * 1000:.1f}" for name, seconds in parts)

    def enter(self) -> None:
        """Begin a span."""
        self._inside.append(0.0)

    def leave(self, name: str, elapsed: float) -> None:
        """End a span of `elapsed` seconds."""
        own = elapsed - self._inside.pop()
        self._inside[-1] += elapsed
        self.seconds[name] = self.seconds.get(name, 0.0) + own


class _Span:
    __slots__ = ("_began", "_name", "_timings")

    def __init__(self, timings: Timings, name: str) -> None:
        self._timings = timings
        self._name = name

    def __enter__(self) -> None:
        self._timings.enter()
        self._began = time.perf_counter()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timings.leave(self._name, time.perf_counter() - self._began)


_NO_DETAIL = nullcontext()
_current: ContextVar[Timings | None] = ContextVar("timings", default=None)


def current_timings() -> Timings:
    """The timings of the request or event that this thread works on; new ones, which nobody reads, if there is none."""
    return _current.get() or Timings()


@contextmanager
def timed_by(timings: Timings) -> Iterator[None]:
    """A context in which these are the current timings."""
    token = _current.set(timings)
    try:
        yield
    finally:
        _current.reset(token)


def set_timings(timings: Timings | None) -> None:
    """Set the current timings of this thread, or with None leave it without."""
    _current.set(timings)
