"""Notifications of the file system, by watchdog: a path that changed, and how long to wait before reading it."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from watchdog.events import (
    FileClosedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
    FileSystemMovedEvent,
)
from watchdog.observers import Observer

SETTLE_SECONDS = 0.5
"""Seconds without a change after which a closed file is processed."""
IDLE_SECONDS = 30.0
"""The same for a file that was not seen closing: network file systems do not report it."""
Callback = Callable[[str, float], None]


class _Handler(FileSystemEventHandler):
    """Reports changes; a file that is being written is left alone until it is closed."""

    def __init__(self, notify: Callback) -> None:
        self._notify = notify

    def on_created(self, event: FileSystemEvent) -> None:
        """A file was created or linked into place; a new folder may contain files already."""
        self._notify(os.fsdecode(event.src_path), SETTLE_SECONDS)

    def on_modified(self, event: FileSystemEvent) -> None:
        """A file is being written."""
        if not event.is_directory:
            self._notify(os.fsdecode(event.src_path), IDLE_SECONDS)

    def on_closed(self, event: FileClosedEvent) -> None:
        """A file was closed after writing."""
        self._notify(os.fsdecode(event.src_path), SETTLE_SECONDS)

    def on_moved(self, event: FileSystemMovedEvent) -> None:
        """A file was renamed: removed at one path, complete at the other."""
        self._notify(os.fsdecode(event.src_path), SETTLE_SECONDS)
        self._notify(os.fsdecode(event.dest_path), SETTLE_SECONDS)

    def on_deleted(self, event: FileSystemEvent) -> None:
        """A file was deleted."""
        if not event.is_directory:
            self._notify(os.fsdecode(event.src_path), SETTLE_SECONDS)


@contextlib.contextmanager
def observe(folder: Path, notify: Callback) -> Iterator[None]:
    """Report every change below a folder while the context is open."""
    observer = Observer()
    observer.schedule(_Handler(notify), str(folder), recursive=True)
    observer.start()
    try:
        yield
    finally:
        observer.stop()
        observer.join()
