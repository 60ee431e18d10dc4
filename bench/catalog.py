"""Queries over a catalog of a million rows in SQLite, in reads by key of the same run."""

import contextlib
import itertools
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from bench.catalog_rows import ANY, RARE, filled
from bench.marks import mark
from catalog.query import SORTS, Query
from catalog.sqlite import SqliteCatalog
from catalog.sqlite.facets import PACKED

ROWS, LIMIT, DEEP, LATER = 1_000_000, 50, 10_000, 100
REPEATS, READS = 15, 300
UNFILTERED, ONE_PERCENT, ANYTHING, PAGES, SIMILAR, GROWTH = 20.0, 60.0, 500.0, 1.2, 2.0, 1.02


Keys = Callable[[], float]
"""Seconds of a read by key, now."""


class Line(NamedTuple):
    """What was asked, what it was compared with, both times in seconds, and the ratio that is allowed."""

    name: str
    seconds: float
    beside: float
    target: float
    first: float = 0.0
    """Seconds of its first run, which may have to sort by a facet."""

    @property
    def ratio(self) -> float:
        """How much longer it took."""
        return self.seconds / self.beside

    @property
    def met(self) -> bool:
        """Whether it stayed within."""
        return self.ratio <= self.target


def run() -> tuple[str, bool]:
    """The section's text, and whether every target is met."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "catalog.sqlite"
        began = time.perf_counter()
        ids = filled(path, ROWS)
        print(f"  {ROWS:,} rows in {time.perf_counter() - began:.0f} s", flush=True)
        with contextlib.closing(SqliteCatalog(path)) as catalog:
            return _measured(catalog, path, ids)


def _measured(catalog: SqliteCatalog, path: Path, ids: list[str]) -> tuple[str, bool]:
    cold = _median(lambda: catalog.find(Query(format="none")), 1)
    keys = _keys(catalog, ids)
    queries = [*_unfiltered(catalog, keys), *_filtered(catalog, keys), _writing(catalog, path, keys)]
    others = [*_deep(catalog), _alike(catalog, path)]
    growth = _growth(catalog)
    text = _TEXT.format(
        rows=ROWS, limit=LIMIT, key=statistics.median(line.beside for line in queries) * 1e6, later=LATER, deep=DEEP,
        queries="\n".join(map(_row, queries)), others="\n".join(map(_row, others)), cold=cold * 1e3,
        columns=catalog.nbytes / ROWS, first=max(line.first for line in queries) * 1e3, unfiltered=UNFILTERED,
        one_percent=ONE_PERCENT, anything=ANYTHING, growth=growth - 1, mark=mark(growth <= GROWTH),
        growth_target=GROWTH - 1,
    )  # fmt: skip
    return text, growth <= GROWTH and all(line.met for line in (*queries, *others))


_TEXT = """## Catalog

SQLite with {rows:,} rows, pages of {limit}. A read by key takes {key:.0f} µs (median of random ones); the table
gives each query's median in such reads, taken before and after it. "Page {later}" is the same query with the cursor
of the page before. Targets: ≤ {unfiltered:g} unfiltered, ≤ {one_percent:g} where one row in a hundred matches,
≤ {anything:g} whatever matches.

| query | ms | in reads by key | target | |
|---|---|---|---|---|
{queries}

| | ms | beside it, ms | ratio | target | |
|---|---|---|---|---|---|
{others}

The first filtered query of a process reads the columns: {cold:.0f} ms; the first by another facet sorts by that:
up to {first:.0f} ms. With all facets in use they take {columns:.0f} bytes a row.
Anonymous memory over the listing of {deep:,} pages and of {later} filtered ones: {growth:+.1%} {mark}
(target ≤ {growth_target:.0%}).
"""


def _median(call: Callable[[], object], repeats: int) -> float:
    """Seconds of a call."""
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def _keys(catalog: SqliteCatalog, ids: list[str]) -> Keys:
    chosen = itertools.cycle(random.Random(2).sample(ids, min(20_000, len(ids))))

    def keys() -> float:
        return _median(lambda: catalog.get(next(chosen)), READS)

    for _ in range(10):
        keys()
    return keys


def _line(catalog: SqliteCatalog, name: str, query: Query, keys: Keys, target: float) -> Line:
    """Reads by key go before and after the query's runs: the machine may be slower at one time than at another."""
    first = _median(lambda: catalog.find(query), 1)
    before = keys()
    seconds = _median(lambda: catalog.find(query), REPEATS)
    line = Line(name, seconds, (before + keys()) / 2, target, first)
    print(f"  {name}: {line.ratio:.1f}", flush=True)
    return line


