"""Connections: one per thread and process; SQLite's errors as ours."""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from catalog.errors import CatalogBusyError, CatalogError
from core.errors import ErrorTranslation

_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_PAUSE = 0.02
"""Seconds between two tries to open a file that another process is creating."""
_PRAGMAS = (
    "PRAGMA synchronous = FULL",  # a row must be "deleting" on disk before its object is deleted
    "PRAGMA mmap_size = 1073741824",
    "PRAGMA cache_size = -16384",
    "PRAGMA temp_store = MEMORY",
)


class Connections:
    """Opens one connection per thread; `wait` is how long a writer waits for another one, seconds."""

    def __init__(self, path: Path, wait: float) -> None:
        self._path, self._wait = path, wait
        self._local = threading.local()
        self._lock = threading.Lock()
        self._open: list[sqlite3.Connection] = []
        self._process = os.getpid()

    def get(self) -> sqlite3.Connection:
        """This thread's connection. Those from before a fork are never used or closed: their locks are the parent's."""
        if self._process != os.getpid():
            self._process, self._open, self._kept = os.getpid(), [], (self._open, self._local)
            self._local, self._lock = threading.local(), threading.Lock()
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        return found or self._connect()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=self._wait, isolation_level=None, check_same_thread=False)
        self._wal(connection)
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        with self._lock:
            self._open.append(connection)
        self._local.connection = connection
        return connection

    def _wal(self, connection: sqlite3.Connection) -> None:
        """Switch the file to a write-ahead log.

        If another process is writing to a file that has none yet, SQLite reports "busy" at once instead of waiting.
        Source: https://www.sqlite.org/c3ref/busy_handler.html (a read lock that would become a write lock).
        """
        ends = time.monotonic() + self._wait
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF not in _BUSY or time.monotonic() >= ends:
                    connection.close()
                    raise
                time.sleep(_PAUSE)
            else:
                return

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A read transaction: everything is read from one snapshot."""
        with self._transaction("BEGIN") as db:
            yield db

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A write transaction, atomic; one writer at a time, across all processes."""
        with self._transaction("BEGIN IMMEDIATE") as db:
            yield db

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with sqlite_errors():
            db = self.get()
            db.execute(begin)
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # SQLite may have rolled back already
                    db.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close all connections of this process; none may be in use."""
        with self._lock:
            for connection in self._open:
                connection.close()
            self._open.clear()
        self._local = threading.local()


def sqlite_errors() -> ErrorTranslation:
    """SQLite's errors as ours; its own text stays in the cause."""
    return ErrorTranslation(_ours)


def _ours(error: BaseException) -> CatalogError | None:
    if not isinstance(error, sqlite3.Error):
        return None
    if getattr(error, "sqlite_errorcode", 0) & 0xFF in _BUSY:
        return CatalogBusyError("Another process is writing to the catalog; try again.")
    return CatalogError("The catalog's file cannot be used.")
