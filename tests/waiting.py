"""How long tests wait for what must come: never for a time to pass, and patiently, since the machine may be busy."""

import time
from collections.abc import Callable

PATIENCE = 120.0
"""Seconds until something that should have come is given up."""


def until(come: Callable[[], bool], what: str = "it") -> None:
    """Wait until something is true."""
    ends = time.monotonic() + PATIENCE
    while not come():
        assert time.monotonic() < ends, f"{what} did not come about"
        time.sleep(0.01)
