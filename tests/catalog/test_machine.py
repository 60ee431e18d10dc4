"""Both catalogs beside a plain dictionary: any series of writes and queries leaves the three alike."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from catalog import Catalog, Query, Row
from catalog.base import TRANSITIONS
from catalog.mongo import MongoCatalog
from catalog.query import SORTS
from catalog.sqlite import SqliteCatalog
from tests.catalog.support import CAMERAS, FORMATS, LABELS, Clock, assert_answers, distance, listed, meets, row

EXAMPLES = int(os.environ.get("CATALOG_EXAMPLES", "15"))
KEYS = st.integers(0, 11)
SHAPES = st.integers(0, 10**6)
STATES = st.sampled_from(["pending", "ready", "ready", "ready", "deleting"])
WIDTHS = st.one_of(st.none(), st.sampled_from([1, 2, 640, 1920, 4000, 65535]))
NAMES = st.one_of(
    st.none(), st.sampled_from(["i", "IMG_", "bild ä", "an-even-longer-name-than-that_", "zzz", "an-even-longer-n"])
)
QUERIES = st.builds(
    Query,
    min_width=WIDTHS, max_width=WIDTHS, min_height=WIDTHS, max_height=WIDTHS,
    format=st.one_of(st.none(), st.sampled_from(FORMATS)), label=st.one_of(st.none(), st.sampled_from(LABELS)),
    camera=st.one_of(st.none(), st.sampled_from([one for one in CAMERAS if one])), name=NAMES,
    after=st.one_of(st.none(), st.sampled_from([-5, 0, 1_600_000_000_000, 1_700_000_000_000])),
    before=st.one_of(st.none(), st.sampled_from([0, 1, 1_700_000_003_000])),
    sort=st.sampled_from([sign + key for key in SORTS for sign in ("", "-")]), limit=st.integers(1, 9),
)  # fmt: skip
FILTERS = Query.__struct_fields__[:10]
SPARSE = st.builds(
    lambda query, kept: msgspec.structs.replace(query, **{name: None for name in FILTERS if name not in kept}),
    QUERIES,
    st.sets(st.sampled_from(FILTERS), max_size=2),
)


class Listing(msgspec.Struct):
    """A listing under way: what it gave, and which rows nobody has touched since it began."""

    query: Query
    seen: list[Row]
    untouched: dict[str, Row]


class Machine(RuleBasedStateMachine):
    """Writes go to all; whatever a query gives is compared with the dictionary's rows."""

    uri: str

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "catalog.sqlite"
        self.mongo = MongoCatalog(self.uri, "machine", now=self.clock)
        self.mongo._rows.delete_many({})
        self.files = [SqliteCatalog(path, now=self.clock) for _ in range(2)]
        self.turn = 0
        self.rows: dict[str, tuple[Row, Row]] = {}
        self.listings: dict[str, Listing] = {}

    def teardown(self) -> None:
        for catalog in (*self.files, self.mongo):
            catalog.close()
        self.folder.cleanup()

    @property
    def sqlite(self) -> SqliteCatalog:
        """One of two handles in turn, so that each must hear of the other's writes."""
        self.turn += 1
        return self.files[self.turn % 2]

    def touched(self, key: str) -> None:
        for listing in self.listings.values():
            listing.untouched.pop(key, None)

    @rule(key=KEYS, shape=SHAPES, state=STATES, seconds=st.integers(0, 2))
    def put(self, key: int, shape: int, state: Any, seconds: int) -> None:
        self.clock.seconds += seconds
        made = msgspec.structs.replace(
            row(shape, state=state), id=row(key).id, source=row(key).source, sha256=row(key).sha256
        )
        stored = self.sqlite.put(made), self.mongo.put(made)
        assert stored[0]
        assert stored[1]
        self.rows[made.id] = stored  # type: ignore[assignment]
        self.touched(made.id)

    @rule(key=KEYS, shape=SHAPES, stale=st.booleans())
    def swap(self, key: int, shape: int, stale: bool) -> None:
        made = msgspec.structs.replace(row(shape), id=row(key).id, source=row(key).source, sha256=row(key).sha256)
        old = self.rows.get(made.id)
        revisions = (
            ("", "")
            if (old is None) != stale
            else ("0" * 16,) * 2
            if stale or old is None
            else (old[0].revision, old[1].revision)
        )
        stored = self.sqlite.put(made, over=revisions[0]), self.mongo.put(made, over=revisions[1])
        if stale:
            assert stored == (None, None)
            return
        assert stored[0]
        assert stored[1]
        self.rows[made.id] = stored  # type: ignore[assignment]
        self.touched(made.id)

    @precondition(lambda self: self.rows)
    @rule(data=st.data(), state=STATES)
    def change(self, data: st.DataObject, state: Any) -> None:
        key = data.draw(st.sampled_from(sorted(self.rows)))
        one, other = self.rows[key]
        if (one.state, state) not in TRANSITIONS:
            return
        moved = self.sqlite.change(one, state), self.mongo.change(other, state)
        assert None not in moved
        assert self.sqlite.change(one, state) is None
        assert self.mongo.change(other, state) is None
        self.rows[key] = moved  # type: ignore[assignment]
        self.touched(key)

    @precondition(lambda self: self.rows)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.rows)))
        one, other = self.rows.pop(key)
        assert (self.sqlite.delete(one), self.mongo.delete(other)) == (True, True)
        assert (self.sqlite.delete(one), self.mongo.delete(other)) == (False, False)
        self.touched(key)

    @rule(query=st.one_of(SPARSE, QUERIES))
    def find(self, query: Query) -> None:
        for place, catalog in self.both():
            assert_answers(listed(catalog, query), [rows[place] for rows in self.rows.values()], query)

    @rule(query=SPARSE, phash=st.sampled_from(["0" * 16, "f" * 16, "0123456789abcdef"]))
    def alike(self, query: Query, phash: str) -> None:
        query = msgspec.structs.replace(query, similar_to=phash, sort="-added")
        for place, catalog in self.both():
            hashed = [rows[place] for rows in self.rows.values() if meets(rows[place], query) and rows[place].phash]
            page = catalog.find(query)
            assert page.distances == tuple(distance(one.phash or "", phash) for one in page.images)
            assert list(page.distances) == sorted(distance(one.phash or "", phash) for one in hashed)[: query.limit]

    @rule(query=SPARSE)
    def begin(self, query: Query) -> None:
        for place, (name, catalog) in enumerate((("sqlite", self.sqlite), ("mongo", self.mongo))):
            page = catalog.find(query)
            untouched = {key: rows[place] for key, rows in self.rows.items() if meets(rows[place], query)}
            self.listings[name] = Listing(
                msgspec.structs.replace(query, cursor=page.next), list(page.images), untouched
            )

    @precondition(lambda self: self.listings)
    @rule()
    def go_on(self) -> None:
        for name, catalog in (("sqlite", self.sqlite), ("mongo", self.mongo)):
            listing = self.listings.get(name)
            if listing is None:
                continue
            if listing.query.cursor is None:
                ids = [one.id for one in listing.seen]
                assert all(ids.count(key) == 1 for key in listing.untouched)
                del self.listings[name]
                continue
            page = catalog.find(listing.query)
            listing.seen += page.images
            listing.query = msgspec.structs.replace(listing.query, cursor=page.next)

    @invariant()
    def what_is_kept_is_the_same(self) -> None:
        for place, catalog in self.both():
            for key, rows in self.rows.items():
                assert catalog.get(key, hidden=True) == rows[place]
            waiting = {one.id for one in catalog.pending(-1)}
            assert waiting == {key for key, rows in self.rows.items() if rows[place].state != "ready"}

    def both(self) -> Iterator[tuple[int, Catalog]]:
        yield 0, self.sqlite
        yield 1, self.mongo


def test_any_series_leaves_them_alike(server: str) -> None:
    machine = type("Here", (Machine,), {"uri": server})
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(max_examples=EXAMPLES, stateful_step_count=25, deadline=None,
                          suppress_health_check=list(HealthCheck)),
    )  # fmt: skip
