"""Whether this process is shutting down, and how long its last requests may still take."""

import time

_ends: float | None = None
"""When the last request must have been answered (monotonic seconds); None while the process serves."""


def begin(seconds: float) -> None:
    """Shut down: what is in flight has so many seconds left."""
    global _ends  # noqa: PLW0603 - a process shuts down once, and every thread must see it
    if _ends is None:
        _ends = time.monotonic() + seconds


def has_begun() -> bool:
    """Whether the process is shutting down."""
    return _ends is not None


def remaining() -> float | None:
    """Seconds until the last request must have been answered; None while the process serves."""
    return None if _ends is None else max(0.0, _ends - time.monotonic())
