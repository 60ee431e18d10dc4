"""Rows sorted by one facet: those between two values are found by two binary searches."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.sqlite.facets import Numbers

FRESH = 4096
"""This many changed rows are scanned before everything is sorted again."""

Keys = NDArray[Any]


class Ordered:
    """Pairs of a value and a row's number, sorted by value; rows changed since then are kept in a separate list.

    A row may have several values, as of labels, or none.
    """

    def __init__(self, keys: Keys, numbers: Numbers) -> None:
        order = np.argsort(keys, kind="stable")
        self._keys = keys[order]
        self._numbers: NDArray[np.uint32] = numbers.astype(np.uint32)[order]
        self._stale: NDArray[np.bool_] = np.zeros(int(numbers.max(initial=-1)) + 1, np.bool_)
        self._fresh_keys: list[Keys] = []
        self._fresh_numbers: list[Numbers] = []
        self._waiting = 0

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return self._keys.nbytes + self._numbers.nbytes + self._stale.nbytes + 16 * sum(map(len, self._fresh_keys))

    def replace(self, rows: Numbers, numbers: Numbers, keys: Keys) -> None:
        """These rows have other values now: `keys`, each for the number beside it."""
        if not len(rows):
            return
        if len(self._stale) <= rows.max():
            self._stale = np.concatenate([self._stale, np.zeros(int(rows.max()) + 1 - len(self._stale), np.bool_)])
        if self._waiting and self._stale[rows].any():
            self._drop(rows)
        self._stale[rows] = True
        self._fresh_keys.append(keys)
        self._fresh_numbers.append(numbers)
        self._waiting += len(rows)

    def settle(self, *, now: bool = False) -> None:
        """Sort again if many rows have changed, or if any have and `now` is set."""
        if self._waiting > (0 if now else FRESH + len(self._keys) // 16):
            kept = ~self._stale[self._numbers]
            keys = np.concatenate([self._keys[kept], *self._fresh_keys])
            Ordered.__init__(self, keys, np.concatenate([self._numbers[kept].astype(np.int64), *self._fresh_numbers]))
        elif len(self._fresh_keys) > 1:
            self._fresh_keys = [np.concatenate(self._fresh_keys)]
            self._fresh_numbers = [np.concatenate(self._fresh_numbers)]

    def count(self, low: int | None, high: int | None) -> int:
        """About how many rows lie between two values, both included; None is no bound."""
        first, last = self._range(low, high)
        return last - first + self._waiting

    def between(self, low: int | None, high: int | None) -> Numbers:
        """The numbers of these rows, in no order."""
        first, last = self._range(low, high)
        found = self._numbers[first:last].astype(np.int64)
        if not self._waiting:
            return found
        keys, numbers = np.concatenate(self._fresh_keys), np.concatenate(self._fresh_numbers)
        within = np.ones(len(keys), np.bool_) if low is None else keys >= low
        within &= True if high is None else keys <= high
        return np.concatenate([found[~self._stale[found]], numbers[within]])

    def _range(self, low: int | None, high: int | None) -> tuple[int, int]:
        """The slice of these values. A bound of another dtype would have the array copied."""
        kind = np.iinfo(self._keys.dtype)
        if (low is not None and low > kind.max) or (high is not None and high < kind.min):
            return 0, 0
        first = 0 if low is None else np.searchsorted(self._keys, self._keys.dtype.type(max(low, kind.min)))
        last = len(self._keys)
        if high is not None:
            last = np.searchsorted(self._keys, self._keys.dtype.type(min(high, kind.max)), "right")
        return int(first), max(int(first), int(last))

    def _drop(self, rows: Numbers) -> None:
        """Rows that changed twice since the sorting: only their last values count."""
        numbers, keys = np.concatenate(self._fresh_numbers), np.concatenate(self._fresh_keys)
        kept = ~np.isin(numbers, rows)
        self._fresh_numbers, self._fresh_keys = [numbers[kept]], [keys[kept]]
