"""What work costs beside other work done at the same moment: a busy or slow machine makes both dearer."""

import time
from collections.abc import Callable


def processor_time(work: Callable[[], object]) -> float:
    """CPU seconds of this process."""
    began = time.process_time()
    work()
    return time.process_time() - began


def yardsticks(work: Callable[[], object]) -> float:
    """What work costs, in loops over a million numbers (some 20 ms each where this was written)."""
    before = processor_time(_yardstick)
    cost = processor_time(work)
    return cost / max(before, processor_time(_yardstick))


def _yardstick() -> None:
    for _ in range(1_000_000):
        pass
