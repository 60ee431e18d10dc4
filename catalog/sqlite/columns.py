"""The searchable columns of all rows, in memory: one array per facet, refreshed before each search.

A filter is then one comparison over an array, a millisecond for a million rows whatever it matches; indexes would suit
some combinations of filters and orders and be bad for all others. About 60 bytes a row.
"""

import sqlite3
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.sqlite.facets import CODE, PACKED, Numbers
from catalog.sqlite.ordered import Ordered
from catalog.sqlite.ranks import Ranks
from catalog.sqlite.zones import Zones

BATCH = 20_000
_ALL = "SELECT number, facets, labels FROM facet"
_CHANGED = _ALL + " WHERE seq > ?"
_SINGLE = tuple(name for name in PACKED.names or () if name != "labels")
_NARROW = {name: np.dtype("<u2") for name in ("format", "camera")}
"""Codes take two bytes until one needs more: half the memory, twice the speed."""


class Columns:
    """Arrays by facet name, indexed by a row's number; `ready` tells which numbers count."""

    def __init__(self) -> None:
        self.seq = 0
        self._size = 0
        self._arrays = {name: np.zeros(0, _NARROW.get(name, PACKED[name])) for name in _SINGLE}
        self._arrays |= {"ready": np.zeros(0, np.bool_), "rank": np.zeros(0, np.int64)}
        self._ordered = {"label": Ordered(np.zeros(0, CODE), np.zeros(0, np.int64))}
        self._zones: dict[str, Zones] = {}
        self._ranks = Ranks()

    def __getitem__(self, name: str) -> NDArray[np.generic]:
        return self._arrays[name]

    def __contains__(self, name: str) -> bool:
        return name in self._arrays

    def __len__(self) -> int:
        return self._size

    def ordered(self, name: str) -> Ordered:
        """All rows sorted by a facet; built on first use (for labels at once), then kept up to date."""
        if name not in self._ordered:
            numbers = np.flatnonzero(self._arrays["ready"])
            self._ordered[name] = Ordered(self._arrays[name][numbers], numbers)
        return self._ordered[name]

    def zones(self, name: str) -> Zones | None:
        """Bounds of a facet's values; none for ranks, which do not correlate with when a row was added."""
        if name == "rank":
            return None
        if name not in self._zones:
            self._zones[name] = Zones(self._arrays[name][: self._size])
        return self._zones[name]

    def rank(self, db: sqlite3.Connection) -> Ranks:
        """Refresh the facet `rank` as well, by which names are sorted and found."""
        ranks = self._arrays["rank"]
        changed = self._ranks.refresh(db, self.seq, ranks)
        if changed is None:
            self._ordered.pop("rank", None)
        elif "rank" in self._ordered:
            self._ordered["rank"].replace(changed, changed, ranks[changed])
        return self._ranks

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(array.nbytes for array in self._arrays.values()) + sum(one.nbytes for one in self._ordered.values())

    def refresh(self, db: sqlite3.Connection) -> None:
        """Load what changed since the last time; the caller holds a read transaction."""
        (seq,) = db.execute("SELECT value FROM meta WHERE name = 'seq'").fetchone()
        if seq == self.seq:
            return
        self._forget(number for (number,) in db.execute("SELECT number FROM gone WHERE seq > ?", (self.seq,)))
        changed = db.execute(_CHANGED, (self.seq,)) if self.seq else db.execute(_ALL)
        self._grow(db.execute("SELECT ifnull(max(number), 0) + 1 FROM facet").fetchone()[0])
        while rows := changed.fetchmany(BATCH):
            self._take(*zip(*rows, strict=True))
        for ordered in self._ordered.values():
            ordered.settle(now=self.seq == 0)
        self.seq = seq

    def _forget(self, numbers: Iterable[int]) -> None:
        gone = np.fromiter(numbers, np.int64)
        self._arrays["ready"][gone[gone < self._size]] = False

    def _take(self, numbers: tuple[int, ...], facets: tuple[bytes, ...], labels: tuple[bytes, ...]) -> None:
        places: Numbers = np.array(numbers, np.int64)
        values = np.frombuffer(b"".join(facets), PACKED)
        for name in _SINGLE:
            self._set(name, places, values[name])
        self._arrays["ready"][places] = True
        labels_of = np.repeat(places, values["labels"].astype(np.int64))
        self._ordered["label"].replace(places, labels_of, np.frombuffer(b"".join(labels), CODE))

    def _set(self, name: str, places: Numbers, values: NDArray[Any]) -> None:
        array = self._arrays[name]
        if name in _NARROW and array.dtype != CODE and values.max() > np.iinfo(array.dtype).max:
            array = self._arrays[name] = array.astype(CODE)
        array[places] = values
        if name in self._zones:
            self._zones[name].widen(places, values)
        if name in self._ordered:
            self._ordered[name].replace(places, places, values)

    def _grow(self, size: int) -> None:
        """Make room for numbers below `size`: an eighth more than needed, so that adding stays cheap."""
        if size > len(self._arrays["ready"]):
            for name, array in self._arrays.items():
                larger = np.zeros(size + size // 8 + 64, array.dtype)
                larger[: len(array)] = array
                self._arrays[name] = larger
        self._size = max(self._size, size)
