"""The folder watcher: files dropped into a local folder are handled like any other object event.

One process of a server watches, the one that holds the lock; if it dies, another takes over. A file counts as complete
once its writer has closed it, or it was renamed or linked into place, and it has not changed for a moment.
"""

import contextlib
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
from storage.locks import try_lock

_LONGEST_PAUSE = 60.0
_logger = logging.getLogger("darkroom")


class PendingFile(msgspec.Struct):
    """A file to process: when, after what delay, its state when it was reported, and the attempt."""

    at: float
    wait: float
    state: tuple[int, int] | None
    attempt: int = 1


class FolderWatcher:
    """Watches a bucket of `file://` and processes the files that appear in it."""

    def __init__(self, events: EventProcessor, root: Path, bucket: Address) -> None:
        self._events, self._folder, self._bucket = events, root / bucket.bucket, bucket
        self._root = root
        self._notifications: queue.SimpleQueue[tuple[str, float]] = queue.SimpleQueue()
        self._pending: dict[str, PendingFile] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()

    def start(self) -> None:
        """Start watching in a thread of this process, unless it does already."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._stopped.clear()
                self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
                self._thread.start()

    def after_fork(self) -> None:
        """A forked process has none of its parent's threads, and may have inherited a lock that is never released."""
        self._lock, self._thread = threading.Lock(), None
        self.start()

    def stop(self) -> None:
        """Stop watching."""
        self._stopped.set()
        if self._thread:
            self._thread.join()

    def _run(self) -> None:
        try:
            self._prepare()
            with self._locked() as mine:
                if mine:
                    self._watch()
        except OSError as error:  # such as a folder that may only be read
            _logger.error("%s is not watched: %s: %s", self._bucket, error.strerror, error.filename)  # noqa: TRY400
        except Exception:
            _logger.exception("The inbox is no longer watched")

    def _prepare(self) -> None:
        """Create the folders of all buckets; put a few pictures into a new inbox."""
        is_new = not self._folder.is_dir()
        rules = self._events.context.rules.rules
        places = [self._events.context.results, *(target.to.place for rule in rules for target in rule.targets)]
        for place in (self._bucket, *places):
            if place.scheme == "file":
                (self._root / place.bucket).mkdir(exist_ok=True)
        (self._folder / OURS).mkdir(exist_ok=True)
        if is_new:
            draw_samples(self._folder)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[bool]:
        """Wait until this process holds the lock; False if it is stopped before."""
        with (self._folder / OURS / "watch").open("w") as file:
            while not self._stopped.is_set():
                if try_lock(file.fileno()):
                    yield True
                    return
                self._stopped.wait(2)
            yield False

    def _watch(self) -> None:
        from service.events.notifications import observe

        with observe(self._folder, lambda path, wait: self._notifications.put((path, wait))):
            self._queue_existing(self._folder)
            _logger.info("Watching %s", self._bucket)
            while not self._stopped.is_set():
                self._collect()
                for path in [path for path, pending in self._pending.items() if pending.at <= time.monotonic()]:
                    self._process(path, self._pending.pop(path))

    def _queue_existing(self, folder: Path) -> None:
        """Queue the files that exist already: a folder may have been filled before it was watched."""
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self._notifications.put((str(path), notifications.SETTLE_SECONDS))

    def _collect(self) -> None:
        """Collect notifications until the next file is pending."""
        pause = min([1.0, *(pending.at - time.monotonic() for pending in self._pending.values())])
        with contextlib.suppress(queue.Empty):
            while True:
                path, wait = self._notifications.get(timeout=max(0.01, pause))
                if Path(path).is_dir():
                    self._queue_existing(Path(path))
                elif self._address(path):
                    self._pending[path] = PendingFile(time.monotonic() + wait, wait, _state_of(path))
                pause = 0.01

    def _process(self, path: str, pending: PendingFile) -> None:
        """Process a file, unless it has changed since it was reported or is still empty."""
        state = _state_of(path)
        if state != pending.state or (state and not state[0] and pending.wait < notifications.IDLE_SECONDS):
            wait = notifications.IDLE_SECONDS if state and not state[0] else pending.wait
            self._pending[path] = PendingFile(time.monotonic() + wait, wait, state, pending.attempt)
            return
        address = self._address(path)
        if address is None:
            return
        result = self._events.process_one(
            ObjectEvent(address=address, kind="put" if state else "delete", attempt=pending.attempt)
        )
        if result.outcome == "again":
            pause = min(_LONGEST_PAUSE, max(result.after, 2.0**pending.attempt))
            self._pending.setdefault(path, PendingFile(time.monotonic() + pause, pause, state, pending.attempt + 1))

    def _address(self, path: str) -> Address | None:
        """The address of a file, if a rule matches it."""
        key = Path(path).relative_to(self._folder).as_posix()
        try:
            address = self._bucket.at(key).check()
        except (StorageError, UnicodeError):
            return None
        matched = self._events.context.rules.matching(address) and not key.startswith(f"{OURS}/")
        return address if matched else None


def _state_of(path: str) -> tuple[int, int] | None:
    """Size and modification time of a regular file; None if there is none."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return (status.st_size, status.st_mtime_ns) if modes.S_ISREG(status.st_mode) else None
