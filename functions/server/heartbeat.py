"""A worker's sign of life for gunicorn, kept in memory: gunicorn's own needs a folder that can be written to."""

import os
import time
from typing import Any

from gunicorn.workers import base


class Heartbeat:
    """Takes the place of gunicorn's WorkerTmp: a file of no name, whose time of change tells that the worker lives."""

    def __init__(self, _cfg: Any) -> None:
        self._file = os.memfd_create("darkroom-heartbeat", os.MFD_CLOEXEC)

    def notify(self) -> None:
        """The worker lives."""
        now = time.monotonic()
        os.utime(self._file, (now, now))

    def last_update(self) -> float:
        """When it last did (monotonic seconds)."""
        return os.fstat(self._file).st_mtime

    def fileno(self) -> int:
        """The file's number."""
        return self._file

    def close(self) -> None:
        """Forget the worker."""
        os.close(self._file)


base.WorkerTmp = Heartbeat
