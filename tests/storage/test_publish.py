"""Results are written over what was seen, once, however many write them."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from core.limits import Deadline
from storage.errors import SlowError
from storage.facts import ObjectMetadata
from storage.publish import Published, find_object, publish
from tests.storage.support import Place, soon

ABOUT = ObjectMetadata(content_type="image/webp", metadata={"source": "gs://in/a.jpg", "version": "1", "digest": "d"})


def test_where_nothing_is(at: Place) -> None:
    address = at.address()
    assert find_object(at.store, address, soon()) is None
    made = publish(at.store, address, b"new", ABOUT, soon(), known=None)
    assert made.written
    assert at.get(address) == b"new"


def test_over_something_else(at: Place) -> None:
    address = at.address()
    at.put(address, b"old")
    seen = find_object(at.store, address, soon())
    assert publish(at.store, address, b"new", ABOUT, soon(), known=seen).written
    assert at.get(address) == b"new"


def test_what_is_there_already_is_not_written(at: Place) -> None:
    address = at.address()
    first = publish(at.store, address, b"new", ABOUT, soon(), known=None)
    again = publish(at.store, address, b"new", ABOUT, soon(), known=find_object(at.store, address, soon()))
    late = publish(at.store, address, b"new", ABOUT, soon(), known=None)
    assert (again.written, late.written) == (False, False)
    assert first.stat.version == again.stat.version == late.stat.version == at.stat(address).version


def test_many_who_publish_the_same_write_once(at: Place) -> None:
    address = at.address()

    def one(_: int) -> Published:
        return publish(at.store, address, b"new", ABOUT, soon(), known=None)

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(one, range(8)))
    assert sum(result.written for result in results) == 1
    assert {result.stat.version for result in results} == {at.stat(address).version}


def test_the_time_is_over(at: Place) -> None:
    with pytest.raises(SlowError):
        publish(at.store, at.address(), b"new", ABOUT, Deadline(-1), known=None)
