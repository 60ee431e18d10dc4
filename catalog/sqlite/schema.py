"""Tables, and the migrations from each earlier version to this one."""

import secrets
import sqlite3
from collections.abc import Callable

import msgspec

from catalog.cursor import SECRET_BYTES
from catalog.errors import CatalogTooNewError
from catalog.row import row_from_json
from catalog.sqlite import writing

FIRST = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE picture (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, state TEXT NOT NULL, changed INTEGER NOT NULL,
    row BLOB NOT NULL
);
CREATE INDEX unfinished ON picture (changed, number) WHERE state <> 'ready';
"""
"""`row` is the whole row as JSON, since version 2 an array; the other columns repeat what is queried."""

FACETS = """
CREATE TABLE facet (
    number INTEGER PRIMARY KEY, seq INTEGER NOT NULL, added INTEGER NOT NULL, at INTEGER NOT NULL,
    width INTEGER NOT NULL, height INTEGER NOT NULL, bytes INTEGER NOT NULL, name TEXT NOT NULL,
    facets BLOB NOT NULL, labels BLOB NOT NULL
);
CREATE TABLE gone (number INTEGER PRIMARY KEY, seq INTEGER NOT NULL, free INTEGER NOT NULL);
CREATE TABLE word (code INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE INDEX by_seq ON facet (seq);
CREATE INDEX gone_by_seq ON gone (seq);
CREATE INDEX free ON gone (number) WHERE free = 1;
CREATE INDEX by_added ON facet (added, number);
CREATE INDEX by_at ON facet (at, number);
CREATE INDEX by_width ON facet (width, number);
CREATE INDEX by_height ON facet (height, number);
CREATE INDEX by_bytes ON facet (bytes, number);
CREATE INDEX by_name ON facet (name, number);
INSERT INTO meta VALUES ('seq', 0);
"""
"""One facet per ready row. `seq` counts changes, so that readers can update their columns incrementally; `gone` holds
the numbers of rows that are no longer ready, for the same readers; `free` ones have no row at all."""


def _first(db: sqlite3.Connection) -> None:
    _script(db, FIRST)
    db.execute("INSERT INTO meta VALUES ('secret', ?)", (secrets.token_bytes(SECRET_BYTES),))


def _facets(db: sqlite3.Connection) -> None:
    """Version 1 had only rows, as objects: build the facets from them."""
    _script(db, FACETS)
    batch, last = "SELECT number, row FROM picture WHERE number > ? ORDER BY number LIMIT 1000", 0
    while found := db.execute(batch, (last,)).fetchall():
        for number, data in found:
            row = row_from_json(msgspec.json.decode(data))
            db.execute("UPDATE picture SET row = ? WHERE number = ?", (msgspec.json.encode(row), number))
            writing.index_row(db, number, row)
        last = found[-1][0]


STEPS: tuple[Callable[[sqlite3.Connection], None], ...] = (_first, _facets)
"""STEPS[n] leads from version n to n + 1."""


def migrate(db: sqlite3.Connection) -> None:
    """Bring a file to this version, all or nothing. CatalogTooNewError if a later version wrote it."""
    if _version(db) == len(STEPS):
        return
    db.execute("BEGIN EXCLUSIVE")
    try:
        for step in STEPS[_version(db) :]:  # read again: another process may have been first
            step(db)
        db.execute(f"PRAGMA user_version = {len(STEPS)}")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _version(db: sqlite3.Connection) -> int:
    (found,) = db.execute("PRAGMA user_version").fetchone()
    if found > len(STEPS):
        raise CatalogTooNewError(found, len(STEPS))
    return int(found)


def _script(db: sqlite3.Connection, text: str) -> None:
    """Statement by statement: `executescript` would commit what came before."""
    for statement in text.split(";"):
        if statement.strip():
            db.execute(statement)
