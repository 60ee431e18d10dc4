"""When to retry a request to a busy server.

Exponential back-off with full jitter (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015):
clients that were refused together do not retry together. `Retry-After` is RFC 9110, section 10.2.3.
"""

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


@dataclass(frozen=True)
class Backoff:
    """How often to try again, and how long to wait, in seconds. A `Retry-After` above `longest` is not waited for."""

    retries: int = 3
    base: float = 0.5
    cap: float = 8.0
    longest: float = 60.0

    def pause(self, attempt: int, asked: float | None = None) -> float | None:
        """Seconds to wait after the failed try number `attempt` (from 0), never less than `asked`; None to give up."""
        least = asked or 0.0
        if attempt >= self.retries or least > self.longest:
            return None
        return least + random.uniform(0.0, min(self.cap, self.base * 2**attempt))  # noqa: S311 - jitter is no secret


def retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds that a `Retry-After` header asks for, as a number or an HTTP date; None if it cannot be parsed."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:  # the zone "-0000" is UTC without a local time zone
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())
