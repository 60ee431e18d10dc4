"""What every scheme promises alike, on real servers."""

import io
from collections.abc import Callable
from typing import Any

import pytest

from core.errors import TooManyBytesError
from core.limits import Deadline
from storage.errors import (
    BadAddressError,
    BadMetadataError,
    ChangedError,
    NoBucketError,
    NoObjectError,
    SlowError,
)
from storage.facts import ObjectMetadata
from tests.storage.support import PLACES, Place, soon

BIG = bytes(range(256)) * 40_000  # 10 MB: past the size that Google's library sends in one request


def late(data: bytes, start: int) -> io.BytesIO:
    file = io.BytesIO(data)
    file.seek(start)
    return file


BODIES: dict[str, tuple[Callable[[], Any], bytes]] = {
    "empty": (lambda: b"", b""),
    "one-byte": (lambda: b"x", b"x"),
    "bytes": (lambda: BIG[:300_001], BIG[:300_001]),
    "bytearray": (lambda: bytearray(BIG[:1000]), BIG[:1000]),
    "view": (lambda: memoryview(BIG)[7:1007], BIG[7:1007]),
    "file": (lambda: late(BIG[:1000], 0), BIG[:1000]),
    "file-from-its-position": (lambda: late(BIG[:1000], 400), BIG[400:1000]),
    "long": (lambda: BIG, BIG),
    "long-file": (lambda: late(BIG, 3), BIG[3:]),
}


@pytest.mark.parametrize("name", BODIES)
def test_what_is_written_is_read(at: Place, name: str) -> None:
    body, expected = BODIES[name]
    address = at.address()
    written = at.put(address, body())
    reading = at.store.read(address, soon())
    assert bytes(reading.all(len(expected))) == expected
    assert reading.stat.size == written.size == len(expected)
    assert reading.verified in written.checksums


def test_stat_is_what_the_write_told(at: Place) -> None:
    address = at.address()
    about = {"content_type": "image/webp", "cache_control": "public, max-age=60"}
    written = at.put(address, b"x" * 99, metadata={"source": "gs://in/a%C3%A4.jpg", "digest": "0" * 64}, **about)
    found = at.stat(address)
    assert (found.address, found.version, found.size, found.about, found.token) == (
        written.address, written.version, written.size, written.about, written.token,
    )  # fmt: skip
    assert found.checksums.items() >= written.checksums.items()
    assert found.token
    assert abs(found.modified - written.modified) < 5
    assert found.about == ObjectMetadata(metadata={"source": "gs://in/a%C3%A4.jpg", "digest": "0" * 64}, **about)  # type: ignore[arg-type]


KEYS = {
    "plain": "a.jpg",
    "deep": "a/b/c/d/e/f.jpg",
    "space": "my photo .jpg",
    "plus-percent": "a+b%2Fc%zz.jpg",
    "query": "a?b=c&d#e.jpg",
    "quotes": 'it\'s "so" `it` $HOME.jpg',
    "unicode": "Größe/日本/🖼️.jpg",
    "composed": "é.jpg",
    "decomposed": "e\u0301.jpg",
    "dots": ".hidden/..a/b...jpg",
    "long": "/".join(["n" * 200] * 4),
    "backslash": "a\\b.jpg",
    "colon": "http://x.jpg".replace("//", "/"),
}


@pytest.mark.parametrize("name", KEYS)
def test_keys(at: Place, name: str) -> None:
    address = at.address(KEYS[name])
    at.put(address, name.encode())
    assert at.get(address) == name.encode()
    assert at.keys(address) == [address.key]
    at.delete(address, at.stat(address).version)
    assert at.keys(address) == []


