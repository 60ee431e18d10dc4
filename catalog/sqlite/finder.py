"""Answers queries: unfiltered ones from an index of the file, all others from columns."""

import json
import sqlite3
import threading

import msgspec
import numpy as np

from catalog.cursor import Place, opened, sealed
from catalog.query import Page, Query, value_of
from catalog.row import Row
from catalog.sqlite.columns import Columns
from catalog.sqlite.connections import Connections, told
from catalog.sqlite.facets import Numbers
from catalog.sqlite.order import following
from catalog.sqlite.search import Words, matching, nearest
from core.errors import BadParameterError

_decode = msgspec.json.Decoder(Row).decode
_SORTED = {"added": "added", "taken": "at", "width": "width", "height": "height", "bytes": "bytes", "name": "name"}
_LISTING = """
    SELECT number, row FROM (SELECT number AS n FROM facet {place} ORDER BY {key} {way}, number {way} LIMIT ?)
    CROSS JOIN picture ON number = n
"""
_ROWS = "SELECT number, row FROM json_each(?) CROSS JOIN picture ON number = value"
_NAMES = "SELECT number, name FROM json_each(?) CROSS JOIN facet ON number = value"

Numbered = list[tuple[int, Row]]


class Finder:
    """Columns kept up to date with one file, and the searches over them; one search at a time."""

    def __init__(self, connections: Connections, secret: bytes) -> None:
        self._connections, self._secret = connections, secret
        self._columns = Columns()
        self._turn = threading.Lock()

    @property
    def nbytes(self) -> int:
        """Bytes that the columns take."""
        return self._columns.nbytes

    def find(self, query: Query) -> Page:
        """Rows that match, in order. See `catalog.base.Catalog.find`."""
        if query.similar_to is not None:
            return self._alike(query, query.similar_to)
        place = opened(query, self._secret, (str if query.key == "name" else int, int))
        found = self._filtered(query, place) if query.filtered else self._listed(query, place)
        rows = tuple(row for _, row in found[: query.limit])
        if len(found) <= query.limit:
            return Page(rows)
        last = (value_of(rows[-1], query.key), found[query.limit - 1][0])
        return Page(rows, sealed(last, query, self._secret))

    def _listed(self, query: Query, place: Place | None) -> Numbered:
        statement = _listing(query, placed=place is not None)
        with told():
            found = self._connections.get().execute(statement, (*(place or ()), query.limit + 1)).fetchall()
        return [(number, _decode(data)) for number, data in found]

    def _filtered(self, query: Query, place: Place | None) -> Numbered:
        with self._turn, self._connections.reading() as db:
            self._columns.refresh(db)
            numbers = matching(self._columns, query, _words(db))
            near = following(self._columns, numbers, query, place, query.limit + 1)
            if query.key == "name":
                near = _by_name(db, near, place, descending=query.descending)
            return _rows(db, near[: query.limit + 1])

    def _alike(self, query: Query, like: str) -> Page:
        with self._turn, self._connections.reading() as db:
            own, phash = _phash(db, like)
            self._columns.refresh(db)
            numbers = matching(self._columns, query, _words(db))
            numbers = numbers if own is None else numbers[numbers != own]
            near, distances = nearest(self._columns, numbers, phash, query.limit)
            return Page(tuple(row for _, row in _rows(db, near)), None, tuple(distances))


def _listing(query: Query, *, placed: bool) -> str:
    key, way = _SORTED[query.key], "DESC" if query.descending else "ASC"
    place = f"WHERE ({key}, number) {'<' if query.descending else '>'} (?, ?)" if placed else ""
    return _LISTING.format(place=place, key=key, way=way)


def _words(db: sqlite3.Connection) -> Words:
    def code(text: str) -> int | None:
        found = db.execute("SELECT code FROM word WHERE text = ?", (text,)).fetchone()
        return found[0] if found else None

    def named(low: str, high: str | None) -> Numbers:
        below, bounds = ("AND name < ?", (low, high)) if high else ("", (low,))
        found = db.execute(f"SELECT number FROM facet WHERE name >= ? {below}", bounds)  # noqa: S608 - no text of theirs
        return np.fromiter((number for (number,) in found), np.int64)

    return Words(code, named)


def _phash(db: sqlite3.Connection, like: str) -> tuple[int | None, int]:
    """What to be like: a fingerprint, or a ready row's number and fingerprint."""
    if len(like) == 16:
        return None, int(like, 16)
    found = db.execute("SELECT number, row FROM picture WHERE id = ? AND state = 'ready'", (like,)).fetchone()
    phash = _decode(found[1]).phash if found else None
    if not phash:
        raise BadParameterError("similar_to", "the id of a picture that is here and has a phash, or a phash", like)
    return found[0], int(phash, 16)


def _by_name(db: sqlite3.Connection, numbers: Numbers, place: Place | None, *, descending: bool) -> Numbers:
    """Sort by whole names what the columns could not tell apart, and leave out what is not after the place."""
    keys = sorted(((name, number) for number, name in db.execute(_NAMES, (_json(numbers),))), reverse=descending)
    if place is not None:
        keys = [key for key in keys if (key < place if descending else key > place)]
    return np.array([number for _, number in keys], np.int64)


def _rows(db: sqlite3.Connection, numbers: Numbers) -> Numbered:
    found = {number: _decode(data) for number, data in db.execute(_ROWS, (_json(numbers),))}
    return [(number, found[number]) for number in numbers.tolist()]


def _json(numbers: Numbers) -> str:
    return json.dumps(numbers.tolist())
