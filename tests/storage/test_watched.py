"""A watched store tells of each operation, and does what the store does."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.limits import Deadline
from storage.address import Address
from storage.errors import NoObjectError, UnreachableError
from storage.facts import ObjectMetadata
from storage.options import Options
from storage.registry import Stores
from storage.retry import ON_RETRY, retry_transient

SOON = Deadline(3600)  # tests begin long after they are collected


class Told:
    """The operations, in order, with what became of them."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, str]] = []

    @contextmanager
    def __call__(self, scheme: str, operation: str) -> Iterator[None]:
        try:
            yield
        except NoObjectError as error:
            self.seen.append((scheme, operation, error.code))
            raise
        self.seen.append((scheme, operation, "ok"))


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def stores(tmp_path: Path, told: Told) -> Stores:
    (tmp_path / "in").mkdir()
    return Stores(Options(root=tmp_path), told)


def test_each_operation_is_told(stores: Stores, told: Told) -> None:
    address = Address("file", "in", "a.txt")
    store = stores.of(address)
    stat = store.write(address, b"hello", ObjectMetadata(), SOON)
    assert store.read(address, SOON).all(10) == b"hello"
    assert store.read(address, SOON, at=stat).all(10) == b"hello"
    assert [entry.address for entry in store.list(address.at(""), SOON)] == [address]
    store.delete(address, stat.version, SOON)
    assert list(store.list(address.at(""), SOON)) == []
    names = ["write", "stat", "read", "read", "list", "delete", "list"]
    assert told.seen == [("file", name, "ok") for name in names]


def test_what_fails_is_told(stores: Stores, told: Told) -> None:
    address = Address("file", "in", "none.txt")
    with pytest.raises(NoObjectError):
        stores.of(address).read(address, SOON)
    assert told.seen == [("file", "stat", "no_object")]


def test_a_part_of_a_body_is_not_told(stores: Stores, told: Told) -> None:
    address = Address("file", "in", "a.txt")
    stat = stores.of(address).write(address, b"hello", ObjectMetadata(), SOON)
    assert b"".join(stores.of(address).read(address, SOON, at=stat).part(1, 3)) == b"el"
    assert [name for _, name, _ in told.seen] == ["write"]


def test_retries_are_told() -> None:
    failures = iter([UnreachableError("gone"), UnreachableError("gone"), None])

    def call() -> str:
        if error := next(failures):
            raise error
        return "done"

    retries: list[int] = []
    token = ON_RETRY.set(lambda: retries.append(1))
    try:
        assert retry_transient(call, SOON, first=0.001) == "done"
    finally:
        ON_RETRY.reset(token)
    assert len(retries) == 2