BAD_KEYS = {
    "none": "",
    "parent": "../a.jpg",
    "parent-inside": "a/../../b.jpg",
    "parent-last": "a/..",
    "here": "./a.jpg",
    "here-inside": "a/./b.jpg",
    "null": "a\0.jpg",
    "newline": "a\nb.jpg",
    "delete": "a\x7fb",
    "c1": "a\x85b",
    "surrogate": "a\udcff.jpg",
    "too-long": "/".join(["n" * 200] * 6),
    "too-long-in-bytes": "/".join(["é" * 100] * 6),
}
CALLS: dict[str, Callable[[Place, Any], Any]] = {
    "read": lambda at, address: at.store.read(address, soon()),
    "write": lambda at, address: at.store.write(address, b"x", ObjectMetadata(), soon()),
    "delete": lambda at, address: at.store.delete(address, "1", soon()),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("name", BAD_KEYS)
def test_bad_keys_are_refused(at: Place, name: str, call: str) -> None:
    with pytest.raises(BadAddressError):
        CALLS[call](at, at.address().at(BAD_KEYS[name]))


@pytest.mark.parametrize("bucket", ["..", ".", "", "a/b", "-a", "a b", "a\nb", ".darkroom"])
@pytest.mark.parametrize("call", CALLS)
def test_bad_buckets_are_refused(at: Place, bucket: str, call: str) -> None:
    with pytest.raises(BadAddressError):
        CALLS[call](at, at.address(bucket=bucket))


METADATA: dict[str, dict[str, Any]] = {
    "upper-case": {"metadata": {"Name": "x"}},
    "not-ascii": {"metadata": {"name": "é"}},
    "newline": {"metadata": {"name": "a\r\nx-evil: 1"}},
    "outer-space": {"metadata": {"name": " a"}},
    "empty": {"metadata": {"name": ""}},
    "reserved": {"metadata": {"darkroom-token": "mine"}},
    "too-much": {"metadata": {"name": "a" * 2000}},
    "content-type": {"content_type": "image/jpeg\r\nx: y"},
    "cache-control": {"cache_control": "no-störe"},
}


@pytest.mark.parametrize("name", METADATA)
def test_metadata_that_not_every_store_keeps(at: Place, name: str) -> None:
    address = at.address()
    with pytest.raises(BadMetadataError):
        at.put(address, **METADATA[name])
    with pytest.raises(NoObjectError):
        at.stat(address)


def test_as_much_metadata_as_is_allowed(at: Place) -> None:
    address, kept = at.address(), {f"name-{number}": "v" * 90 for number in range(19)}
    at.put(address, metadata=kept)
    assert at.stat(address).about.metadata == kept


def test_a_new_object_is_not_written_over_an_old_one(at: Place) -> None:
    address = at.address()
    first = at.put(address, b"old")
    with pytest.raises(ChangedError):
        at.put(address, b"new")
    assert at.stat(address).version == first.version
    assert at.get(address) == b"old"


def test_a_version_is_replaced(at: Place) -> None:
    address = at.address()
    first = at.put(address, b"old", metadata={"a": "1"}, cache_control="no-store")
    second = at.put(address, b"new", replaces=first.version)
    assert at.get(address) == b"new"
    assert at.stat(address).version == second.version != first.version
    assert at.stat(address).about == ObjectMetadata()


def test_a_stale_version_is_not_replaced(at: Place) -> None:
    address = at.address()
    first = at.put(address, b"old")
    at.put(address, b"new", replaces=first.version)
    with pytest.raises(ChangedError):
        at.put(address, b"late", replaces=first.version)
    assert at.get(address) == b"new"


def test_nothing_is_not_replaced(at: Place) -> None:
    address = at.address()
    first = at.put(address)
    at.delete(address, first.version)
    with pytest.raises(ChangedError):
        at.put(address, replaces=first.version)
    with pytest.raises(NoObjectError):
        at.stat(address)


@pytest.mark.parametrize("version", ["", "nonsense", "1", "0", "d41d8cd98f00b204e9800998ecf8427e null x"])
def test_versions_that_never_were(at: Place, version: str) -> None:
    address = at.address()
    at.put(address, b"old")
    with pytest.raises(ChangedError):
        at.put(address, b"new", replaces=version)
    with pytest.raises(ChangedError):
        at.delete(address, version)
    assert at.get(address) == b"old"


def test_old_content_that_comes_back_is_a_new_version(at: Place) -> None:
    address = at.address()
    first = at.put(address, b"old")
    second = at.put(address, b"new", replaces=first.version)
    third = at.put(address, b"old", replaces=second.version)
    assert len({first.version, second.version, third.version}) == 3
    with pytest.raises(ChangedError):
        at.put(address, b"late", replaces=first.version)
    with pytest.raises(ChangedError):
        at.delete(address, first.version)
    assert at.get(address) == b"old"


def test_a_body_is_of_the_version_that_was_seen(at: Place) -> None:
    address = at.address()
    first = at.put(address, b"old")
    seen = at.store.read(address, soon())
    at.put(address, b"new", replaces=first.version)
    with pytest.raises(ChangedError):
        seen.all(99)
    with pytest.raises(ChangedError):
        at.store.read(address, soon(), at=first).all(99)


def test_a_body_that_is_gone(at: Place) -> None:
    address = at.address()
    first = at.put(address, b"old")
    seen = at.store.read(address, soon())
    at.delete(address, first.version)
    with pytest.raises(ChangedError):
        seen.all(99)


def test_nothing_is_there(at: Place) -> None:
    with pytest.raises(NoObjectError):
        at.stat(at.address())


@pytest.mark.parametrize(
    "call",
    [
        lambda at, address: at.store.read(address, soon()),
        lambda at, address: at.store.write(address, b"x", ObjectMetadata(), soon()),
        lambda at, address: list(at.store.list(address, soon())),
    ],
    ids=["read", "write", "list"],
)
@pytest.mark.parametrize("at", sorted({*PLACES} - {"memory"}), indirect=True)  # there, every bucket is
def test_no_bucket(at: Place, call: Callable[[Place, Any], Any]) -> None:
    with pytest.raises((NoBucketError, NoObjectError)):
        call(at, at.address(bucket="there-is-none"))


def test_delete(at: Place) -> None:
    address = at.address()
    first = at.put(address)
    at.delete(address, first.version)
    with pytest.raises(NoObjectError):
        at.stat(address)
    at.delete(address, first.version)
    assert at.put(address, b"again").version != first.version


def test_another_version_is_not_deleted(at: Place) -> None:
    address = at.address()
    first = at.put(address)
    at.put(address, b"new", replaces=first.version)
    with pytest.raises(ChangedError):
        at.delete(address, first.version)
    assert at.get(address) == b"new"


@pytest.mark.parametrize(("start", "stop"), [(0, 0), (0, 1), (0, 500), (499, 500), (100, 300), (300_000, 300_500)])
def test_part(at: Place, start: int, stop: int) -> None:
    address = at.address()
    at.put(address, BIG[:300_500])
    assert b"".join(at.store.read(address, soon()).part(start, stop)) == BIG[start:stop]


def test_more_than_is_wanted(at: Place) -> None:
    address = at.address()
    at.put(address, b"x" * 100)
    with pytest.raises(TooManyBytesError):
        at.store.read(address, soon()).all(99)


@pytest.mark.parametrize("call", ["read", "write", "list", "delete"])
def test_the_time_is_over_before(at: Place, call: str) -> None:
    address = at.address()
    first = at.put(address, b"old")
    over = Deadline(-1)
    calls: dict[str, Callable[[], Any]] = {
        "read": lambda: at.store.read(address, over).all(9),
        "write": lambda: at.store.write(address, b"new", ObjectMetadata(), over, replaces=first.version),
        "list": lambda: list(at.store.list(address, over)),
        "delete": lambda: at.store.delete(address, first.version, over),
    }
    with pytest.raises(SlowError):
        calls[call]()
    assert at.get(address) == b"old"
