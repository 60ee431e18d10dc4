"""Recovery at start: finish pictures whose storing or deleting was interrupted."""

import logging
import threading
from collections.abc import Callable

from core.errors import DarkroomError
from core.limits import Deadline
from service.images.lifecycle import settle_image
from service.images.repository import ImageRepository

GRACE = 300.0
"""Seconds after which a row that is not ready counts as abandoned: no request takes that long."""
_logger = logging.getLogger("darkroom")


def recover(repository: ImageRepository, older: float, seconds: float = 30.0) -> int:
    """Settle every row that has not changed for `older` seconds; returns how many. Failures are left for later."""
    done = 0
    for row in repository.catalog.pending(older):
        try:
            settle_image(repository, row, Deadline(seconds))
            done += 1
        except DarkroomError as error:
            _logger.warning("An unfinished picture could not be settled: %s", error.code)
    return done


class Recovery:
    """Recovers in a background thread, once per process: at the start, and again after the grace period.

    Any number of processes may do so at once: each step is a compare-and-swap.
    """

    def __init__(self, repository: Callable[[], ImageRepository | None] | None, grace: float = GRACE) -> None:
        self._repository = repository or (lambda: None)
        self._grace = grace
        self._lock = threading.Lock()
        self._started = repository is None

    def start(self) -> None:
        """Start the thread, unless this process has already."""
        if self._started:
            return
        with self._lock:
            if not self._started:
                self._started = True
                threading.Thread(target=self._run, name="recovery", daemon=True).start()

    def _run(self) -> None:
        self._once()
        threading.Event().wait(self._grace + 1.0)
        self._once()

    def _once(self) -> None:
        try:
            repository = self._repository()
            if repository:
                recover(repository, self._grace)
        except DarkroomError as error:
            _logger.warning("Unfinished pictures could not be listed: %s", error.code)
        except Exception:
            _logger.exception("Unfinished pictures could not be listed")
