"""The first rows of an order out of a stream of rows, without sorting all of them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.sqlite.facets import Numbers

Keys = NDArray[Any]


class TopRows:
    """Keeps the `most` rows that are first by (key, number), or last with `descending`, of those after a place."""

    def __init__(self, most: int, place: tuple[Any, Any] | None = None, *, descending: bool = False) -> None:
        self._most, self._place, self._descending = most, place, descending
        self._keys: list[Keys] = []
        self._numbers: list[Numbers] = []
        self._count = 0
        self._cut: Any = None

    def may_contain(self, low: Any, high: Any) -> bool:
        """Whether a key between these, inclusive, may be among the first: not past the cut, not before the place."""
        nearest, furthest = (high, low) if self._descending else (low, high)
        if self._cut is not None and (nearest < self._cut if self._descending else nearest > self._cut):
            return False
        if self._place is None:
            return True
        return bool(furthest <= self._place[0] if self._descending else furthest >= self._place[0])

    def add(self, keys: Keys, numbers: Numbers) -> None:
        """Add rows. Most are discarded by one comparison with the current cut."""
        if self._cut is not None:
            keys, numbers = _pick(keys, numbers, keys >= self._cut if self._descending else keys <= self._cut)
        if self._place is not None:
            keys, numbers = _pick(keys, numbers, self._after(keys, numbers))
        self._keys.append(keys)
        self._numbers.append(numbers)
        self._count += len(numbers)
        if self._count > self._most:
            self._prune()

    def found(self) -> tuple[Keys, Numbers]:
        """Keys and numbers, in order."""
        if not self._keys:
            return np.zeros(0), np.zeros(0, np.int64)
        keys, numbers = np.concatenate(self._keys), np.concatenate(self._numbers)
        order = np.lexsort((numbers, keys))
        order = order[::-1][: self._most] if self._descending else order[: self._most]
        return keys[order], numbers[order]

    def _after(self, keys: Keys, numbers: Numbers) -> NDArray[np.bool_]:
        key, number = self._place or (None, 0)
        if self._descending:
            return (keys < key) | ((keys == key) & (numbers < number))
        return (keys > key) | ((keys == key) & (numbers > number))

    def _prune(self) -> None:
        """Keep `most`: all before the cut, and of those at the cut the first by number."""
        keys, numbers = np.concatenate(self._keys), np.concatenate(self._numbers)
        self._cut = cut = _nth(keys, self._most, descending=self._descending)
        inside = keys > cut if self._descending else keys < cut
        level = np.flatnonzero(keys == cut)
        room = self._most - int(inside.sum())
        if len(level) > room:
            last = _nth(numbers[level], room, descending=self._descending)
            level = level[numbers[level] >= last if self._descending else numbers[level] <= last]
        chosen = np.concatenate([np.flatnonzero(inside), level])
        self._keys, self._numbers, self._count = [keys[chosen]], [numbers[chosen]], len(chosen)


def _pick(keys: Keys, numbers: Numbers, mask: NDArray[np.bool_]) -> tuple[Keys, Numbers]:
    places = np.flatnonzero(mask)
    return keys.take(places), numbers.take(places)


def _nth(values: Keys, place: int, *, descending: bool) -> Any:
    """The value at a place, counted from 1, of all when they are sorted."""
    index = len(values) - place if descending else place - 1
    return np.partition(values, index)[index]
