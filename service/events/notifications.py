"""What the system tells of a folder, by watchdog, which is imported when needed: a path, and how long to leave it."""

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

SETTLED = 0.5
"""Seconds without a change after which a closed file is taken."""
SILENT = 30.0
"""The same for one whose closing nobody saw: file systems of other machines do not tell."""
Tell = Callable[[str, float], None]


class _Notices(FileSystemEventHandler):
    """A file that is written to is left alone until it is closed."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    def on_created(self, event: FileSystemEvent) -> None:
        """A new file, or one that was linked into place; a folder may have files in it already."""
        self._tell(os.fsdecode(event.src_path), SETTLED)

    def on_modified(self, event: FileSystemEvent) -> None:
        """Somebody writes to it."""
        if not event.is_directory:
            self._tell(os.fsdecode(event.src_path), SILENT)

    def on_closed(self, event: FileClosedEvent) -> None:
        """Its writer is done."""
        self._tell(os.fsdecode(event.src_path), SETTLED)

    def on_moved(self, event: FileSystemMovedEvent) -> None:
        """Renamed: gone here, there whole."""
        self._tell(os.fsdecode(event.src_path), SETTLED)
        self._tell(os.fsdecode(event.dest_path), SETTLED)

    def on_deleted(self, event: FileSystemEvent) -> None:
        """Gone."""
        if not event.is_directory:
            self._tell(os.fsdecode(event.src_path), SETTLED)


@contextlib.contextmanager
def observed(folder: Path, tell: Tell) -> Iterator[None]:
    """From here on until the end, whatever happens below a folder is told."""
    observer = Observer()
    observer.schedule(_Notices(tell), str(folder), recursive=True)
    observer.start()
    try:
        yield
    finally:
        observer.stop()
        observer.join()