def _unfiltered(catalog: SqliteCatalog, keys: Keys) -> Iterator[Line]:
    for sort in [sign + sort for sort in SORTS for sign in ("", "-")]:
        yield _line(catalog, f"unfiltered, `{sort}`", Query(sort=sort, limit=LIMIT), keys, UNFILTERED)


def _filtered(catalog: SqliteCatalog, keys: Keys) -> Iterator[Line]:
    for target, cases, share in ((ONE_PERCENT, RARE, "1 %: "), (ANYTHING, ANY, "")):
        for name, asked in cases.items():
            query = Query(limit=LIMIT, **asked)
            yield _line(catalog, share + name, query, keys, target)
            later = _page(catalog, query, LATER)
            if later.cursor:
                yield _line(catalog, f"{share}{name}, page {LATER}", later, keys, target)


def _writing(catalog: SqliteCatalog, path: Path, keys: Keys) -> Line:
    """Each query comes after another process's write, so that columns must catch up."""
    with contextlib.closing(SqliteCatalog(path)) as other:
        (row,) = other.find(Query(limit=1)).images
        query, taken = Query(limit=LIMIT, format="gif"), []
        for _ in range(REPEATS):
            other.put(row)
            taken.append(_median(lambda: catalog.find(query), 1))
    return Line("1 %: a format, each after a write", statistics.median(taken), keys(), ONE_PERCENT)


def _page(catalog: SqliteCatalog, query: Query, number: int) -> Query:
    """The query of a later page; without a cursor where there are not so many."""
    for _ in range(number - 1):
        cursor = catalog.find(query).next
        query = msgspec.structs.replace(query, cursor=cursor)
        if cursor is None:
            break
    return query


def _deep(catalog: SqliteCatalog) -> Iterator[Line]:
    for sort in ("-added", "name"):
        first = Query(sort=sort, limit=LIMIT)
        deep = _page(catalog, first, DEEP)
        taken = [[_median(partial(catalog.find, query), 1) for query in (deep, first)] for _ in range(300)]
        seconds, beside = (statistics.median(column) for column in zip(*taken, strict=True))
        yield Line(f"page {DEEP:,} beside page 1, `{sort}`", seconds, beside, PAGES)


def _alike(catalog: SqliteCatalog, path: Path) -> Line:
    """Beside a sum over a table that holds nothing but the phashes: SQLite's own loop, no value handed to Python."""
    query = Query(similar_to="0123456789abcdef", limit=LIMIT)
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TEMP TABLE bare (phash INTEGER)")
        packed = b"".join(facets for (facets,) in db.execute("SELECT facets FROM facet"))
        numbers = ((number,) for number in np.frombuffer(packed, PACKED)["phash"].astype(np.int64).tolist())
        db.executemany("INSERT INTO bare VALUES (?)", numbers)
        bare = _median(lambda: db.execute("SELECT sum(phash & 1) FROM bare").fetchall(), REPEATS)
    seconds = _median(lambda: catalog.find(query), REPEATS)
    return Line("`similar_to` beside a bare scan of the phashes", seconds, bare, SIMILAR)


def _growth(catalog: SqliteCatalog) -> float:
    """Anonymous memory after long listings against that after a few pages of each."""
    queries = Query(limit=LIMIT), Query(limit=LIMIT, **ANY["half by label"])
    for query in queries:
        _page(catalog, query, 20)
    before = _anonymous()
    for query, pages in zip(queries, (DEEP, LATER), strict=True):
        _page(catalog, query, pages)
    return _anonymous() / before


def _anonymous() -> int:
    text = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("RssAnon"))


def _row(line: Line) -> str:
    target = f"≤ {line.target:g}"
    beside = [f"{line.beside * 1e3:.2f}"] if line.target in (PAGES, SIMILAR) else []
    cells = [
        line.name,
        f"{line.seconds * 1e3:.2f}",
        *beside,
        f"{line.ratio:.2f}" if beside else f"{line.ratio:.0f}",
        target,
    ]
    return f"| {' | '.join(cells)} | {mark(line.met)} |"
