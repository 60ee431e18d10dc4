"""The catalog in one SQLite file, in WAL mode: readers and the writer do not block each other."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec

from catalog.base import TRANSITIONS
from catalog.bounds import check_row
from catalog.query import Page, Query
from catalog.row import Row, State, new_revision, revised
from catalog.sqlite import schema, writing
from catalog.sqlite.connections import Connections, sqlite_errors
from catalog.sqlite.finder import SqliteFinder

_decode = msgspec.json.Decoder(Row).decode
_BATCH = 100
_PENDING = (
    "SELECT changed, number, row FROM picture WHERE state <> 'ready' AND (changed, number) > (?, ?) AND changed <= ?"
    " ORDER BY changed, number LIMIT ?"
)


class SqliteCatalog:
    """A catalog in the file `path`, which is made or brought up to date. See `catalog.base.Catalog`.

    Threads share it, and processes of one machine share the file. `wait`: seconds that a write waits for another
    process's. Raises CatalogTooNewError for a file of a later version, CatalogError if it cannot be used.
    """

    def __init__(self, path: Path, *, wait: float = 10.0, now: Callable[[], float] = time.time) -> None:
        self._connections = Connections(path, wait)
        self._now = now
        with sqlite_errors(), ExitStack() as undo:
            undo.callback(self._connections.close)
            db = self._connections.get()
            schema.migrate(db)
            (secret,) = db.execute("SELECT value FROM meta WHERE name = 'secret'").fetchone()
            undo.pop_all()
        self._finder = SqliteFinder(self._connections, secret)

    def close(self) -> None:
        """Close the file."""
        self._connections.close()

    @property
    def nbytes(self) -> int:
        """Bytes in memory for searching."""
        return self._finder.nbytes

    def put(self, row: Row, over: str | None = None) -> Row | None:
        """Write a row over what may be replaced."""
        check_row(row)
        with self._connections.writing() as db:
            number, old = _found(db, row.id)
            if over is not None and over != (old.revision if old else ""):
                return None
            new = revised(row, old, self._now(), new_revision())
            writing.store_row(db, number, new)
        return new

    def get(self, id: str, *, hidden: bool = False) -> Row | None:  # noqa: A002
        """The row of this id."""
        with sqlite_errors():
            _, row = _found(self._connections.get(), id)
        return row if row and (hidden or row.state == "ready") else None

    def find(self, query: Query) -> Page:
        """Rows that match."""
        return self._finder.find(query)

    def change(self, row: Row, state: State) -> Row | None:
        """Move a row to another state."""
        if (row.state, state) not in TRANSITIONS:
            raise ValueError(f"A row cannot change from {row.state} to {state}.")
        return self.put(msgspec.structs.replace(row, state=state), over=row.revision)

    def delete(self, row: Row) -> bool:
        """Remove a row."""
        with self._connections.writing() as db:
            number, old = _found(db, row.id)
            if number is None or not old or old.revision != row.revision:
                return False
            writing.remove_row(db, number)
        return True

    def pending(self, older: float) -> Iterator[Row]:
        """Rows that are not ready, a batch at a time, so that the caller may write in between."""
        until = round((self._now() - older) * 1000)
        place = (-(2**62), 0)
        while True:
            with sqlite_errors():
                found = self._connections.get().execute(_PENDING, (*place, until, _BATCH)).fetchall()
            for changed, number, data in found:
                place = (changed, number)
                yield _decode(data)
            if len(found) < _BATCH:
                return


def _found(db: sqlite3.Connection, id: str) -> tuple[int | None, Row | None]:  # noqa: A002
    found = db.execute("SELECT number, row FROM picture WHERE id = ?", (id,)).fetchone()
    return (found[0], _decode(found[1])) if found else (None, None)
