"""What expires, in order."""

import math
import time

from functions.server.expiry import Expiry


def test_the_oldest_expires_first() -> None:
    line, soon = Expiry[str](PATIENT), Expiry[str](0.0)
    for name in "abc":
        line.add(name)
        soon.add(name)
    line.discard("a")
    line.discard("absent")
    assert (line.oldest(), len(line), "a" in line, "b" in line) == ("b", 2, False, True)
    assert list(line.expired()) == []
    assert line.nearest() > time.monotonic()
    seen = []
    for name in soon.expired():
        seen.append(name)
        soon.discard(name)
    assert seen == ["a", "b", "c"]
    assert (soon.oldest(), soon.nearest()) == (None, math.inf)


def test_a_shorter_time_counts_for_all() -> None:
    line = Expiry[str](PATIENT)
    line.add("before")
    line.shorten(0.0)
    line.add("after")
    assert line.nearest() <= time.monotonic()
    line.discard("before")
    assert line.nearest() <= time.monotonic()
    line.shorten(PATIENT)
    assert line.nearest() <= time.monotonic(), "no longer than before"


PATIENT = 1000.0
