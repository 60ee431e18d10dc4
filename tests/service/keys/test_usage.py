"""Rates and budgets: counted together by threads and processes, in memory that survives whoever is killed."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from service.errors import BudgetSpentError, RateLimitedError
from service.keys import usage
from service.keys.key import Key, new_key
from service.keys.usage import DAY_SECONDS, SLOTS, UsageTable, digest_of_id
from tests.conftest import ROOT
from tests.waiting import PATIENCE, until

NOON = 20_000 * DAY_SECONDS + DAY_SECONDS / 2


def key(rate: float | None = None, budget: float | None = None) -> Key:
    return new_key("a", ["read"], rate=rate, budget=budget)[1]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    clock = SimpleNamespace(now=NOON, time=lambda: clock.now)
    monkeypatch.setattr(usage, "time", clock)
    return clock


@pytest.fixture
def table(tmp_path: Path) -> UsageTable:
    return UsageTable.open("usage", tmp_path)


def admitted(table: UsageTable, one: Key, times: int) -> int:
    count = 0
    for _ in range(times):
        try:
            table.admit(one)
        except RateLimitedError:
            continue
        count += 1
    return count


@pytest.mark.parametrize(
    ("rate", "at_once", "after", "then"), [(5.0, 5, 1.0, 5), (5.0, 5, 0.4, 2), (0.5, 1, 1.0, 0), (0.5, 1, 2.0, 1)]
)
def test_a_rate(table: UsageTable, clock: SimpleNamespace, rate: float, at_once: int, after: float, then: int) -> None:
    one = key(rate=rate)
    assert admitted(table, one, 50) == at_once
    clock.now += after
    assert admitted(table, one, 50) == then
    clock.now += 10_000
    assert admitted(table, one, 50) == at_once, "what was not used is not saved for later"


@pytest.mark.parametrize(("rate", "seconds"), [(5.0, 1), (0.5, 2), (0.01, 100)])
def test_a_refusal_says_when_the_next_is_admitted(
    table: UsageTable, clock: SimpleNamespace, rate: float, seconds: int
) -> None:
    one = key(rate=rate)
    admitted(table, one, 50)
    with pytest.raises(RateLimitedError) as caught:
        table.admit(one)
    assert caught.value.seconds == seconds
    clock.now += seconds
    table.admit(one)


def test_a_clock_that_goes_back_gives_nothing(table: UsageTable, clock: SimpleNamespace) -> None:
    one = key(rate=1.0)
    assert admitted(table, one, 5) == 1
    clock.now -= 3600
    assert admitted(table, one, 5) == 0


def test_a_budget(table: UsageTable, clock: SimpleNamespace) -> None:
    one, other = key(budget=10.0), key(budget=10.0)
    for _ in range(4):
        table.admit(one)
        table.charge(one, 2.5)
    with pytest.raises(BudgetSpentError) as caught:
        table.admit(one)
    assert caught.value.seconds == DAY_SECONDS / 2
    table.admit(other)
    clock.now += DAY_SECONDS / 2
    table.admit(one)
    assert table.spent() == {}


def test_what_others_spent_counts(table: UsageTable, clock: SimpleNamespace) -> None:
    one = key(budget=10.0)
    table.charge(one, 4.0)
    table.set_elsewhere({digest_of_id(one.id).hex(): 5.9})
    table.admit(one)
    table.set_elsewhere({digest_of_id(one.id).hex(): 6.0})
    with pytest.raises(BudgetSpentError):
        table.admit(one)
    assert table.spent() == {digest_of_id(one.id).hex(): 4.0}


def test_no_limit_leaves_no_trace(table: UsageTable) -> None:
    one = key()
    for _ in range(100):
        table.admit(one)
        table.charge(one, 1.0)
    assert table.spent() == {}


def test_a_full_table_forgets_the_oldest(table: UsageTable, clock: SimpleNamespace) -> None:
    first = key(rate=1.0)
    table.admit(first)
    for _ in range(SLOTS):
        clock.now += 0.0001
        table.admit(key(rate=1.0))
    table.admit(first)


def test_the_file_outlives_the_server(tmp_path: Path, clock: SimpleNamespace) -> None:
    one = key(budget=1.0)
    first = UsageTable.open("usage", tmp_path)
    first.charge(one, 1.0)
    second = UsageTable.open("usage", tmp_path)
    assert second.instance == first.instance
    with pytest.raises(BudgetSpentError):
        second.admit(one)


@pytest.mark.parametrize("text", [b"", b"x", b"x" * 1_000_000], ids=["empty", "short", "long"])
def test_a_damaged_file_is_begun_anew(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "usage").write_bytes(text)
    table = UsageTable.open("usage", tmp_path)
    table.admit(key(rate=1.0))
    assert table.spent() == {}


def test_nobody_elses_file_is_used(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_bytes(b"keep")
    (tmp_path / "usage").symlink_to(tmp_path / "theirs")
    table = UsageTable.open("usage", tmp_path)
    table.admit(key(rate=1.0))
    assert (tmp_path / "theirs").read_bytes() == b"keep"


def test_the_first_folder_that_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    one = key(budget=1.0)
    first, second = (UsageTable.open("usage", tmp_path / "file" / "below", tmp_path / "other") for _ in range(2))
    first.charge(one, 1.0)
    with pytest.raises(BudgetSpentError):
        second.admit(one)
    assert (tmp_path / "other" / "usage").is_file()


ON_A_FULL_DISK = """
import sys
from pathlib import Path
from service.keys.key import new_key
from service.keys.usage import UsageTable

