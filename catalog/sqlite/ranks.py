"""Each row's name as a rank among all names: an integer that compares as fast as a width."""

import sqlite3

import numpy as np
from numpy.typing import NDArray

from catalog.cursor import Place
from catalog.query import after_prefix

MOST = 1000
"""Up to this many changed names are ranked between their neighbours; with more all are numbered again."""
STEP = 2**20
LAST, END = 2**61, 2**62
_ALL = "SELECT number FROM facet ORDER BY name, number"
_CHANGED = "SELECT name, number FROM facet WHERE seq > ? ORDER BY name, number"
_BEFORE = "SELECT number FROM facet WHERE (name, number) < (?, ?) ORDER BY name DESC, number DESC LIMIT 1"
_FOLLOWING = "SELECT number, name FROM facet WHERE (name, number) > (?, ?) ORDER BY name, number"
_FROM = "SELECT number FROM facet WHERE name >= ? ORDER BY name, number LIMIT 1"

Key = tuple[str, int]
Bounds = tuple[int | None, int | None]


class Ranks:
    """Numbers that sort as (name, number) does, with gaps for new names. Made on first use."""

    def __init__(self) -> None:
        self._seq = 0
        self._ranks: NDArray[np.int64] = np.zeros(0, np.int64)

    def refresh(self, db: sqlite3.Connection, seq: int, ranks: NDArray[np.int64]) -> NDArray[np.int64] | None:
        """Update `ranks`, indexed by row number, to `seq`, and return which numbers changed; None is all.

        The caller holds a read transaction, and passes the same array each time, or a grown copy of it.
        """
        self._ranks = ranks
        if seq == self._seq:
            return np.zeros(0, np.int64)
        changed = self._insert(db) if self._seq else None
        if changed is None:
            self._number(db)
        self._seq = seq
        return changed

    def starting(self, db: sqlite3.Connection, prefix: str) -> Bounds:
        """The least and the greatest rank of names with this beginning."""
        return self._of(db, _FROM, (prefix,), END), self._of(db, _FROM, (after_prefix(prefix),), END) - 1

    def beyond(self, db: sqlite3.Connection, key: Place, *, descending: bool) -> Bounds:
        """The ranks after a (name, number), which may no longer exist, in an order."""
        if descending:
            return None, self._of(db, _BEFORE, key, -END)
        return self._of(db, _FOLLOWING, key, END), None

    def _of(self, db: sqlite3.Connection, statement: str, values: tuple[str | int | None, ...], none: int) -> int:
        found = db.execute(statement, values).fetchone()
        return int(self._ranks[found[0]]) if found else none

    def _number(self, db: sqlite3.Connection) -> None:
        """Number all names again, evenly spaced."""
        order = np.fromiter((number for (number,) in db.execute(_ALL)), np.int64)
        self._ranks[order] = np.arange(1, len(order) + 1) * (LAST // (len(order) + 1))

    def _insert(self, db: sqlite3.Connection) -> NDArray[np.int64] | None:
        """Rank changed names between their neighbours; None if there is no gap left, or too many changed."""
        keys: list[Key] = db.execute(_CHANGED, (self._seq,)).fetchmany(MOST)
        waiting = {number for _, number in keys}
        after: Key | None = ("", 0)
        high = 0
        for key in keys if len(keys) < MOST else ():
            if after is not None and after < key:
                rest = ((name, number) for number, name in db.execute(_FOLLOWING, key) if number not in waiting)
                after = next(rest, None)
                high = int(self._ranks[after[1]]) if after else END
            low = self._of(db, _BEFORE, key, high - 2 * STEP)
            if high - low < 2:
                return None
            self._ranks[key[1]] = low + min((high - low) // 2, STEP)
        return np.array([number for _, number in keys], np.int64) if len(keys) < MOST else None
