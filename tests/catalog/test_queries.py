"""Queries over both catalogs, beside the same in plain Python: filters, orders, likeness, pages, cursors."""

import base64
import contextlib
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from catalog import Catalog, Query, Row, id_of
from catalog.errors import BadCursorError
from catalog.mongo import MongoCatalog
from catalog.query import SORTS
from catalog.sqlite import SqliteCatalog
from core.errors import BadParameterError
from tests.catalog.conftest import Open
from tests.catalog.support import Clock, assert_answers, distance, listed, meets, pages, row

ROWS = 60
_NUMBERS = itertools.count()
NOW = 1_700_000_000_000


Fresh = Callable[[Clock], Catalog]
Filled = tuple[Catalog, list[Row]]


@pytest.fixture(scope="module", params=["sqlite", "mongo"])
def fresh(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fresh]:
    """`fresh(clock)`: another empty catalog of the kind, for tests that only read what was put before them."""
    uri = request.getfixturevalue("server") if request.param == "mongo" else ""
    with contextlib.ExitStack() as stack:

        def opened(clock: Clock) -> Catalog:
            made = (
                MongoCatalog(uri, f"queries{next(_NUMBERS)}", now=clock)
                if uri
                else SqliteCatalog(tmp_path_factory.mktemp("queries") / "catalog.sqlite", now=clock)
            )
            return stack.enter_context(contextlib.closing(made))

        yield opened


@pytest.fixture(scope="module")
def filled(fresh: Fresh) -> Filled:
    """Sixty rows of few kinds, three of them not ready, put at a few different times. To be read only."""
    rows, clock = [], Clock()
    catalog = fresh(clock)
    for number in range(ROWS):
        clock.seconds += number % 4 == 0
        rows.append(catalog.put(row(number, state="pending" if number % 20 == 7 else "ready")))
    return catalog, rows  # type: ignore[return-value]


@pytest.fixture(scope="module")
def level(fresh: Fresh) -> Filled:
    """Two dozen rows, all put at one time. To be read only."""
    catalog = fresh(Clock())
    return catalog, [catalog.put(row(number)) for number in range(24)]  # type: ignore[misc]


FILTERS: dict[str, dict[str, Any]] = {
    "none": {},
    "a least width": {"min_width": 1920},
    "a greatest width": {"max_width": 640},
    "one width": {"min_width": 640, "max_width": 640},
    "a width that no row has": {"min_width": 65535, "max_width": 1},
    "both sides": {"min_width": 641, "max_height": 1080},
    "a height": {"min_height": 3000, "max_height": 3000},
    "a format": {"format": "png"},
    "a format in another case": {"format": "PNG"},
    "an unknown format": {"format": "tiff"},
    "a label": {"label": "cat"},
    "a label like an operator": {"label": "$where"},
    "a label with a dot": {"label": "a.b"},
    "an unknown label": {"label": "dragon"},
    "a camera": {"camera": "X-T5"},
    "half a camera": {"camera": "X"},
    "a name": {"name": "img"},
    "a name in another case": {"name": "BILD Ä"},
    "a decomposed name": {"name": "bild a\u0308"},
    "a name of 8 bytes": {"name": "an-even-"},
    "a name of 16": {"name": "an-even-longer-n"},
    "a longer name": {"name": "an-even-longer-name-than"},
    "a whole name": {"name": "an-even-longer-name-than-that_3.jpg"},
    "a name like a pattern": {"name": "%"},
    "a name like an expression": {"name": ".*"},
    "the last of all names": {"name": "\U0010ffff"},
    "after": {"after": 0},
    "after, to the millisecond": {"after": 1},
    "before": {"before": 0},
    "between": {"after": -5, "before": 1},
    "everything": {
        "min_width": 1,
        "max_width": 65535,
        "min_height": 1,
        "max_height": 3000,
        "format": "jpeg",
        "label": "cat",
        "camera": "X-T5",
        "name": "i",
        "after": -10,
        "before": NOW + 10**6,
    },
    "a label and a long name": {"label": "cat", "name": "an-even-longer-name"},
}


@pytest.mark.parametrize("filters", FILTERS.values(), ids=FILTERS)
def test_filters(filled: Filled, filters: dict[str, Any]) -> None:
    catalog, rows = filled
    query = Query(**filters, limit=7)
    assert_answers(listed(catalog, query), rows, query)


@pytest.mark.parametrize("filters", [{}, {"min_width": 2}, {"label": "cat"}], ids=["none", "a width", "a label"])
@pytest.mark.parametrize("limit", [1, 5, 200])
@pytest.mark.parametrize("sort", [sign + key for key in SORTS for sign in ("", "-")])
def test_orders(level: Filled, sort: str, limit: int, filters: dict[str, Any]) -> None:
    catalog, rows = level
    query = Query(sort=sort, limit=limit, **filters)
    assert_answers(listed(catalog, query), rows, query)


def test_an_order_is_the_same_each_time(filled: Filled) -> None:
    catalog, _ = filled
    query = Query(sort="height", format="jpeg", limit=4)
    assert listed(catalog, query) == listed(catalog, query)
    whole = catalog.find(msgspec.structs.replace(query, limit=200)).images
    assert listed(catalog, query) == list(whole)


