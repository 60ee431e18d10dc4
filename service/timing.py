"""How long each part of a request took: the probe that the core calls, and the header `Server-Timing`."""

import time
from types import TracebackType


class Timings:
    """Seconds by name. Spans nest, and a span's time is its own: what ran inside it in another span is not counted."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.seconds: dict[str, float] = {}
        self._inside = [0.0]

    def span(self, name: str) -> "_Span":
        """A context that adds its time to `name`."""
        return _Span(self, name)

    def header(self) -> str:
        """`Server-Timing` (https://www.w3.org/TR/server-timing/): milliseconds of each part, and of all."""
        parts = [*self.seconds.items(), ("total", time.perf_counter() - self.began)]
        return ", ".join(f"{name};dur={seconds * 1000:.1f}" for name, seconds in parts)

    def enter(self) -> None:
        """A span begins: from now on, what runs is inside it."""
        self._inside.append(0.0)

    def leave(self, name: str, elapsed: float) -> None:
        """A span of `elapsed` seconds ends."""
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
