"""Which rows have which label."""

import numpy as np
from numpy.typing import NDArray

from catalog.sqlite.facets import CODE, Numbers

_FRESH = 4096
"""So many changed rows are looked through one by one before everything is sorted anew."""


class Postings:
    """Pairs of a label's code and a row's number, sorted by code; rows changed since the sorting stand aside."""

    def __init__(self) -> None:
        self._codes = np.zeros(0, CODE)
        self._numbers: NDArray[np.uint32] = np.zeros(0, np.uint32)
        self._stale: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._fresh: list[tuple[Numbers, NDArray[np.uint32]]] = []
        self._waiting = 0

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        fresh = sum(numbers.nbytes + codes.nbytes for numbers, codes in self._fresh)
        return self._codes.nbytes + self._numbers.nbytes + self._stale.nbytes + fresh

    def replace(self, rows: Numbers, lengths: NDArray[np.generic], codes: NDArray[np.uint32]) -> None:
        """These rows have these labels now: so many of `codes` each, in order."""
        if len(self._stale) <= rows.max():
            self._stale = np.concatenate([self._stale, np.zeros(int(rows.max()) + 1 - len(self._stale), np.bool_)])
        self._drop(rows)
        self._stale[rows] = True
        self._fresh.append((np.repeat(rows, lengths.astype(np.int64)), codes))
        self._waiting += len(rows)

    def settle(self) -> None:
        """Sort anew where many rows stand aside."""
        if self._waiting > _FRESH + len(self._codes) // 16:
            self._sort()

    def having(self, code: int) -> Numbers:
        """Numbers of the rows with this label, in no order."""
        first, last = np.searchsorted(self._codes, np.array([code, code + 1], CODE))
        found = self._numbers[first:last]
        fresh = [numbers[codes == code] for numbers, codes in self._fresh]
        return np.concatenate([found[~self._stale[found]].astype(np.int64), *fresh])

    def _drop(self, rows: Numbers) -> None:
        """Rows that changed twice since the sorting: only their last labels count."""
        if self._fresh and self._stale[rows].any():
            self._fresh = [
                (numbers[kept], codes[kept])
                for numbers, codes in self._fresh
                if (kept := ~np.isin(numbers, rows)).any()
            ]

    def _sort(self) -> None:
        kept = ~self._stale[self._numbers]
        codes = np.concatenate([self._codes[kept], *(codes for _, codes in self._fresh)])
        numbers = np.concatenate([self._numbers[kept], *(numbers.astype(np.uint32) for numbers, _ in self._fresh)])
        order = np.argsort(codes, kind="stable")
        self._codes, self._numbers = codes[order], numbers[order]
        self._stale[:] = False
        self._fresh, self._waiting = [], 0
