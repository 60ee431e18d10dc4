"""SQLite's columns where they are large: blocks, re-sorting, ranks without room, codes that outgrow two bytes.

The limits are made small, so that a hundred rows meet them all the time.
"""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import Query, Row
from catalog.query import SORTS
from catalog.row import casefolded
from catalog.sqlite import SqliteCatalog, ordered, ranks, search, writing, zones
from catalog.sqlite.facets import PACKED, packed
from catalog.sqlite.top import TopRows
from tests.catalog.support import CAMERAS, FORMATS, LABELS, assert_answers, distance, listed, meets, row

QUERIES = [
    {}, {"min_width": 640}, {"label": "cat"}, {"label": "person", "max_height": 1080}, {"name": "img"},
    {"name": "an-even-longer-name-than-that_1", "format": "jpeg"}, {"format": "png", "after": 0}, {"camera": "X-T5"},
]  # fmt: skip


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "BLOCK", 16)
    monkeypatch.setattr(search, "LISTED", 4)
    monkeypatch.setattr(zones, "ROWS", 4)
    monkeypatch.setattr(search, "APART", 3)
    monkeypatch.setattr(ordered, "FRESH", 5)
    monkeypatch.setattr(ranks, "MOST", 7)
    monkeypatch.setattr(ranks, "STEP", 2)
    monkeypatch.setattr(ranks, "LAST", 4096)
    monkeypatch.setattr(ranks, "END", 8192)


@pytest.fixture
def catalog(tmp_path: Path, small: None) -> Iterator[SqliteCatalog]:
    made = SqliteCatalog(tmp_path / "catalog.sqlite")
    yield made
    made.close()


def steps(catalog: SqliteCatalog, dice: random.Random) -> Iterator[dict[str, Row]]:
    """Rows come, change and go, a few or many at a time; names come in rising, falling and no order."""
    rows: dict[str, Row] = {}
    for turn in range(60):
        for _ in range(dice.choice((1, 1, 2, 12))):
            made = row(dice.randrange(60))
            name = dice.choice((made.name, f"img_{turn:03}", f"img_{999 - turn:03}", "an-even-longer-name-than-that_1"))
            shape = row(dice.getrandbits(30), name=name, id=made.id, source=made.source, sha256=made.sha256)
            if made.id in rows and dice.random() < 0.4:
                assert catalog.delete(rows.pop(made.id))
            else:
                rows[made.id] = catalog.put(shape)  # type: ignore[assignment]
        yield rows


@pytest.mark.parametrize("seed", range(3))
def test_beside_plain_python(catalog: SqliteCatalog, seed: int) -> None:
    dice = random.Random(seed)
    for rows in steps(catalog, dice):
        sort = dice.choice(("", "-")) + dice.choice((*SORTS, "name"))
        query = Query(sort=sort, limit=dice.choice((3, 20, 200)), **dice.choice(QUERIES))
        assert_answers(listed(catalog, query), list(rows.values()), query)
        alike = catalog.find(msgspec.structs.replace(query, similar_to="0" * 16, sort="-added"))
        hashed = [one for one in rows.values() if one.phash and meets(one, query)]
        assert (
            list(alike.distances or ()) == sorted(distance(one.phash or "", "0" * 16) for one in hashed)[: query.limit]
        )


