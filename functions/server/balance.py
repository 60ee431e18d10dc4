"""New connections go to the process that has fewest.

Else the one that wakes first takes all of a few, and its threads wait for one another while other processes idle.
"""

import mmap
import time

_SLOTS = 64
_FRESH_SECONDS = 3.0
"""How long a process counts that says nothing: later it is slow, or has been killed."""
_YIELD_SECONDS = 0.002
_FEW = 64
"""Connections up to which they are shared out: chance does it for more, and a flood of them must not wait."""

_view = memoryview(mmap.mmap(-1, 16 * _SLOTS))  # mapped before the fork: all processes of a server share it
_counts, _noted = _view[: 8 * _SLOTS].cast("q"), _view[8 * _SLOTS :].cast("d")


class Balance:
    """The connections of one process.

    The process that forks makes one for each that it forks, so that none is given twice; from the 64th on they share.
    """

    def __init__(self) -> None:
        self._has_left = False
        now = time.monotonic()
        free = (at for at in range(_SLOTS) if _noted[at] < now - _FRESH_SECONDS)
        self._slot = next(free, _SLOTS - 1)
        self.note(0)

    def note(self, count: int) -> None:
        """The process lives, and has so many connections."""
        if not self._has_left:
            _counts[self._slot], _noted[self._slot] = count, time.monotonic()

    def leave(self) -> None:
        """The process lives, but accepts no more: nothing is left to it."""
        self._has_left, _noted[self._slot] = True, 0.0

    def yield_to_others(self) -> None:
        """Where another process has fewer connections, leave it a moment to take the one that has come."""
        recent, own = time.monotonic() - _FRESH_SECONDS, _counts[self._slot]
        if own <= _FEW and any(_counts[at] < own and _noted[at] > recent for at in range(_SLOTS)):
            time.sleep(_YIELD_SECONDS)
