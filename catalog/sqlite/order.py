"""The next rows of an order, out of many, without sorting them all."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from catalog.cursor import Place
from catalog.query import Query
from catalog.sqlite.columns import Columns
from catalog.sqlite.facets import Numbers, name_numbers

Keys: TypeAlias = NDArray[np.generic]

_SAMPLE = 1024
_COLUMNS = {"taken": "at"}


def following(columns: Columns, numbers: Numbers, query: Query, place: Place | None, most: int) -> Numbers:
    """The first `most` rows after a place, in order; of names that begin alike all, for the caller to sort in full."""
    first, second = _keys(columns, numbers, query.key)
    if place is not None:
        value, tie = _place(query.key, place, first.dtype)
        beyond = np.less if query.descending else np.greater
        level = first == value
        alike = level & (second == tie) if query.key == "name" else np.zeros(len(numbers), np.bool_)
        kept = np.flatnonzero(beyond(first, value) | level & beyond(second, tie) | alike)
        numbers, first, second, most = numbers[kept], first[kept], second[kept], most + int(alike.sum())
    if query.descending:
        first, second = ~first, ~second  # type: ignore[misc]
    near = chosen(first, second, most)
    return numbers[near[np.lexsort((second[near], first[near]))]]


def _keys(columns: Columns, numbers: Numbers, key: str) -> tuple[Keys, Keys]:
    """What rows are compared by: the sort's value, then the row's number; of names the first 16 bytes."""
    if key == "name":
        return columns["name1"][numbers], columns["name2"][numbers]
    return columns[_COLUMNS.get(key, key)][numbers], numbers


def _place(key: str, place: Place, kind: np.dtype[np.generic]) -> tuple[Any, Any]:
    if key == "name":
        first, second = name_numbers(str(place[0]).encode())
        return np.uint64(first), np.uint64(second)
    return np.array(place[0], kind)[()], np.int64(place[1])


def chosen(first: Keys, second: Keys, most: int) -> Numbers:
    """Places of the `most` least by (first, second), in no order; more where several are alike."""
    small = _sifted(first, most)
    if len(small) <= most:
        return small
    keys = first[small]
    cut = np.partition(keys, most - 1)[most - 1]
    small = small[keys <= cut]
    below = small[first[small] < cut]
    level = small[first[small] == cut]
    room = most - len(below)
    if len(level) > room:
        ties = second[level]
        level = level[ties <= np.partition(ties, room - 1)[room - 1]]
    return np.concatenate([below, level])


def _sifted(keys: Keys, most: int) -> Numbers:
    """Places of at least `most` that hold the least: a sample tells about where the cut is, so few are left to sort."""
    step = len(keys) // _SAMPLE
    if step > 2 * most // _SAMPLE + 8:
        sample = np.sort(keys[::step])
        within = np.flatnonzero(keys <= sample[2 * most // step + 8])
        if len(within) >= most:
            return within
    return np.arange(len(keys))
