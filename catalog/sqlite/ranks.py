"""Where each row's name stands among all names, as a number: text that is compared as fast as a width."""

import sqlite3

import numpy as np
from numpy.typing import NDArray

from catalog.cursor import Place
from catalog.query import after_prefix

_MOST = 1000
"""So many changed names are put between their neighbours; with more all are numbered anew."""
_STEP = 2**20
_LAST, _END = 2**61, 2**62
_ALL = "SELECT number FROM facet ORDER BY name, number"
_CHANGED = "SELECT name, number FROM facet WHERE seq > ? ORDER BY name, number"
_BEFORE = "SELECT number FROM facet WHERE (name, number) < (?, ?) ORDER BY name DESC, number DESC LIMIT 1"
_FOLLOWING = "SELECT number, name FROM facet WHERE (name, number) > (?, ?) ORDER BY name, number"
_FROM = "SELECT number FROM facet WHERE name >= ? ORDER BY name, number LIMIT 1"

Key = tuple[str, int]
Bounds = tuple[int | None, int | None]


class Ranks:
    """Numbers that sort as (name, number) does, with room between them for names to come. Made when first asked for."""

    def __init__(self) -> None:
        self._seq = 0
        self._ranks: NDArray[np.int64] = np.zeros(0, np.int64)

    def refresh(self, db: sqlite3.Connection, seq: int, size: int) -> NDArray[np.int64]:
        """The ranks by number as of `seq`; the caller holds a read transaction open."""
        if seq != self._seq:
            self._ranks = np.concatenate([self._ranks, np.zeros(max(0, size - len(self._ranks)), np.int64)])
            if not self._seq or not self._insert(db):
                self._number(db)
            self._seq = seq
        return self._ranks

    def starting(self, db: sqlite3.Connection, prefix: str) -> Bounds:
        """The least and the greatest rank of names with this beginning."""
        return self._of(db, _FROM, (prefix,), _END), self._of(db, _FROM, (after_prefix(prefix),), _END) - 1

    def beyond(self, db: sqlite3.Connection, key: Place, *, descending: bool) -> Bounds:
        """The ranks of what comes after a (name, number), which may be gone, in an order."""
        if descending:
            return None, self._of(db, _BEFORE, key, -_END)
        return self._of(db, _FOLLOWING, key, _END), None

    def _of(self, db: sqlite3.Connection, statement: str, values: tuple[str | int | None, ...], none: int) -> int:
        found = db.execute(statement, values).fetchone()
        return int(self._ranks[found[0]]) if found else none

    def _number(self, db: sqlite3.Connection) -> None:
        """Number all anew, evenly."""
        order = np.fromiter((number for (number,) in db.execute(_ALL)), np.int64)
        self._ranks[order] = np.arange(1, len(order) + 1) * (_LAST // (len(order) + 1))

    def _insert(self, db: sqlite3.Connection) -> bool:
        """Put what changed between its neighbours; False where there is no room, or too much changed."""
        keys: list[Key] = db.execute(_CHANGED, (self._seq,)).fetchmany(_MOST)
        waiting = {number for _, number in keys}
        after: Key | None = ("", 0)
        high = 0
        for key in keys:
            if after is not None and after < key:
                rest = ((name, number) for number, name in db.execute(_FOLLOWING, key) if number not in waiting)
                after = next(rest, None)
                high = int(self._ranks[after[1]]) if after else _END
            low = self._of(db, _BEFORE, key, high - 2 * _STEP)
            if high - low < 2:
                return False
            self._ranks[key[1]] = low + min((high - low) // 2, _STEP)
        return len(keys) < _MOST
