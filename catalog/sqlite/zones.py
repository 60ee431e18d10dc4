"""The least and greatest value of each run of rows, so that runs without better rows can be skipped.

This is a block range index: https://www.postgresql.org/docs/current/brin.html. It pays off if values grow with the
rows' numbers, as the time of adding does.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.sqlite.facets import Numbers

ROWS = 2**13
"""Rows of one run."""


class Zones:
    """Bounds of a column's values. They only widen: they may still include values that are gone."""

    def __init__(self, column: NDArray[Any]) -> None:
        starts = np.arange(0, len(column), ROWS)
        self._low = np.minimum.reduceat(column, starts) if len(column) else column.copy()
        self._high = np.maximum.reduceat(column, starts) if len(column) else column.copy()

    def widen(self, rows: Numbers, values: NDArray[Any]) -> None:
        """These rows have these values now."""
        runs = rows // ROWS
        if missing := max(0, int(runs.max(initial=-1)) + 1 - len(self._low)):
            bounds = np.iinfo(self._low.dtype)
            self._low = np.concatenate([self._low, np.full(missing, bounds.max, self._low.dtype)])
            self._high = np.concatenate([self._high, np.full(missing, bounds.min, self._high.dtype)])
        np.minimum.at(self._low, runs, values)
        np.maximum.at(self._high, runs, values)

    def bounds(self, first: int, last: int) -> tuple[Any, Any]:
        """Bounds of the values of the rows `first` to `last`, inclusive."""
        runs = slice(first // ROWS, last // ROWS + 1)
        return self._low[runs].min(), self._high[runs].max()
