"""What a start finishes: pictures whose storing or deleting was cut off."""

import logging
import threading
from collections.abc import Callable

from core.errors import DarkroomError
from core.limits import Deadline
from service.images.lifecycle import settle_image
from service.images.repository import ImageRepository

GRACE = 300.0
"""Seconds after which a row that is not ready is taken for left behind: no request takes that long."""
_logger = logging.getLogger("darkroom")


def recover(shelf: ImageRepository, older: float, seconds: float = 30.0) -> int:
    """Settle every row that has not changed for `older` seconds; how many were. One that fails is left to the next."""
    done = 0
    for row in shelf.catalog.pending(older):
        try:
            settle_image(shelf, row, Deadline(seconds))
            done += 1
        except DarkroomError as error:
            _logger.warning("A picture that was not ready could not be settled: %s", error.code)
    return done


class Recovery:
    """Finishes in a thread of its own, once a process: at the start, and again once what was young then is old enough.

    Any number of processes may do so at once: each step is by compare and swap.
    """

    def __init__(self, shelf: Callable[[], ImageRepository | None] | None, grace: float = GRACE) -> None:
        self._shelf = shelf or (lambda: None)
        self._grace = grace
        self._alone = threading.Lock()
        self._begun = shelf is None

    def begin(self) -> None:
        """Begin, in this process, if nobody has yet."""
        if self._begun:
            return
        with self._alone:
            if not self._begun:
                self._begun = True
                threading.Thread(target=self._run, name="finish", daemon=True).start()

    def _run(self) -> None:
        self._once()
        threading.Event().wait(self._grace + 1.0)
        self._once()

    def _once(self) -> None:
        try:
            shelf = self._shelf()
            if shelf:
                recover(shelf, self._grace)
        except DarkroomError as error:
            _logger.warning("What was not ready could not be looked for: %s", error.code)
        except Exception:
            _logger.exception("what was not ready could not be looked for")
