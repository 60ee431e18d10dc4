"""Compressed bodies: inflated within the limit, refused where they lie."""

import gzip
import zlib

import pytest
from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.test import EnvironBuilder

from core.errors import DarkroomError
from functions.requests.decompression import read_body

MOST = 100_000
TEXT = b"what was sent " * 1000


def request(data: bytes, coding: str | None) -> Request:
    headers = {} if coding is None else {"Content-Encoding": coding}
    made = Request(EnvironBuilder(method="POST", data=data, headers=headers).get_environ())
    made.max_content_length = MOST + 1
    return made


@pytest.mark.parametrize(
    ("data", "coding"),
    [
        (TEXT, None), (TEXT, "identity"),
        (gzip.compress(TEXT), "gzip"), (gzip.compress(TEXT), " GZip "), (gzip.compress(TEXT), "x-gzip"),
        (zlib.compress(TEXT), "deflate"), (zlib.compress(TEXT, 0), "deflate"),
    ],
    ids=["none", "identity", "gzip", "GZip", "x-gzip", "deflate", "stored"],
)  # fmt: skip
def test_it_is_as_it_was(data: bytes, coding: str | None) -> None:
    assert read_body(request(data, coding)) == TEXT


def test_exactly_the_limit() -> None:
    assert len(read_body(request(gzip.compress(bytes(MOST)), "gzip"))) == MOST


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("beyond", [1, 9_900_000])
def test_too_much_is_too_much(coding: str, beyond: int) -> None:
    zeros = bytes(MOST + beyond)
    data = gzip.compress(zeros) if coding == "gzip" else zlib.compress(zeros)
    with pytest.raises(RequestEntityTooLarge):
        read_body(request(data, coding))


@pytest.mark.parametrize(
    ("data", "coding"),
    [
        (TEXT, "gzip"), (TEXT, "deflate"), (b"", "gzip"),
        (gzip.compress(TEXT)[:-1], "gzip"), (zlib.compress(TEXT)[:-4], "deflate"),
        (gzip.compress(TEXT)[:-5] + b"\0\0\0\0\0", "gzip"),
        (gzip.compress(TEXT) + b"more", "gzip"), (gzip.compress(TEXT) * 2, "gzip"),
        (gzip.compress(TEXT) + bytes(70_000), "gzip"),
        (gzip.compress(TEXT), "deflate"), (zlib.compress(TEXT), "gzip"), (zlib.compress(TEXT)[2:-4], "deflate"),
        (TEXT, "br"), (TEXT, "gzip, gzip"), (TEXT, "zstd"), (TEXT, ""),
    ],
    ids=["no-gzip", "no-deflate", "empty", "cut", "no-checksum", "wrong-checksum", "more", "twice", "much-more",
         "gzip-as-deflate", "deflate-as-gzip", "raw-deflate", "br", "two-codings", "zstd", "nothing"],
)  # fmt: skip
def test_what_is_refused(data: bytes, coding: str) -> None:
    with pytest.raises(DarkroomError) as caught:
        read_body(request(data, coding))
    assert caught.value.code == "bad_body"
