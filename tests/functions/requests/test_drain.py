"""Whoever sends too much hears so: forty times in a row, and a sender that stops half-way is not waited for."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPResponse
from urllib.parse import urlsplit

import pytest

from tests.functions.support import BIN, served
from tests.waiting import PATIENCE

MEBI = 1024 * 1024


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    command = [str(BIN / "gunicorn"), "--bind=127.0.0.1:PORT", "--threads=4", "--no-control-socket", "main:app"]
    with served(command) as url:
        parts = urlsplit(url)
        yield (parts.hostname or "", parts.port or 0)


@pytest.fixture(scope="module")
def ours() -> Iterator[tuple[str, int]]:
    with served([str(BIN / "python"), "main.py"]) as url:
        parts = urlsplit(url)
        yield (parts.hostname or "", parts.port or 0)


def answered(talk: socket.socket) -> int:
    """The status of the next answer, read whole."""
    response = HTTPResponse(talk)
    response.begin()
    response.read()
    return response.status


def head(path: str, length: int) -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n".encode()


def chunked(path: str) -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode()


@pytest.mark.parametrize(
    ("begun", "piece", "status"),
    [
        (head("/upload", 4000 * MEBI), bytes(MEBI), b"413"),
        (chunked("/nowhere"), b"100000\r\n" + bytes(MEBI) + b"\r\n", b"404"),
    ],
    ids=["length", "chunked"],
)
def test_the_answer_to_a_body_that_is_too_long_is_heard(
    begun: bytes, piece: bytes, status: bytes, address: tuple[str, int]
) -> None:
    """Though the sender never stops: it can send no more, and then reads."""
    for _ in range(40):
        with socket.create_connection(address, timeout=PATIENCE) as talk:
            talk.sendall(begun)
            with suppress(ConnectionError):
                for _ in range(4000):
                    talk.sendall(piece)
                pytest.fail("four gigabytes were read")
            assert talk.recv(65536).startswith(b"HTTP/1.1 " + status)


@pytest.mark.parametrize("begun", [100, 9 * MEBI], ids=["most-follows", "all-at-once"])
def test_a_refused_body_is_read_and_the_connection_stays(begun: int, address: tuple[str, int]) -> None:
    body = memoryview(bytes(9 * MEBI))
    with socket.create_connection(address, timeout=PATIENCE) as talk:
        for _ in range(3):
            talk.sendall(head("/nowhere", len(body)) + body[:begun])
            assert answered(talk) == 404
            talk.sendall(bytes(body[begun:]) + b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert answered(talk) == 200


@pytest.mark.parametrize(
    ("begun", "sent", "closes"),
    [
        (head("/upload", 4000 * MEBI), b"", True),
        (chunked("/nowhere"), b"1\r\nx\r\n", True),
        (chunked("/v1/process"), (b"100000\r\n" + bytes(MEBI) + b"\r\n") * 33, True),
        (chunked("/v1/process"), b"1\r\nx\r\n0\r\n\r\n", False),
        (head("/nowhere", MEBI), bytes(MEBI), False),
    ],
    ids=["long", "chunks unread", "too many chunks", "chunks to their end", "read to its end"],
)
def test_a_connection_that_is_closed_is_said_to_be(
    ours: tuple[str, int], begun: bytes, sent: bytes, closes: bool
) -> None:
    """Else the client sends its next request into nothing."""
    with socket.create_connection(ours, timeout=PATIENCE) as talk:
        talk.sendall(begun + sent)
        assert (b"\r\nConnection: close\r\n" in talk.recv(65536)) == closes


def test_a_sender_that_stops_is_not_waited_for(address: tuple[str, int]) -> None:
    with socket.create_connection(address, timeout=PATIENCE) as talk:
        talk.sendall(head("/upload", 40 * MEBI) + b"only this")
        answer = b"".join(iter(lambda: talk.recv(65536), b""))  # though the rest never comes
        assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("length", [50, 300_000])
def test_a_body_that_was_waited_for_is_no_request(length: int, address: tuple[str, int]) -> None:
    """By the time a request is refused, gunicorn has asked for its body: what comes next is that body."""
    asked = head("/nowhere", length).replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")
    with socket.create_connection(address, timeout=PATIENCE) as talk:
        for _ in range(3):
            talk.sendall(asked)
            go_on = b""
            while b"\r\n\r\n" not in go_on:
                go_on += talk.recv(1)
            assert go_on.startswith(b"HTTP/1.1 100 ")
            talk.sendall(bytes(length))
            assert answered(talk) == 404
            talk.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert answered(talk) == 200
