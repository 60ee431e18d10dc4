"""Writes: a row and what is searched of it change together, inside the caller's transaction."""

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
    """Forget a row; its number is free."""
    db.execute("DELETE FROM picture WHERE number = ?", (number,))
    hide(db, number)
    db.execute("UPDATE gone SET free = 1 WHERE number = ?", (number,))


def index_row(db: sqlite3.Connection, number: int, row: Row) -> None:
    """Make a row that is ready findable, and any other not."""
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
    """Take a row out of what is found, and let readers know."""
    db.execute("DELETE FROM facet WHERE number = ?", (number,))
    db.execute("INSERT OR REPLACE INTO gone VALUES (?, ?, 0)", (number, _next(db)))


def code(db: sqlite3.Connection, text: str) -> int:
    """The code of a word, made where it has none."""
    found = db.execute("SELECT code FROM word WHERE text = ?", (text,)).fetchone()
    if found:
        return int(found[0])
    return int(db.execute("INSERT INTO word (text) VALUES (?) RETURNING code", (text,)).fetchone()[0])


def _free(db: sqlite3.Connection) -> int:
    """A number that no row has: one that was given back, so that columns stay dense, or the next.

    A free number stays in `gone` until its new row is ready: a reader may not know of the old one's end.
    """
    found = db.execute("SELECT number FROM gone WHERE free = 1 LIMIT 1").fetchone()
    return int((found or db.execute("SELECT ifnull(max(number), 0) + 1 FROM picture").fetchone())[0])


def _next(db: sqlite3.Connection) -> int:
    statement = "UPDATE meta SET value = value + 1 WHERE name = 'seq' RETURNING value"
    return int(db.execute(statement).fetchone()[0])
