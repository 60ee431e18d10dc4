"""Texts that were noted: known to all processes, each until its time."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from service import shared_set
from service.shared_set import SETS, WAYS, SharedSet

NOW = 1_700_000_000.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    made = SimpleNamespace(now=NOW)
    made.time = lambda: made.now
    monkeypatch.setattr(shared_set, "time", made)
    return made


@pytest.fixture
def table(tmp_path: Path, clock: SimpleNamespace) -> SharedSet:
    return SharedSet.open("set", tmp_path)


def test_one_is_kept_until_its_time(table: SharedSet, clock: SimpleNamespace) -> None:
    assert not table.has("a")
    for _ in range(2):
        table.add("a", NOW + 60)
    assert table.has("a")
    assert not table.has("b")
    clock.now += 60
    assert not table.has("a")


def test_it_holds_thousands_and_forgets_those_that_end_first(table: SharedSet) -> None:
    count = SETS * WAYS // 4
    for number in range(count):
        table.add(str(number), NOW + 60)
    assert all(table.has(str(number)) for number in range(count))
    for number in range(5 * SETS * WAYS):
        table.add(f"later {number}", NOW + 120)
    assert not any(table.has(str(number)) for number in range(count))
    assert table.has(f"later {number}")


def test_what_was_forgotten_may_have_been_noted(table: SharedSet, clock: SimpleNamespace) -> None:
    table.add("a", NOW + 60)
    for number in range(5 * SETS * WAYS):
        table.add(f"later {number}", NOW + 60 + number)
    assert not table.has("a")
    assert table.may_have("a", NOW + 60)
    assert not table.may_have("one that began after all", NOW + 9e9)
    clock.now += 9e9
    assert not table.may_have("b", clock.now + 1)


def test_what_is_over_makes_room(table: SharedSet, clock: SimpleNamespace) -> None:
    for number in range(2 * SETS * WAYS):
        table.add(f"early {number}", NOW + number / 1e6)
    clock.now += 60
    before = [number for number in range(999) if table.may_have(str(number), NOW + 60)]
    for number in range(SETS * WAYS // 4):
        table.add(f"later {number}", NOW + 120)
    assert before == [number for number in range(999) if table.may_have(str(number), NOW + 60)] == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the threads of the tests' runner do not matter to a fork
@pytest.mark.parametrize("folder", ["writable", "not writable"])
def test_processes_know_the_same(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    table = SharedSet.open("set", tmp_path if folder == "writable" else tmp_path / "file" / "below")
    child = os.fork()
    if child == 0:
        table.add("a", 9e9)
        os._exit(0)
    os.waitpid(child, 0)
    assert table.has("a")


def test_the_file_outlives_the_server(tmp_path: Path) -> None:
    SharedSet.open("set", tmp_path).add("a", 9e9)
    assert SharedSet.open("set", tmp_path).has("a")
    (tmp_path / "set").write_bytes(b"x" * 1000)
    assert not SharedSet.open("set", tmp_path).has("a"), "a damaged file is begun anew"
