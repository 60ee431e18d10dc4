"""What every catalog does: rows written, compared, moved, removed; found when they are ready and only then."""

import threading
from typing import Any

import msgspec
import pytest

from catalog import Catalog, Query, Row, id_of
from catalog.base import TRANSITIONS
from tests.catalog.conftest import Open
from tests.catalog.support import START, Clock, row

STATES = ("pending", "ready", "deleting")


def put(catalog: Catalog, *rows: Row) -> list[Row]:
    stored = [catalog.put(one) for one in rows]
    assert None not in stored
    return stored  # type: ignore[return-value]


def found(catalog: Catalog, **query: Any) -> set[str]:
    return {one.id for one in catalog.find(Query(**query)).images}


def test_empty(catalog: Catalog) -> None:
    assert catalog.get(id_of("file:///nowhere")) is None
    assert catalog.find(Query()).images == ()
    assert catalog.find(Query(label="cat")).images == ()
    assert catalog.find(Query(similar_to="0" * 16)).images == ()
    assert list(catalog.pending(0)) == []


def test_what_is_put_comes_back(open_catalog: Open) -> None:
    (stored,) = put(open_catalog(), row(1))
    assert msgspec.structs.replace(stored, added=0, changed=0, revision="") == row(1)
    assert (stored.added, stored.changed) == (START * 1000, START * 1000)
    assert open_catalog().get(stored.id) == stored
    assert open_catalog().find(Query()).images == (stored,)


HOSTILE = {
    "quotes": "a'b\"c`d\\e", "operators": "$where", "a path": "a.b.c", "nothing": "", "a zero byte": "a\0b",
    "SQL": "'); DROP TABLE picture; --", "JSON": '{"$gt": ""}', "wide": "𝛼 é 😀 \U0010ffff", "controls": "\x01\n\x7f",
    "bidi": "\u202egnp.exe", "as long as keys are": "ä" * 1024,
}  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_any_text_is_kept(catalog: Catalog, text: str) -> None:
    word = text[:128] or "-"
    source = f"file:///in/{text}"
    made = row(1, source=source, name=text, version=text, camera=word, labels=(word,), counts={word: 3}, format=word)
    (stored,) = put(catalog, made)
    assert catalog.get(id_of(source)) == stored
    assert (stored.name, stored.counts, stored.labels) == (text, {word: 3}, (word,))
    assert found(catalog, label=word) == found(catalog, camera=word) == found(catalog, format=word) == {stored.id}


WRONG: dict[str, dict[str, Any]] = {
    "no width": {"width": 0}, "too wide": {"width": 65536}, "a float": {"height": 1.5}, "text": {"bytes": "1"},
    "beyond 53 bits": {"bytes": 2**53}, "beyond 64 bits": {"bytes": 2**70}, "half a surrogate": {"name": "\ud800"},
    "an id that is none": {"id": "x"}, "an operator": {"id": {"$gt": ""}}, "a short hash": {"sha256": "00"},
    "a phash of 65 bits": {"phash": "1" + "0" * 16}, "upper-case hex": {"phash": "A" * 16},
    "the year 10000": {"taken": 253_402_300_800_000}, "an unknown state": {"state": "gone"},
    "an empty label": {"labels": ("",)}, "a long label": {"labels": ("x" * 129,)}, "half": {"counts": {"a": 0.5}},
}  # fmt: skip


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG)
def test_a_row_out_of_bounds_is_refused(catalog: Catalog, changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="cannot be stored"):
        catalog.put(row(1, **changes))
    assert found(catalog) == set()


def test_each_write_has_a_revision_of_its_own(catalog: Catalog, clock: Clock) -> None:
    first, second = put(catalog, row(1), row(1))
    assert first.revision
    assert first.revision != second.revision
    assert catalog.delete(second)
    (third,) = put(catalog, row(1))
    assert third.revision not in {first.revision, second.revision}


def test_added_stays_and_changed_moves(catalog: Catalog, clock: Clock) -> None:
    put(catalog, row(1, taken=None))
    clock.seconds += 5
    (again,) = put(catalog, row(1, taken=None))
    assert (again.added, again.changed, again.at) == (START * 1000, START * 1000 + 5000, START * 1000)
    assert catalog.get(again.id) == again
    assert found(catalog, after=again.added, before=again.added + 1) == {again.id}


OVER = {
    "whatever is there": (None, True), "what is there now": ("now", True), "what was there before": ("old", False),
    "nothing": ("", False), "what never was": ("0" * 16, False), "an operator": ('{"$ne": null}', False),
}  # fmt: skip


