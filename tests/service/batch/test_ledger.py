"""The ledger: how far a task has come, what a second pass begins with, and who else works on it."""

import pytest

from core.limits import Deadline
from service.batch.errors import DamagedLedgerError, OtherProcessError, OtherTasksError, OtherWorkError
from service.batch.ledger import Ledger, Pass, SegmentHeader, Subject
from service.batch.listing import Share
from service.batch.recorder import Recorder
from service.batch.row import BatchRow, Totals
from storage.address import Address
from storage.facts import ObjectMetadata
from storage.options import Options
from storage.registry import Stores

ALONE = Share()


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(Stores(Options()), Address.parse_prefix("memory://out/batches/x/"))


def row(key: str, outcome: str = "done") -> BatchRow:
    return BatchRow(source=f"memory://in/{key}", size=3, outcome=outcome, code="" if outcome == "done" else "bad")  # type: ignore[arg-type]


def note(ledger: Ledger, one: Pass, keys: str, *, share: Share = ALONE, ended: bool = False) -> None:
    """Note rows, of a failure where the key is c."""
    recorder = Recorder(ledger, one, share, ledger.position(one, share))
    for key in keys:
        recorder.add(row(key, "poison" if key == "c" else "done"))
    recorder.write(ended=ended)


def keys(ledger: Ledger, one: Pass, after: str = "") -> str:
    return "".join(Address.parse(one.source).key for one in ledger.rows(one, ALONE, after))


def test_the_last_segment_says_where_to_go_on(ledger: Ledger) -> None:
    one = ledger.begin(1)
    assert (one, ledger.position(one, ALONE)) == (Pass(number=1), SegmentHeader())
    note(ledger, one, "abc")
    note(ledger, one, "d")
    position = ledger.position(ledger.begin(1), ALONE)
    assert (position.segment, position.last, position.ended) == (2, "d", False)
    assert position.totals == Totals(objects=4, failed=1, bytes=12, reasons={"bad": 1})
    assert [keys(ledger, one, after) for after in ("", "a", "c", "d", "z")] == ["abcd", "bcd", "d", "", ""]


def test_nothing_to_write_is_not_written_but_the_end(ledger: Ledger) -> None:
    one = ledger.begin(1)
    note(ledger, one, "")
    assert ledger.position(one, ALONE).segment == 0
    note(ledger, one, "", ended=True)
    assert ledger.position(one, ALONE) == SegmentHeader(segment=1, ended=True)
    assert ledger.is_over(one)


def test_another_process_is_noticed(ledger: Ledger) -> None:
    one = ledger.begin(1)
    first, second = (Recorder(ledger, one, ALONE, ledger.position(one, ALONE)) for _ in range(2))
    first.add(row("a"))
    second.add(row("a"))
    first.write()
    with pytest.raises(OtherProcessError):
        second.write()
    assert keys(ledger, one) == "a"


@pytest.mark.parametrize(
    ("again", "expected"),
    [
        pytest.param({}, Pass(number=1, tasks=2), id="the-same"),
        pytest.param({"anew": True}, Pass(number=2, tasks=2), id="anew"),
        pytest.param({"retry_failed": True}, Pass(number=2, tasks=2, retries=1), id="retry"),
    ],
)
def test_another_pass_begins_once_the_latest_is_over(ledger: Ledger, again: dict[str, bool], expected: Pass) -> None:
    one = ledger.begin(2, **again)
    note(ledger, one, "ab", share=Share(0, 2), ended=True)
    assert ledger.begin(2, **again) == one, "the other task has not ended"
    note(ledger, one, "c", share=Share(1, 2), ended=True)
    assert ledger.begin(2, **again) == expected
    assert ledger.begin(2, **again) == expected, "and it is joined by the other task"


@pytest.mark.parametrize("again", [{}, {"retry_failed": True}], ids=["go-on", "retry"])
def test_tasks_cannot_go_on_with_what_others_share(ledger: Ledger, again: dict[str, bool]) -> None:
    one = ledger.begin(1)
    note(ledger, one, "a", ended=True)
    with pytest.raises(OtherTasksError, match="shared by 1 tasks; 2"):
        ledger.begin(2, **again)
    assert ledger.begin(2, anew=True) == Pass(number=2, tasks=2)


