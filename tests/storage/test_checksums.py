"""Checksums and bodies, beside independent references."""

import hashlib
import io
import zlib

import pytest

from storage import bodies
from storage.checksums import SUMS, Verifier, checksum
from storage.errors import ChecksumError

DATA = b"123456789"
KNOWN = {
    "crc32": "cbf43926",  # the check value of CRC-32/ISO-HDLC
    "crc32c": "e3069283",  # the check value of CRC-32C, RFC 3720 B.4 in other bytes
    "sha256": hashlib.sha256(DATA).hexdigest(),
    "md5": "25f9e794323b453885f5181f1b624d0b",
}


@pytest.mark.parametrize("name", SUMS)
def test_known_values(name: str) -> None:
    assert checksum(name, DATA) == KNOWN[name]


@pytest.mark.parametrize("name", SUMS)
def test_pieces_add_up(name: str) -> None:
    running = SUMS[name]()
    for at in range(0, len(DATA), 2):
        running.update(memoryview(DATA)[at : at + 2])
    assert running.hexdigest() == KNOWN[name]


def test_crc32_of_nothing_and_of_leading_zeros() -> None:
    assert checksum("crc32", b"") == "00000000"
    small = next(bytes([a, b]) for a in range(256) for b in range(256) if zlib.crc32(bytes([a, b])) < 2**24)
    assert len(checksum("crc32", small)) == 8


@pytest.mark.parametrize("name", KNOWN)
def test_a_difference_is_told(name: str) -> None:
    verifier = Verifier({name: KNOWN[name]})
    verifier.update(DATA)
    verifier.check("x")
    verifier.update(b"!")
    with pytest.raises(ChecksumError, match=name):
        verifier.check("x")


@pytest.mark.parametrize(
    ("kept", "compared"),
    [({}, None), ({"crc64nvme": "0"}, None), ({"md5": "0", "crc32c": "0"}, "crc32c"), ({"md5": "0"}, "md5")],
    ids=["none", "unknown", "cheapest", "only"],
)
def test_which_is_compared(kept: dict[str, str], compared: str | None) -> None:
    assert Verifier(kept).name == compared


def test_nothing_to_compare_is_no_error() -> None:
    verifier = Verifier({})
    verifier.update(DATA)
    verifier.check("x")


# --- bodies ---


def placed(start: int) -> io.BytesIO:
    file = io.BytesIO(bytes(range(100)))
    file.seek(start)
    return file


@pytest.mark.parametrize("start", [0, 40, 100])
def test_a_file_from_where_it_stands(start: int) -> None:
    rest = bytes(range(100))[start:]
    file = placed(start)
    assert bodies.body_size(file) == len(rest)
    assert b"".join(bodies.pieces(file)) == rest
    assert bodies.body_checksums(file, "md5") == {"md5": hashlib.md5(rest).hexdigest()}
    assert file.tell() == start


def test_a_file_of_any_body() -> None:
    for body in (bytes(range(50, 100)), bytearray(range(50, 100)), memoryview(bytes(range(100)))[50:], placed(50)):
        file = bodies.as_file(body)
        assert (file.tell(), file.readable(), file.seekable()) == (0, True, True)
        assert file.read(10) == bytes(range(50, 60))
        assert file.seek(0, io.SEEK_END) == 50
        assert file.read(1) == b""
        assert file.seek(-5, io.SEEK_CUR) == 45
        assert file.read() == bytes(range(95, 100))
        assert file.seek(0) == 0
        assert file.read(1000) == bytes(range(50, 100))


def test_a_view_of_wider_items_is_counted_in_bytes() -> None:
    view = memoryview(bytes(range(16))).cast("I")
    assert bodies.body_size(view) == 16
    assert b"".join(bodies.pieces(view)) == bodies.as_file(view).read() == bytes(range(16))
