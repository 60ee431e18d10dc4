"""Writes: a row and its facets change together, inside the caller's transaction."""

import sqlite3

import msgspec

from catalog.row import Row, casefolded
from catalog.sqlite.facets import packed


def store_row(db: sqlite3.Connection, number: int | None, row: Row) -> None:
    """Write a row at its number, or at a free one."""
    if number is None:
        number = _free(db)
    db.execute(
        "INSERT OR REPLACE INTO picture VALUES (?, ?, ?, ?, ?)",
        (number, row.id, row.state, row.changed, msgspec.json.encode(row)),
    )
    index_row(db, number, row)


def remove_row(db: sqlite3.Connection, number: int) -> None:
    """Delete a row; its number becomes free."""
    db.execute("DELETE FROM picture WHERE number = ?", (number,))
    hide(db, number)
    db.execute("UPDATE gone SET free = 1 WHERE number = ?", (number,))


def index_row(db: sqlite3.Connection, number: int, row: Row) -> None:
    """Index a row if it is ready, else remove it from the index."""
    if row.state != "ready":
        hide(db, number)
        return
    facets, labels = packed(row, lambda text: code(db, text))
    db.execute("DELETE FROM gone WHERE number = ?", (number,))
    db.execute(
        "INSERT OR REPLACE INTO facet VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (number, _next(db), row.added, row.at, row.width, row.height, row.bytes, casefolded(row.name), facets, labels),
    )


def hide(db: sqlite3.Connection, number: int) -> None:
    """Remove a row from the index, and let readers know."""
    db.execute("DELETE FROM facet WHERE number = ?", (number,))
    db.execute("INSERT OR REPLACE INTO gone VALUES (?, ?, 0)", (number, _next(db)))


def code(db: sqlite3.Connection, text: str) -> int:
    """The code of a word, created if it has none."""
    found = db.execute("SELECT code FROM word WHERE text = ?", (text,)).fetchone()
    if found:
        return int(found[0])
    return int(db.execute("INSERT INTO word (text) VALUES (?) RETURNING code", (text,)).fetchone()[0])


def _free(db: sqlite3.Connection) -> int:
    """A number that no row has: a freed one, so that columns stay dense, or the next.

    A free number stays in `gone` until its new row is ready: a reader may not know yet that the old row is gone.
    """
    found = db.execute("SELECT number FROM gone WHERE free = 1 LIMIT 1").fetchone()
    return int((found or db.execute("SELECT ifnull(max(number), 0) + 1 FROM picture").fetchone())[0])


def _next(db: sqlite3.Connection) -> int:
    statement = "UPDATE meta SET value = value + 1 WHERE name = 'seq' RETURNING value"
    return int(db.execute(statement).fetchone()[0])
