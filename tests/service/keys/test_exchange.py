"""Instances tell each other what keys have used, through the bucket of results."""

import time
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from core.limits import Deadline
from service.errors import BudgetSpentError
from service.keys import exchange as exchange_module
from service.keys import usage as usage_module
from service.keys.authenticator import Authenticator
from service.keys.exchange import EXCHANGE_SECONDS, LATEST_SECONDS, UsageExchange
from service.keys.key import Key, new_key
from service.keys.ring import KeyRing
from service.keys.usage import DAY_SECONDS, UsageTable
from service.settings import Settings
from service.stores import Storage, open_storage
from storage.address import Address
from storage.facts import ObjectMetadata
from tests.waiting import until

_, KEY = new_key("a", ["process"], budget=10.0)
RESULTS = Address.parse_prefix("file://own/below")


class Instance:
    """One container: a table of its own, and the bucket that all share."""

    def __init__(self, folder: Path, name: str) -> None:
        self.storage = open_storage(Settings(files=str(folder), results="file://own/below"))
        self.table = UsageTable.open("usage", folder / name)
        self.exchange = UsageExchange(self.table, self.storage, RESULTS)
        self.known = Authenticator(KeyRing(None, {KEY.sha256: KEY}), None, self.table, self.exchange)

    def admits(self, key: Key = KEY) -> bool:
        try:
            self.known.admit(key)
        except BudgetSpentError:
            return False
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    clock = SimpleNamespace(now=20_000.5 * DAY_SECONDS, time=lambda: clock.now, sleep=time.sleep)
    monkeypatch.setattr(usage_module, "time", clock)
    monkeypatch.setattr(exchange_module, "time", clock)
    return clock


@pytest.fixture
def pair(tmp_path: Path, clock: SimpleNamespace) -> tuple[Instance, Instance]:
    (tmp_path / "own").mkdir()
    return Instance(tmp_path, "one"), Instance(tmp_path, "two")


def objects(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "own").rglob("*.json") if path.is_file())


def test_what_one_has_spent_the_other_knows_within_ten_seconds(
    pair: tuple[Instance, Instance], clock: SimpleNamespace, tmp_path: Path
) -> None:
    one, two = pair
    assert (one.admits(), two.admits()) == (True, True)
    clock.now += LATEST_SECONDS + 0.1
    one.table.charge(KEY, 6.0)
    two.table.charge(KEY, 4.0)
    assert one.admits(), "nothing of the other is known yet"
    assert not two.admits(), "it has read what the first wrote just now"
    clock.now += LATEST_SECONDS + 0.1
    assert not one.admits()
    assert LATEST_SECONDS + EXCHANGE_SECONDS / 2 <= 10
    assert len(objects(tmp_path)) == 2
    assert all(b"dk_" not in path.read_bytes() for path in objects(tmp_path))


def test_the_thread_writes_without_another_request(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    one, two = Instance(tmp_path, "one"), Instance(tmp_path, "two")
    one.known.charge(KEY, 11.0)
    until(lambda: bool(objects(tmp_path)), "the object")
    assert not two.admits()


def test_a_new_day_begins_at_nothing_and_old_ones_are_deleted(
    pair: tuple[Instance, Instance], clock: SimpleNamespace, tmp_path: Path
) -> None:
    one, two = pair
    one.table.charge(KEY, 11.0)
    one.exchange.exchange()
    assert not two.admits()
    for days, left in ((1, 3), (1, 2)):
        clock.now += days * DAY_SECONDS
        assert two.admits()
        assert len(objects(tmp_path)) == left


def test_one_process_of_a_container_exchanges(pair: tuple[Instance, Instance], clock: SimpleNamespace) -> None:
    one, _ = pair
    beside = UsageExchange(one.table, one.storage, RESULTS)
    assert [one.exchange.exchange(), beside.exchange(), one.exchange.exchange()] == [True, False, False]
    clock.now += EXCHANGE_SECONDS
    assert [beside.exchange(), one.exchange.exchange()] == [True, False]


FOREIGN = {
    "no JSON": b"<", "a list": b"[1]", "words": b'{"a": "b"}', "a name that is none": b'{"../x": 99}',
    "a negative number": msgspec.json.encode({"0" * 32: -1e9}), "nothing": b"",
    "another key": b'{"%s": 99}' % (b"0" * 32),
}  # fmt: skip


@pytest.mark.parametrize("body", FOREIGN.values(), ids=FOREIGN)
def test_odd_objects_change_nothing(pair: tuple[Instance, Instance], clock: SimpleNamespace, body: bytes) -> None:
    one, _ = pair
    day = int(clock.now // DAY_SECONDS)
    address = Address.parse(f"file://own/below/keys/usage/{day}/other.json")
    one.storage.stores.of(address).write(address, body, ObjectMetadata(), Deadline(5))
    assert one.admits()


def test_a_bucket_that_is_away_stops_nobody(
    tmp_path: Path, clock: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    one = Instance(tmp_path, "one")  # there is no bucket
    assert one.admits()
    one.table.charge(KEY, 11.0)
    clock.now += LATEST_SECONDS + 1
    assert not one.admits(), "what it has spent itself counts"
    assert isinstance(one.storage, Storage)
