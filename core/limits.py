"""What one request may cost."""

import time

import msgspec

from core.errors import DeadlineExceededError

MEGA = 1_000_000


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Upper bounds of one request; every entry point passes one in.

    Units: bytes, pixels, pixels a side, frames, steps, seconds. `work` is seconds of one core, `memory`
    bytes at the peak: of a whole request, as decoders, filters and encoders declare them.
    """

    body_bytes: int = 32 * 1024 * 1024
    pixels: int = 64 * MEGA
    side: int = 16384
    frames: int = 256
    frame_pixels: int = 200 * MEGA
    steps: int = 32
    outputs: int = 16
    seconds: float = 30.0
    work: float = 10.0
    memory: int = 1792 * 1024 * 1024


class Deadline:
    """A moment after which no further step begins: OpenCV cannot be interrupted, so it is checked between steps."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def renew(self) -> None:
        """Begin anew: for what may go on for as long as it gets somewhere."""
        self._end = time.monotonic() + self.seconds

    def remaining(self) -> float:
        """Seconds that are left; 0 once it has passed."""
        return max(0.0, self._end - time.monotonic())

    def check(self, before: str) -> None:
        """Raise `deadline_exceeded` (504) if it has passed; `before` names the work that would begin now."""
        if time.monotonic() > self._end:
            raise DeadlineExceededError(before, self.seconds)
