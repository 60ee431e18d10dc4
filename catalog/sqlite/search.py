"""Filters over the columns, one block of rows at a time, so that intermediate results stay in the CPU cache."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from catalog.cursor import Place
from catalog.query import Query
from catalog.sqlite.columns import Columns
from catalog.sqlite.facets import Numbers
from catalog.sqlite.ranks import Bounds
from catalog.sqlite.top import TopRows

Array: TypeAlias = NDArray[np.generic]
Mask: TypeAlias = NDArray[np.bool_]
Pick: TypeAlias = Callable[[Any], Mask]
"""Which of some rows pass, by a slice or by their numbers."""
MayContain: TypeAlias = Callable[[int, int], bool]
"""Whether any row between two numbers, inclusive, could still be in the result."""

BLOCK, LISTED = 2**16, 2**13
"""Rows of a block: in a full scan, and in a list, whose rows are spread over ten times as many and more."""
APART, COSTS = 16, {"label": 1, "format": 2, "camera": 2}
"""The cost of reading a row by its number, where reading it in a full scan costs 1.

Rows of one word are listed by number, so memory is read forwards; those of a range are anywhere.
"""
_COLUMNS = {"taken": "at", "name": "rank"}


def matching(
    columns: Columns, query: Query, codes: dict[str, int], ranks: list[Bounds], may_contain: MayContain
) -> Iterator[Numbers]:
    """Numbers of the rows that meet every filter, block by block, skipping blocks that cannot be in the result.

    If few rows pass some filter, only these are read; else all, the last first if the largest are wanted: numbers grow
    with time, so blocks then mostly come in the requested order, and few rows displace others.
    """
    tests = sorted(_tests(query, codes, ranks), key=lambda test: test.cost(columns))
    if tests and tests[0].cost(columns) <= len(columns):
        picks = [_pick(columns, test) for test in tests[1:]]
        numbers = columns.ordered(tests[0].name).between(*tests[0][1:])
        yield from _listed(columns, numbers, picks, may_contain, descending=query.descending)
        return
    picks = [_pick(columns, test) for test in tests]
    for block in _blocks(len(columns), BLOCK, descending=query.descending):
        if not may_contain(block.start, block.stop - 1):
            continue
        mask: Mask = columns["ready"][block].astype(np.bool_)
        for pick in picks:
            mask &= pick(block)
        yield block.start + np.flatnonzero(mask)


def _blocks(size: int, rows: int, *, descending: bool) -> Iterator[slice]:
    starts = range(0, size, rows)
    for start in reversed(starts) if descending else starts:
        yield slice(start, min(start + rows, size))


def _listed(
    columns: Columns, numbers: Numbers, picks: list[Pick], may_contain: MayContain, *, descending: bool
) -> Iterator[Numbers]:
    needed = [*picks, _pick(columns, Condition("ready", 1, 1))]
    for rows in _blocks(len(numbers), LISTED, descending=descending):
        block = numbers[rows]
        if not may_contain(int(block.min()), int(block.max())):
            continue
        for pick in needed:
            # Several times as fast as a boolean index, whose branches the CPU cannot predict.
            block = block.take(np.flatnonzero(pick(block)))
        yield block


def _taken(column: Array, rows: Any) -> Array:
    """Values of a slice of rows, or of numbered ones: `take` needs four fifths of the time of an index."""
    return column[rows] if isinstance(rows, slice) else column.take(rows)


def _pick(columns: Columns, test: "Condition") -> Pick:
    """A function that tells which rows pass: by the facet itself, or for labels, which have none, by a mask."""
    if test.name in columns:
        return lambda rows: test.passes(_taken(columns[test.name], rows))
    mask = np.zeros(len(columns), np.bool_)
    mask[columns.ordered(test.name).between(test.low, test.high)] = True
    return mask.__getitem__


class Condition(NamedTuple):
    """A facet, and the least and the greatest value that pass; None is no bound."""

    name: str
    low: int | None
    high: int | None

    def cost(self, columns: Columns) -> int:
        """The cost of reading only the rows that pass; never worth it for `hashed`, which nearly all are."""
        if self.name == "hashed":
            return len(columns) + 1
        return columns.ordered(self.name).count(self.low, self.high) * COSTS.get(self.name, APART)

    def passes(self, values: Array) -> Mask:
        """Which of these values pass."""
        if self.low == self.high:
            return values == self.low
        if self.high is None:
            return values >= self.low  # type: ignore[operator]
        if self.low is None:
            return values <= self.high  # type: ignore[operator]
        return (values >= self.low) & (values <= self.high)  # type: ignore[operator]


def _tests(query: Query, codes: dict[str, int], ranks: list[Bounds]) -> Iterator[Condition]:
    """One comparison a filter."""
    yield from (Condition(name, code, code) for name, code in codes.items())
    before = None if query.before is None else query.before - 1
    bounds = [("width", query.min_width, query.max_width), ("height", query.min_height, query.max_height),
              ("at", query.after, before), *(("rank", *bound) for bound in ranks)]  # fmt: skip
    yield from (Condition(name, low, high) for name, low, high in bounds if (low, high) != (None, None))
    if query.similar_to is not None:
        yield Condition("hashed", 1, 1)


def following(
    columns: Columns, matches: Callable[[MayContain], Iterator[Numbers]], query: Query, place: Place | None, most: int
) -> Numbers:
    """The first `most` rows after a place, in order; `place` is a value of what is sorted by and a row's number.

    `matches` yields blocks of rows, skipping those that cannot be in the result.
    """
    name = _COLUMNS.get(query.key, query.key)
    column, zones = columns[name], columns.zones(name)
    beyond = None if place is None else (np.array(place[0], column.dtype)[()], place[1])
    top = TopRows(most, beyond, descending=query.descending)
    for numbers in matches(lambda first, last: zones is None or top.may_contain(*zones.bounds(first, last))):
        top.add(column.take(numbers), numbers)
    return top.found()[1]


def nearest_rows(columns: Columns, blocks: Iterator[Numbers], phash: int, most: int) -> tuple[Numbers, list[int]]:
    """The rows of least Hamming distance, nearest first, and their distances."""
    top, bits = TopRows(most), np.uint64(phash)
    for numbers in blocks:
        top.add(np.bitwise_count(columns["phash"][numbers].astype(np.uint64, copy=False) ^ bits), numbers)
    distances, found = top.found()
    return found, distances.tolist()
