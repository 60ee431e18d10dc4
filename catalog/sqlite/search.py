"""Filters, order and likeness over the columns."""

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from catalog.query import Query, after_prefix
from catalog.row import folded
from catalog.sqlite.columns import Columns
from catalog.sqlite.facets import NAME_BYTES, Numbers, name_numbers
from catalog.sqlite.order import chosen

Array: TypeAlias = NDArray[np.generic]
Mask: TypeAlias = NDArray[np.bool_]
Test: TypeAlias = tuple[str, Callable[[Array], Mask]]
"""A facet's name, and which of its values pass."""

NONE: Numbers = np.zeros(0, np.int64)


class Words(NamedTuple):
    """What the columns do not hold: the code of a word (None: no row has it), the rows of a long prefix."""

    code: Callable[[str], int | None]
    named: Callable[[str, str | None], Numbers]


def matching(columns: Columns, query: Query, words: Words) -> Numbers:
    """Numbers of the rows that meet every filter, in no order."""
    codes = {name: words.code(text) for name in ("format", "camera", "label") if (text := getattr(query, name))}
    if None in codes.values():
        return NONE
    tests = list(_tests(query, codes))
    numbers = _listed(columns, query, codes, words)
    if numbers is None:
        return _all(columns, tests)
    for name, passes in [("ready", _true), *tests]:
        numbers = numbers[passes(columns[name][numbers])]
    return numbers


def _listed(columns: Columns, query: Query, codes: dict[str, int | None], words: Words) -> Numbers | None:
    """The rows that a list names, where a filter has one: of a label, of a long name."""
    found = None
    if (label := codes.get("label")) is not None:
        found = columns.labels.having(label)
    if query.name is not None and len(prefix := folded(query.name)) and len(prefix.encode()) > NAME_BYTES:
        named = words.named(prefix, after_prefix(prefix))
        found = named if found is None else np.intersect1d(found, named)
    return found


def _all(columns: Columns, tests: list[Test]) -> Numbers:
    mask = columns["ready"].astype(np.bool_)
    for name, passes in tests:
        mask &= passes(columns[name])
    return _where(mask)


def _where(mask: Mask) -> Numbers:
    """`np.flatnonzero`, three times as fast where few are set: looks at eight at a time first."""
    whole = len(mask) & ~7
    eights = np.flatnonzero(mask[:whole].view(np.uint64))
    if len(eights) * 4 > len(mask) >> 3:
        return np.flatnonzero(mask)
    rows, places = np.nonzero(mask[:whole].reshape(-1, 8)[eights])
    return np.concatenate([eights[rows] * 8 + places, whole + np.flatnonzero(mask[whole:])])


def _true(values: Array) -> Mask:
    return values.astype(np.bool_, copy=False)


def _tests(query: Query, codes: dict[str, int | None]) -> Iterator[Test]:
    """One comparison a filter; labels and long names are lists instead."""
    for name in ("format", "camera"):
        if name in codes:
            yield name, _between(codes[name], codes[name])
    for name in ("width", "height"):
        low, high = getattr(query, f"min_{name}"), getattr(query, f"max_{name}")
        if low is not None or high is not None:
            yield name, _between(low, high)
    if query.after is not None or query.before is not None:
        yield "at", _between(query.after, None if query.before is None else query.before - 1)
    if query.similar_to is not None:
        yield "hashed", _true
    if query.name is not None:
        yield from _named(folded(query.name).encode())


def _between(low: int | None, high: int | None) -> Callable[[Array], Mask]:
    """From low to high, both included; None is no bound."""
    if low is not None and low == high:
        return lambda values: values == low
    if high is None:
        return lambda values: values >= low  # type: ignore[operator]
    if low is None:
        return lambda values: values <= high  # type: ignore[operator]
    return lambda values: (values >= low) & (values <= high)  # type: ignore[operator]


def _named(prefix: bytes) -> Iterator[Test]:
    """The first 16 bytes are in the columns."""
    if len(prefix) > NAME_BYTES:
        return
    low, high = name_numbers(prefix), name_numbers(prefix, b"\xff")
    yield "name1", _between(low[0], high[0])
    if len(prefix) > 8:
        yield "name2", _between(low[1], high[1])


def nearest(columns: Columns, numbers: Numbers, phash: int, most: int) -> tuple[Numbers, list[int]]:
    """The rows of least Hamming distance, nearest first, and their distances."""
    distances = np.bitwise_count(columns["phash"][numbers].astype(np.uint64, copy=False) ^ np.uint64(phash))
    near = chosen(distances, numbers, most)
    order = near[np.lexsort((numbers[near], distances[near]))][:most]
    return numbers[order], distances[order].tolist()