# --- likeness -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("most", [1, 5, 200])
@pytest.mark.parametrize("filters", [{}, {"format": "jpeg"}, {"label": "dog"}], ids=["all", "a format", "a label"])
def test_the_most_alike(filled: Filled, filters: dict[str, Any], most: int) -> None:
    catalog, rows = filled
    page = catalog.find(Query(similar_to="0123456789abcdef", limit=most, **filters))
    hashed = [one for one in rows if meets(one, Query(**filters)) and one.phash]
    assert page.distances == tuple(distance(one.phash or "", "0123456789abcdef") for one in page.images)
    assert list(page.distances) == sorted(distance(one.phash or "", "0123456789abcdef") for one in hashed)[:most]
    assert len({one.id for one in page.images}) == len(page.images)
    assert page.next is None


def test_like_a_picture_that_is_here(catalog: Catalog) -> None:
    same, near, far, none = (
        row(number, phash=phash)
        for number, phash in enumerate(["0" * 16, "0" * 15 + "1", "f" * 16, None], start=1)
    )  # fmt: skip
    for one in (far, none, near, same, row(9, phash="0" * 16, state="deleting")):
        catalog.put(one)
    page = catalog.find(Query(similar_to=same.id))
    assert [one.id for one in page.images] == [near.id, far.id]
    assert page.distances == (1, 64)
    for wrong in (none.id, row(9).id, id_of("file:///nowhere")):
        with pytest.raises(BadParameterError, match="similar_to"):
            catalog.find(Query(similar_to=wrong))


# --- cursors --------------------------------------------------------------------------------------------------------


def first_page(catalog: Catalog, **query: Any) -> tuple[Query, str]:
    for number in range(12):
        catalog.put(row(number, format="jpeg", labels=("cat",), name="a" * 30))
    query = {"limit": 3, **query}
    cursor = catalog.find(Query(**query)).next
    assert cursor
    return Query(**query), cursor


def tampered(cursor: str) -> Iterator[str]:
    for place in range(len(cursor)):
        yield cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]


@pytest.mark.parametrize("sort", ["-added", "name"])
def test_no_changed_cursor_is_followed(catalog: Catalog, sort: str) -> None:
    query, cursor = first_page(catalog, sort=sort)
    assert len(catalog.find(msgspec.structs.replace(query, cursor=cursor)).images) == 3
    for wrong in tampered(cursor):
        with pytest.raises(BadCursorError):
            catalog.find(msgspec.structs.replace(query, cursor=wrong))


FORGED: dict[str, Callable[[str], str]] = {
    "nothing": lambda _: "",
    "a space": lambda _: " ",
    "no base64": lambda _: "ä" * 40,
    "half a surrogate": lambda _: "\ud800",
    "padded": lambda cursor: cursor + "=",
    "twice": lambda cursor: cursor + cursor,
    "short": lambda cursor: cursor[:16],
    "a seal alone": lambda cursor: cursor[:22],
    "long": lambda _: "A" * 4096,
    "a zero byte": lambda cursor: cursor + "\0",
    "with a line's end": lambda cursor: cursor + "\n",
    "no seal": lambda _: base64.urlsafe_b64encode(b"[1,1]").decode(),
    "an operator": lambda _: base64.urlsafe_b64encode(b"0" * 16 + b'[{"$gt":""},1]').decode(),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_no_forged_cursor_is_followed(catalog: Catalog, forge: Callable[[str], str]) -> None:
    query, cursor = first_page(catalog)
    with pytest.raises(BadCursorError):
        catalog.find(msgspec.structs.replace(query, cursor=forge(cursor)))


OTHERS: dict[str, dict[str, Any]] = {
    "another order": {"sort": "added"}, "another key": {"sort": "-bytes"}, "a filter more": {"label": "cat"},
    "another format": {"format": "png"}, "a width": {"min_width": 1}, "the same value elsewhere": {"max_width": 1},
}  # fmt: skip


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_a_cursor_belongs_to_its_query(catalog: Catalog, other: dict[str, Any]) -> None:
    query, cursor = first_page(catalog, format="jpeg")
    catalog.find(msgspec.structs.replace(query, cursor=cursor, limit=1))  # the limit may change on the way
    with pytest.raises(BadCursorError):
        catalog.find(msgspec.structs.replace(query, cursor=cursor, **other))


def test_a_cursor_belongs_to_its_catalog_and_outlives_a_handle(open_catalog: Open, tmp_path: Any) -> None:
    query, cursor = first_page(open_catalog())
    again = open_catalog().find(msgspec.structs.replace(query, cursor=cursor))
    assert len(again.images) == 3
    other = SqliteCatalog(tmp_path / "other.sqlite")
    with pytest.raises(BadCursorError):
        other.find(msgspec.structs.replace(query, cursor=cursor))
    other.close()


@pytest.mark.parametrize("filters", [{}, {"label": "cat"}], ids=["unfiltered", "filtered"])
def test_rows_added_on_the_way(catalog: Catalog, clock: Clock, filters: dict[str, Any]) -> None:
    """Each row that was there all the time comes once, whatever is added, removed or changed between the pages."""
    stay = [catalog.put(row(number, labels=("cat",))) for number in range(30)]
    go = [catalog.put(row(number, labels=("cat",))) for number in range(30, 40)]
    seen: list[Row] = []
    for turn, page in enumerate(pages(catalog, Query(sort="bytes", limit=3, **filters))):
        seen += page.images
        clock.seconds += 1
        catalog.put(row(100 + turn, labels=("cat",)))
        if turn < len(go):
            assert catalog.delete(go[turn])  # type: ignore[arg-type]
    ids = [one.id for one in seen]
    assert len(ids) == len(set(ids))
    assert {one.id for one in stay if one} <= set(ids)
    assert [one.bytes for one in seen] == sorted(one.bytes for one in seen)
