"""Where the processes of a server keep what they count: one folder in memory, in which each has files of its own.

A process has a number as long as it lives, and its successor, which takes the number over, counts on in the same files:
nothing is lost with a process, and no files pile up. A folder goes with its server, or when the next one starts.
"""

import atexit
import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

PREFIX = "darkroom-metrics-"
VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Where prometheus-client looks for the folder; an operator may set it to where ours is made."""
_MOST = 1024
_ROOM = 16 * 2**20
"""Bytes that must be free: many times what processes write, since a write to a full tmpfs would end the process."""


class MetricsFolder:
    """The folder of a server, made by its first process; those that are forked from it share it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._made_by = os.getpid()
        # Locked as long as any process holds this open, which forked ones inherit.
        self._alive = os.open(path / "alive.new", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._alive, fcntl.LOCK_EX)
        (path / "alive.new").rename(path / "alive")
        self._numbers = os.open(path / "numbers", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._number: int | None = None
        os.register_at_fork(after_in_child=self._after_fork)
        atexit.register(self._remove)

    def number(self) -> int:
        """The number of this process: the lowest of no living process. Its lock ends with the process."""
        if self._number is None:
            self._number = next(number for number in range(1, _MOST) if self._lock(number))
            self._forget_gauges(self._number)
        return self._number

    def forget_dead(self) -> None:
        """Remove what processes that have ended say about themselves; what they have counted stays."""
        for number in {int(path.stem.rpartition("_")[2]) for path in self.path.glob("gauge_live*.db")}:
            if number != self._number and self._lock(number):
                self._forget_gauges(number)
                fcntl.lockf(self._numbers, fcntl.LOCK_UN, 1, number)

    def _forget_gauges(self, number: int) -> None:
        for path in self.path.glob(f"gauge_live*_{number}.db"):
            path.unlink(missing_ok=True)

    def _lock(self, number: int) -> bool:
        with contextlib.suppress(OSError):
            fcntl.lockf(self._numbers, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
            return True
        return False

    def _after_fork(self) -> None:
        self._number = None

    def _remove(self) -> None:
        if os.getpid() == self._made_by:
            shutil.rmtree(self.path, ignore_errors=True)


def make_folder(environ: Mapping[str, str] = os.environ) -> MetricsFolder | None:
    """A new folder; None if there is nowhere to write. What servers that were killed have left is removed."""
    for place in _places(environ):
        with contextlib.suppress(OSError):
            _remove_left(place)
            if shutil.disk_usage(place).free >= _ROOM:
                return MetricsFolder(Path(tempfile.mkdtemp(prefix=PREFIX, dir=place)))
    return None


def _places(environ: Mapping[str, str]) -> Iterator[Path]:
    """Where a folder may be: where the operator says, or in memory, or in a folder for temporary files."""
    set_by_operator = environ.get(VARIABLE, "")
    if set_by_operator and not Path(set_by_operator).name.startswith(PREFIX):
        yield Path(set_by_operator)
        return
    yield from (Path(name) for name in ("/dev/shm", environ.get("TMPDIR"), "/tmp") if name)  # noqa: S108 - mkdtemp


def _remove_left(place: Path) -> None:
    """Remove the folders of servers that have ended without a chance to."""
    for folder in place.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError), (folder / "alive").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