@pytest.mark.parametrize(("over", "written"), OVER.values(), ids=OVER)
def test_compare_and_swap(catalog: Catalog, over: str | None, written: bool) -> None:
    old, now = put(catalog, row(1, width=1), row(1, width=2))
    revisions = {"old": old.revision, "now": now.revision}
    result = catalog.put(row(1, width=3), over=revisions.get(over, over) if over else over)
    assert (result is not None) == written
    assert catalog.get(now.id) == (result or now)


@pytest.mark.parametrize(("over", "written"), [("", True), (None, True), ("0" * 16, False)])
def test_compare_and_swap_where_nothing_is(catalog: Catalog, over: str | None, written: bool) -> None:
    assert (catalog.put(row(1), over=over) is not None) == written
    assert (catalog.get(row(1).id) is not None) == written


@pytest.mark.parametrize("state", STATES)
def test_only_ready_rows_are_seen(catalog: Catalog, state: str) -> None:
    (stored,) = put(catalog, row(1, state=state, labels=("cat",), phash="0" * 16))
    seen = {stored.id} if state == "ready" else set()
    assert found(catalog) == found(catalog, label="cat") == found(catalog, similar_to="0" * 16) == seen
    assert (catalog.get(stored.id) is not None) == (state == "ready")
    assert catalog.get(stored.id, hidden=True) == stored
    assert {one.id for one in catalog.pending(0)} == {stored.id} - seen


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("after", STATES)
def test_moves(catalog: Catalog, before: str, after: Any) -> None:
    (stored,) = put(catalog, row(1, state=before, labels=("cat",)))
    if (before, after) not in TRANSITIONS:
        with pytest.raises(ValueError, match="cannot change from"):
            catalog.change(stored, after)
        assert catalog.get(stored.id, hidden=True) == stored
        return
    moved = catalog.change(stored, after)
    assert moved == msgspec.structs.replace(stored, state=after, revision=moved.revision if moved else "")
    assert found(catalog) == found(catalog, label="cat") == ({stored.id} if after == "ready" else set())
    assert catalog.change(stored, after) is None
    assert catalog.get(stored.id, hidden=True) == moved


def test_a_row_that_came_back_is_not_the_old_one(catalog: Catalog) -> None:
    """Delete, overtaken by a new upload of the same key: the new row stays."""
    (old,) = put(catalog, row(1))
    leaving = catalog.change(old, "deleting")
    assert leaving
    (new,) = put(catalog, row(1, width=640))
    assert not catalog.delete(leaving)
    assert catalog.get(new.id) == new


def test_delete(catalog: Catalog) -> None:
    one, other = put(catalog, row(1, labels=("cat",)), row(2, labels=("cat",)))
    assert found(catalog, label="cat") == {one.id, other.id}
    assert catalog.delete(one)
    assert not catalog.delete(one)
    assert catalog.get(one.id, hidden=True) is None
    assert found(catalog) == found(catalog, label="cat") == {other.id}


def test_pending_leaves_what_others_are_at(catalog: Catalog, clock: Clock) -> None:
    first, _, third = put(catalog, row(1, state="pending"), row(2), row(3, state="deleting"))
    clock.seconds += 60
    (fresh,) = put(catalog, row(4, state="pending"))
    assert [one.id for one in catalog.pending(30)] in ([first.id, third.id], [third.id, first.id])
    assert {one.id for one in catalog.pending(0)} == {first.id, third.id, fresh.id}
    assert list(catalog.pending(61)) == []


def test_pending_goes_on_while_rows_are_finished(catalog: Catalog, clock: Clock) -> None:
    put(catalog, *(row(number, state="pending") for number in range(120)))
    finished = [catalog.change(one, "ready") for one in catalog.pending(0)]
    assert len(finished) == 120
    assert None not in finished
    assert list(catalog.pending(-1)) == []


def test_handles_see_each_other(open_catalog: Open) -> None:
    one, other = open_catalog(), open_catalog()
    for number in range(20):
        writer, reader = (one, other) if number % 2 else (other, one)
        (stored,) = put(writer, row(number, labels=("cat",)))
        assert stored.id in found(reader, label="cat")
        if number % 3 == 0:
            assert writer.delete(stored)
            assert stored.id not in found(reader, label="cat")


def test_threads_that_swap_lose_nothing(catalog: Catalog) -> None:
    """Each thread counts by reading, adding and swapping: a lost update would be a count that is too low."""
    put(catalog, row(1, bytes=0))

    def count() -> None:
        done = 0
        while done < 25:
            old = catalog.get(row(1).id)
            assert old
            done += catalog.put(msgspec.structs.replace(old, bytes=old.bytes + 1), over=old.revision) is not None

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    last = catalog.get(row(1).id)
    assert last
    assert last.bytes == 100