def test_limits_were_met(catalog: SqliteCatalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above would prove little if rows were never sorted anew, ranks had always room, no block was skipped."""
    met: list[str] = []
    worth: list[bool] = []

    def noted(kind: type, name: str) -> None:
        method = getattr(kind, name)
        monkeypatch.setattr(kind, name, lambda self, *values: (met.append(name), method(self, *values))[1])

    noted(ordered.Ordered, "__init__")
    noted(ranks.Ranks, "_number")
    asked = TopRows.may_contain
    monkeypatch.setattr(TopRows, "may_contain", lambda *values: (worth.append(asked(*values)), worth[-1])[1])
    sizes = [len(rows) for rows in steps(catalog, random.Random(0)) if catalog.find(Query(name="img", label="cat"))]
    for sort in ("added", "-added", "taken"):
        catalog.find(Query(min_width=1, sort=sort, limit=3))
        catalog.find(Query(label="cat", sort=sort, limit=1))
    assert {True, False} <= set(worth)
    assert max(sizes) > 16
    assert met.count("__init__") > 5
    assert 5 < met.count("_number") < 50  # never is as wrong as always: names must also be put between others


def test_codes_outgrow_two_bytes(catalog: SqliteCatalog) -> None:
    """The first rows keep their codes when later ones need more room."""
    catalog.put(row(1, camera="first", labels=("first",), format="jpeg"))
    assert len(listed(catalog, Query(camera="first"))) == 1
    with catalog._connections.writing() as db:
        db.execute("INSERT INTO word VALUES (70000, 'filler')")
    for number in range(2, 5):
        catalog.put(row(number, camera=f"late {number}", labels=(f"late {number}",), format="jpeg"))
    assert [one.id for one in listed(catalog, Query(camera="late 3"))] == [row(3).id]
    assert [one.id for one in listed(catalog, Query(label="late 3"))] == [row(3).id]
    assert [one.id for one in listed(catalog, Query(camera="first", label="first"))] == [row(1).id]
    with catalog._connections.reading() as db:
        assert writing.code(db, "late 2") > 65535


def test_packed_is_what_is_read() -> None:
    """Both ways of writing the layout down are one."""
    made = row(1, camera="c", labels=("b", "a", "b"), phash="f" * 16, width=65535, bytes=2**53 - 1, taken=-5)
    codes = {"c": 1, "a": 2, "b": 2**32 - 1, made.format: 4}
    facets, labels = packed(made, codes.__getitem__)
    (read,) = np.frombuffer(facets, PACKED)
    assert read.tolist() == (True, 65535, made.height, 4, 1, 2, made.added, -5, 2**53 - 1, 2**64 - 1)
    assert np.frombuffer(labels, "<u4").tolist() == [2, 2**32 - 1]


BLOCKS = st.lists(st.lists(st.integers(-3, 3), max_size=8), max_size=8)


@given(
    blocks=BLOCKS,
    most=st.integers(1, 10),
    descending=st.booleans(),
    place=st.none() | st.tuples(st.integers(-4, 4), st.integers(0, 70)),
)
def test_least(blocks: list[list[int]], most: int, descending: bool, place: tuple[int, int] | None) -> None:
    keys = [key for block in blocks for key in block]
    top = TopRows(most, place, descending=descending)
    start = 0
    for block in blocks:
        if block and top.may_contain(min(block), max(block)):  # what is not worth a look would change nothing
            top.add(np.array(block, np.int64), np.arange(start, start + len(block)))
        start += len(block)
    pairs = sorted(zip(keys, range(len(keys)), strict=True), reverse=descending)
    if place is not None:
        pairs = [pair for pair in pairs if (pair < place if descending else pair > place)]
    found = top.found()
    assert list(zip(*(column.tolist() for column in found), strict=True)) == pairs[:most]


@given(
    column=st.lists(st.integers(-9, 9), max_size=20),
    changes=st.lists(st.tuples(st.integers(0, 40), st.integers(-20, 20)), max_size=20),
)
def test_zones_hold_all_values(column: list[int], changes: list[tuple[int, int]]) -> None:
    """Rows change and come, with numbers left out; bounds are exact where nothing was overwritten."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zones, "ROWS", 4)
        made = zones.Zones(np.array(column, np.int64))
        values = dict(enumerate(column))
        for rows in (changes[::2], changes[1::2]):
            if rows:
                made.widen(np.array([row for row, _ in rows]), np.array([value for _, value in rows]))
            values |= dict(rows)
        for number, value in values.items():
            low, high = made.bounds(number, number)
            assert low <= value <= high
        if values:
            seen = [*column, *(value for _, value in changes)]
            assert made.bounds(0, max(values)) == (min(seen), max(seen))


def test_kinds_of_values_are_few() -> None:
    """What the tables of this folder draw from; a value that none of them has would make a filter's test empty."""
    rows: list[Any] = [row(number) for number in range(60)]
    assert {one.format for one in rows} == set(FORMATS)
    assert {one.camera for one in rows} == set(CAMERAS)
    assert {label for one in rows for label in one.labels} == set(LABELS)
    assert len({casefolded(one.name) for one in rows}) > 15
