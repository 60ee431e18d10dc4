"""Whoever sends too much hears so: forty times in a row, and a sender that stops half-way is not waited for."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.functions.support import BIN, served
from tests.waiting import PATIENCE


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    command = [str(BIN / "gunicorn"), "--bind=127.0.0.1:PORT", "--threads=4", "--no-control-socket", "main:app"]
    with served(command) as url:
        parts = urlsplit(url)
        yield (parts.hostname or "", parts.port or 0)


def head(length: int) -> bytes:
    return f"POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n".encode()


def test_the_answer_is_heard(address: tuple[str, int]) -> None:
    body = memoryview(bytes(1024 * 1024))
    for _ in range(40):
        with socket.create_connection(address, timeout=PATIENCE) as talk:
            talk.sendall(head(40 * len(body)))
            for _ in range(40):
                talk.sendall(body)
            assert talk.recv(65536).startswith(b"HTTP/1.1 413 ")


def test_a_sender_that_stops_is_not_waited_for(address: tuple[str, int]) -> None:
    with socket.create_connection(address, timeout=PATIENCE) as talk:
        talk.sendall(head(40 * 1024 * 1024) + b"only this")
        assert talk.recv(65536).startswith(b"HTTP/1.1 413 ")  # though the rest never comes