def test_an_end_that_was_not_told_is_told_later(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    one = ledger.begin(1)
    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "end", lambda *_: None)  # killed before
        note(ledger, one, "a", ended=True)
    assert not ledger.is_over(one)
    ledger.end(one, ALONE, ledger.position(one, ALONE))
    ledger.end(one, ALONE, ledger.position(one, ALONE))
    assert ledger.is_over(one)


def test_rows_are_written_by_the_thousand_and_by_time(ledger: Ledger) -> None:
    one, now = ledger.begin(1), [0.0]
    recorder = Recorder(ledger, one, ALONE, SegmentHeader(), lambda: now[0])
    for number in range(1001):
        recorder.add(row(f"{number:04d}"))
    assert ledger.position(one, ALONE).last == "0999"
    recorder.tick()
    assert ledger.position(one, ALONE).segment == 1
    now[0] = 31.0
    recorder.tick()
    assert ledger.position(one, ALONE).last == "1000"


def place(ledger: Ledger, name: str) -> Address:
    return ledger.place.at(f"{ledger.place.key}{name}")


SUBJECT = Subject(source="memory://in/", rules="1")


@pytest.mark.parametrize(
    ("subject", "again", "refused"),
    [
        pytest.param(SUBJECT, {}, False, id="the-same"),
        pytest.param(Subject(source="memory://in/", rules="2"), {}, True, id="other-rules"),
        pytest.param(Subject(source="memory://x/", rules="1"), {}, True, id="other-source"),
        pytest.param(Subject(source="memory://in/", rules="2"), {"retry_failed": True}, False, id="failed-by-others"),
        pytest.param(Subject(source="memory://x/", rules="1"), {"retry_failed": True}, True, id="failed-elsewhere"),
        pytest.param(Subject(source="memory://x/", rules="2"), {"anew": True}, False, id="anew"),
    ],
)
def test_what_others_have_done_is_not_taken_for_done(
    ledger: Ledger, subject: Subject, again: dict[str, bool], refused: bool
) -> None:
    first, other = (Ledger(Stores(Options()), ledger.place, one) for one in (SUBJECT, subject))
    other._store = first._store
    note(first, first.begin(1), "abc", ended=True)
    if refused:
        with pytest.raises(OtherWorkError):
            other.begin(1, **again)
    else:
        assert other.begin(1, **again).number == 1 + bool(again)


def test_the_manifest_is_of_all_objects_after_a_retry_too(ledger: Ledger) -> None:
    first = ledger.begin(1)
    recorder = Recorder(ledger, first, ALONE, SegmentHeader())
    for key in "abcde":
        recorder.add(row(key, "poison" if key in "bde" else "done"))
    recorder.write(ended=True)
    for passed in ("b", "de"):  # the first start of the second pass breaks off
        one = ledger.begin(1, retry_failed=True)
        recorder = Recorder(ledger, one, ALONE, ledger.position(one, ALONE))
        for key in passed:
            recorder.add(row(key, "poison" if key == "e" else "done"))
        recorder.write(ended="e" in passed)
        assert [(one.key, one.failed) for one in ledger.all_rows(one)][1] == ("b", False)
    third = ledger.begin(1, retry_failed=True)
    assert third.retries == 2
    found = [(one.key, one.failed) for one in ledger.all_rows(third)]
    assert found == [("a", False), ("b", False), ("c", False), ("d", False), ("e", True)]


def test_a_file_that_is_torn_is_told_wherever_it_is_torn(ledger: Ledger) -> None:
    one = ledger.begin(1)
    note(ledger, one, "ab")
    note(ledger, one, "cd", ended=True)
    store, read = ledger._store, list(ledger.all_rows(one))
    for name in ("0001/00000-of-00001/00000002.jsonl", "0001/pass.json"):
        address = place(ledger, name)
        stat = store.read(address, Deadline(9)).stat
        whole = bytes(store.read(address, Deadline(9)).all(9999))
        for length in range(len(whole)):
            stat = store.write(address, whole[:length], ObjectMetadata(), Deadline(9), replaces=stat.version)
            with pytest.raises(DamagedLedgerError, match="begins a new one"):
                list(ledger.all_rows(ledger.begin(1)))
            if length < whole.find(b"\n") or name.endswith("pass.json"):
                with pytest.raises(DamagedLedgerError):
                    ledger.position(ledger.begin(1), ALONE)
            else:
                assert ledger.position(one, ALONE).last == "d", "to go on, no row need be read"
        store.write(address, whole, ObjectMetadata(), Deadline(9), replaces=stat.version)
    assert list(ledger.all_rows(one)) == read