full, other = map(Path, sys.argv[1:])
table = UsageTable.open("usage", full, other)
for _ in range(200):
    table.charge(new_key("a", ["read"], budget=1.0)[1], 1.0)
print(len(table.spent()), (other / "usage").is_file())
"""


def test_a_full_disk_is_as_one_that_cannot_be_written(tmp_path: Path) -> None:
    """A write to a mapped hole of a file there would end the process (SIGBUS)."""
    full, other = tmp_path / "full", tmp_path / "other"
    full.mkdir()
    mounted = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c",
         'mount -t tmpfs -o size=64k none "$1" || exit 77; exec "$0" -c "$3" "$1" "$2"',
         sys.executable, str(full), str(other), ON_A_FULL_DISK],
        cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    if mounted.returncode == 77 or "unshare" in mounted.stderr:
        pytest.skip("this machine gives no namespaces to mount in")
    assert (mounted.returncode, mounted.stdout) == (0, "200 True\n"), mounted.stderr


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the threads of the tests' runner do not matter to a fork
@pytest.mark.parametrize("folder", ["writable", "not writable"])
def test_processes_count_together(tmp_path: Path, folder: str) -> None:
    """As gunicorn's workers do: forked after the table was opened."""
    place = tmp_path if folder == "writable" else tmp_path / "file" / "below"
    (tmp_path / "file").write_bytes(b"")
    table, one = UsageTable.open("usage", place), key(rate=40.0, budget=1e6)
    context = multiprocessing.get_context("fork")
    counts = context.Array("i", 4)

    def work(index: int) -> None:
        threads = [threading.Thread(target=lambda: [table.charge(one, 0.5) for _ in range(250)]) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        counts[index] = admitted(table, one, 20)

    began = time.monotonic()
    workers = [context.Process(target=work, args=(index,)) for index in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(PATIENCE)
    assert table.spent() == {digest_of_id(one.id).hex(): 4 * 2 * 250 * 0.5}
    assert 40 <= sum(counts) <= 40 + 40.0 * (time.monotonic() - began)
    assert admitted(table, key(rate=0.01), 9) == 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_killed_holder_frees_the_table(tmp_path: Path) -> None:
    table, one = UsageTable.open("usage", tmp_path), key(rate=0.01)
    ready, wait = os.pipe()
    child = os.fork()
    if child == 0:
        with table._shared.locked():
            os.write(wait, b"x")
            signal.pause()
    os.read(ready, 1)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    done: list[int] = []
    thread = threading.Thread(target=lambda: done.append(admitted(table, one, 9)), daemon=True)
    thread.start()
    until(lambda: bool(done), "the lock")
    assert done == [1]
    os.close(ready)
    os.close(wait)
