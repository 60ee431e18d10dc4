"""What a batch takes of a listing, and how tasks share it."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from core.limits import Deadline, Limits
from service.batch.listing import Selection, Share
from service.options import OptionsParser
from service.rules.parsing import parse_rules
from storage.address import Address
from storage.facts import ObjectMetadata
from storage.options import Options
from storage.registry import Stores

RULE = '[[rule]]\nwhen = "memory://in/x/**"\nto = "memory://out/{dir}/{name}"\npipeline = "blur"\n'
KEYS = ("a.jpg", "x/a.jpg", "x/b.PNG", "x/c.txt", "x/d", "x/jpg", "x/y/e.heic", "y/a.jpg")


@pytest.fixture
def stores() -> Stores:
    made = Stores(Options())
    for key in KEYS:
        address = Address("memory", "in", key)
        made.of(address).write(address, b"1", ObjectMetadata(), Deadline(9))
    return made


def listed(stores: Stores, prefix: str, after: str = "", *, any_name: bool = False) -> list[str]:
    rules = parse_rules(RULE, OptionsParser(Limits(), {}))
    place = Address.parse_prefix(f"memory://in/{prefix}")
    entries = Selection(place, rules, any_name=any_name).entries(stores.of(place), Share(), after)
    return [entry.address.key for entry in entries]


@pytest.mark.parametrize(
    ("prefix", "any_name", "keys"),
    [
        pytest.param("x/", False, "x/a.jpg x/b.PNG x/y/e.heic", id="pictures-by-name"),
        pytest.param("x/", True, "x/a.jpg x/b.PNG x/c.txt x/d x/jpg x/y/e.heic", id="any-name"),
        pytest.param("", False, "x/a.jpg x/b.PNG x/y/e.heic", id="no-more-than-the-rule"),
        pytest.param("x/a.jpg", False, "x/a.jpg", id="one"),
        pytest.param("z", False, "", id="none"),
    ],
)
def test_what_is_taken(stores: Stores, prefix: str, any_name: bool, keys: str) -> None:
    assert listed(stores, prefix, any_name=any_name) == keys.split()


def test_going_on_past_a_key(stores: Stores) -> None:
    assert listed(stores, "x/", after="x/b.PNG") == ["x/y/e.heic"]


@pytest.mark.parametrize("count", [1, 2, 7])
def test_every_object_is_of_one_task(count: int) -> None:
    keys = [f"photos/{number}.jpg" for number in range(2000)]
    taken = [key for index in range(count) for key in keys if Share(index, count).takes(key)]
    assert sorted(taken) == sorted(keys)
    sizes = [sum(Share(index, count).takes(key) for key in keys) for index in range(count)]
    assert min(sizes) > 0.7 * len(keys) / count


def test_a_listing_may_take_any_time_as_long_as_it_gets_somewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("core.limits.time", SimpleNamespace(monotonic=lambda: now[0]))
    (tmp_path / "in").mkdir()
    for name in "abc":
        (tmp_path / "in" / f"{name}.jpg").touch()
    place = Address.parse_prefix("file://in/")
    rules = parse_rules(RULE.replace("memory://in/x", "file://in"), OptionsParser(Limits(), {}))
    listed = Selection(place, rules).entries(Stores(Options(root=tmp_path)).of(place), Share())
    found = []
    for entry in listed:
        found.append(entry.address.key)
        now[0] += 24 * 3600  # what comes of this object takes its time
    assert found == ["a.jpg", "b.jpg", "c.jpg"]
