"""What every scheme promises to threads that write at once, and of memory."""

import threading
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from storage.errors import ChangedError
from tests.storage.support import PLACES, Place, soon

BIG = bytes(range(256)) * 40_000


ATOMIC = pytest.mark.parametrize("at", sorted({*PLACES} - {"s3-versitygw"}), indirect=True)
"""versitygw looks at a condition and acts later, so of two at once both may win; S3 promises one, as moto here."""


def together(count: int, call: Callable[[int], Any]) -> list[Any]:
    """What `call` gives in so many threads that start at once; errors among them."""
    start = threading.Barrier(count)

    def one(number: int) -> Any:
        start.wait()
        try:
            return call(number)
        except ChangedError as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


@pytest.mark.parametrize("existing", [False, True], ids=["new", "over"])
@ATOMIC
def test_of_many_writers_one_wins(at: Place, existing: bool) -> None:
    for _ in range(5):
        address = at.address()
        version = at.put(address).version if existing else None
        results = together(8, lambda number, a=address, v=version: at.put(a, b"%d" % number, replaces=v))  # type: ignore[misc]
        winners = [(number, won) for number, won in enumerate(results) if not isinstance(won, ChangedError)]
        assert len(winners) == 1
        assert at.get(address) == b"%d" % winners[0][0]
        assert at.stat(address).version == winners[0][1].version


@ATOMIC
def test_of_a_writer_and_a_deleter_one_wins(at: Place) -> None:
    for _ in range(10):
        address = at.address()
        version = at.put(address).version
        acts: list[Callable[[], Any]] = [
            lambda a=address, v=version: at.put(a, b"new", replaces=v),  # type: ignore[misc]
            lambda a=address, v=version: at.delete(a, v),  # type: ignore[misc]
        ]
        written, deleted = together(2, lambda number, acts=acts: acts[number]())  # type: ignore[misc]
        assert isinstance(written, ChangedError) != isinstance(deleted, ChangedError)
        assert at.keys(address) == ([] if deleted is None else [address.key])


@ATOMIC
def test_counting_together_loses_nothing(at: Place) -> None:
    address = at.address()
    at.put(address, b"0")

    def count(_: int) -> None:
        done = 0
        while done < 5:
            reading = at.store.read(address, soon())
            try:
                at.put(address, b"%d" % (int(reading.all(99)) + 1), replaces=reading.stat.version)
                done += 1
            except ChangedError:
                continue

    together(4, count)
    assert at.get(address) == b"20"


def peak(call: Callable[[], Any]) -> int:
    """Most bytes that a call held at once, beside what was there and what it returns."""
    tracemalloc.start()
    try:
        kept = call()
        return tracemalloc.get_traced_memory()[1] - (len(kept) if isinstance(kept, bytearray) else 0)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("at", sorted({*PLACES} - {"memory"}), indirect=True)  # it keeps what is written
def test_an_object_is_never_held_twice(at: Place) -> None:
    address, body = at.address(), BIG * 3
    warm = at.address()
    at.put(warm, b"x")
    assert peak(lambda: at.put(address, body)) < len(body) * 0.7
    assert peak(lambda: at.store.read(address, soon()).all(len(body))) < len(body) * 0.2
