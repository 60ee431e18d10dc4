"""Answers queries: unfiltered ones from an index of the file, all others from the columns in memory."""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from functools import partial

import msgspec

from catalog.cursor import Place, open_cursor, seal_cursor
from catalog.query import Page, Query, value_of
from catalog.row import Row, casefolded
from catalog.sqlite.columns import Columns
from catalog.sqlite.connections import Connections, sqlite_errors
from catalog.sqlite.facets import Numbers
from catalog.sqlite.ranks import Bounds
from catalog.sqlite.search import MayContain, following, matching, nearest_rows
from core.errors import BadParameterError

_decode = msgspec.json.Decoder(Row).decode
_SORTED = {"added": "added", "taken": "at", "width": "width", "height": "height", "bytes": "bytes", "name": "name"}
_LISTING = """
    SELECT number, row FROM (SELECT number AS n FROM facet {place} ORDER BY {key} {way}, number {way} LIMIT ?)
    CROSS JOIN picture ON number = n
"""
_ROWS = "SELECT number, row FROM json_each(?) CROSS JOIN picture ON number = value"

Numbered = list[tuple[int, Row]]


class SqliteFinder:
    """The columns of one file, refreshed for each search; one search at a time."""

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
        place = open_cursor(query, self._secret, (str if query.key == "name" else int, int))
        found = self._filtered(query, place) if query.filtered else self._listed(query, place)
        rows = tuple(row for _, row in found[: query.limit])
        if len(found) <= query.limit:
            return Page(rows)
        last = (value_of(rows[-1], query.key), found[query.limit - 1][0])
        return Page(rows, seal_cursor(last, query, self._secret))

    def _listed(self, query: Query, place: Place | None) -> Numbered:
        statement = _listing(query, placed=place is not None)
        with sqlite_errors():
            found = self._connections.get().execute(statement, (*(place or ()), query.limit + 1)).fetchall()
        return [(number, _decode(data)) for number, data in found]

    def _filtered(self, query: Query, place: Place | None) -> Numbered:
        with self._turn, self._connections.reading() as db:
            matches = self._matching(db, query, place)
            beyond = place if query.key != "name" else None  # for names the range of ranks already says so
            return _rows(db, following(self._columns, matches, query, beyond, query.limit + 1))

    def _alike(self, query: Query, like: str) -> Page:
        with self._turn, self._connections.reading() as db:
            own, phash = _phash(db, like)
            blocks = self._matching(db, query)(lambda _first, _last: True)
            if own is not None:
                blocks = (numbers[numbers != own] for numbers in blocks)
            near, distances = nearest_rows(self._columns, blocks, phash, query.limit)
            return Page(tuple(row for _, row in _rows(db, near)), None, tuple(distances))

    def _matching(
        self, db: sqlite3.Connection, query: Query, place: Place | None = None
    ) -> Callable[[MayContain], Iterator[Numbers]]:
        """Refresh the columns, and return the search over them."""
        self._columns.refresh(db)
        words = {name: text for name in ("format", "camera", "label") if (text := getattr(query, name)) is not None}
        codes = {name: code for name, text in words.items() if (code := _code(db, text)) is not None}
        if len(codes) < len(words):
            return lambda _: iter(())
        return partial(matching, self._columns, query, codes, self._ranks(db, query, place))

    def _ranks(self, db: sqlite3.Connection, query: Query, place: Place | None) -> list[Bounds]:
        """The bounds of ranks, if names are filtered or sorted by."""
        if query.name is None and query.key != "name":
            return []
        ranks = self._columns.rank(db)
        found = [ranks.starting(db, casefolded(query.name))] if query.name is not None else []
        if query.key == "name" and place is not None:
            found.append(ranks.beyond(db, place, descending=query.descending))
        return found


def _listing(query: Query, *, placed: bool) -> str:
    key, way = _SORTED[query.key], "DESC" if query.descending else "ASC"
    place = f"WHERE ({key}, number) {'<' if query.descending else '>'} (?, ?)" if placed else ""
    return _LISTING.format(place=place, key=key, way=way)


def _code(db: sqlite3.Connection, text: str) -> int | None:
    """A word's code; None: no row has it."""
    found = db.execute("SELECT code FROM word WHERE text = ?", (text,)).fetchone()
    return found[0] if found else None


def _phash(db: sqlite3.Connection, like: str) -> tuple[int | None, int]:
    """What to compare with: a fingerprint, or a ready row's number and fingerprint."""
    if len(like) == 16:
        return None, int(like, 16)
    found = db.execute("SELECT number, row FROM picture WHERE id = ? AND state = 'ready'", (like,)).fetchone()
    phash = _decode(found[1]).phash if found else None
    if not phash:
        raise BadParameterError("similar_to", "the id of a picture that is here and has a phash, or a phash", like)
    return found[0], int(phash, 16)


def _rows(db: sqlite3.Connection, numbers: Numbers) -> Numbered:
    found = {number: _decode(data) for number, data in db.execute(_ROWS, (json.dumps(numbers.tolist()),))}
    return [(number, found[number]) for number in numbers.tolist()]
