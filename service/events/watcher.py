"""The local life: a folder is watched, and what is dropped into it is handled as any other event.

One process of a server watches, whoever holds the lock; if it dies, another takes over. A file counts as written when
its writer has closed it, or it was renamed or linked into place, and nothing has happened to it since for a moment.
"""

import contextlib
import fcntl
import logging
import os
import queue
import stat as modes
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from service.events import notifications
from service.events.event import ObjectEvent
from service.events.processor import EventProcessor
from service.events.samples import draw_samples
from storage.address import Address
from storage.errors import StorageError
from storage.folders import OURS

_LONGEST_PAUSE = 60.0
_logger = logging.getLogger("darkroom")


class PendingFile(msgspec.Struct):
    """A file to be looked at: when, how it looked last, how often it was tried."""

    at: float
    wait: float
    looked: tuple[int, int] | None
    attempt: int = 1


class FolderWatcher:
    """A bucket of `file://` and what is done with what comes into it."""

    def __init__(self, events: EventProcessor, root: Path, bucket: Address) -> None:
        self._events, self._folder, self._bucket = events, root / bucket.bucket, bucket
        self._root = root
        self._told: queue.SimpleQueue[tuple[str, float]] = queue.SimpleQueue()
        self._due: dict[str, PendingFile] = {}
        self._alone = threading.Lock()
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()

    def begin(self) -> None:
        """Watch, in a thread of this process, unless it does already."""
        with self._alone:
            if self._thread is None or not self._thread.is_alive():
                self._ended.clear()
                self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)
                self._thread.start()

    def after_fork(self) -> None:
        """A new process has none of its parent's threads, and a lock of theirs may be held for ever."""
        self._alone, self._thread = threading.Lock(), None
        self.begin()

    def end(self) -> None:
        """Stop watching."""
        self._ended.set()
        if self._thread:
            self._thread.join()

    def _run(self) -> None:
        try:
            self._prepare()
            with self._locked() as mine:
                if mine:
                    self._watch()
        except Exception:
            _logger.exception("The inbox is not watched any more")

    def _prepare(self) -> None:
        """Folders of all buckets; in a new inbox, a few pictures."""
        first = not self._folder.is_dir()
        rules = self._events.context.rules.rules
        places = [self._events.context.results, *(target.to.place for rule in rules for target in rule.targets)]
        for place in (self._bucket, *places):
            if place.scheme == "file":
                (self._root / place.bucket).mkdir(exist_ok=True)
        (self._folder / OURS).mkdir(exist_ok=True)
        if first:
            draw_samples(self._folder)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[bool]:
        """Waits until this process is the one that watches; False if it is ended before."""
        with (self._folder / OURS / "watch").open("w") as file:
            while not self._ended.is_set():
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    yield True
                    return
                self._ended.wait(2)
            yield False

    def _watch(self) -> None:
        from service.events.notifications import observed

        with observed(self._folder, lambda path, wait: self._told.put((path, wait))):
            self._tell_all(self._folder)
            _logger.info("Watching %s", self._bucket)
            while not self._ended.is_set():
                self._hear()
                for path in [path for path, due in self._due.items() if due.at <= time.monotonic()]:
                    self._look(path, self._due.pop(path))

    def _tell_all(self, folder: Path) -> None:
        """Everything that is there already; a folder may have been filled before it was watched."""
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self._told.put((str(path), notifications.SETTLED))

    def _hear(self) -> None:
        """Note what was told until the next file is due."""
        pause = min([1.0, *(due.at - time.monotonic() for due in self._due.values())])
        with contextlib.suppress(queue.Empty):
            while True:
                path, wait = self._told.get(timeout=max(0.01, pause))
                if Path(path).is_dir():
                    self._tell_all(Path(path))
                elif self._address(path):
                    self._due[path] = PendingFile(time.monotonic() + wait, wait, _looks(path))
                pause = 0.01

    def _look(self, path: str, due: PendingFile) -> None:
        """Take a file, unless it has changed since it was told of or is still empty."""
        looks = _looks(path)
        if looks != due.looked or (looks and not looks[0] and due.wait < notifications.SILENT):
            wait = notifications.SILENT if looks and not looks[0] else due.wait
            self._due[path] = PendingFile(time.monotonic() + wait, wait, looks, due.attempt)
            return
        address = self._address(path)
        if address is None:
            return
        verdict = self._events.process_one(
            ObjectEvent(address=address, kind="put" if looks else "delete", attempt=due.attempt)
        )
        if verdict.outcome == "again":
            pause = min(_LONGEST_PAUSE, max(verdict.after, 2.0**due.attempt))
            self._due.setdefault(path, PendingFile(time.monotonic() + pause, pause, looks, due.attempt + 1))

    def _address(self, path: str) -> Address | None:
        """The address of a file that some rule takes."""
        key = Path(path).relative_to(self._folder).as_posix()
        try:
            address = self._bucket.at(key).check()
        except (StorageError, UnicodeError):
            return None
        taken = self._events.context.rules.matching(address) and not key.startswith(f"{OURS}/")
        return address if taken else None


def _looks(path: str) -> tuple[int, int] | None:
    """Size and time of a regular file, None where there is none."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return (found.st_size, found.st_mtime_ns) if modes.S_ISREG(found.st_mode) else None
