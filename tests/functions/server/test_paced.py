"""Sockets that no slow client can hold."""

import socket
import struct
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from functions.server import paced, shutdown
from functions.server.paced import PacedSocket, SlowClientError, socket_of
from tests.waiting import PATIENCE


@pytest.fixture
def pair() -> Iterator[tuple[PacedSocket, socket.socket]]:
    accepted, client = socket.socketpair()
    with PacedSocket.adopt(accepted) as ours, client:
        yield ours, client


def repeat(call: Callable[[], object]) -> None:
    for _ in range(1000):
        call()


def test_what_comes_in_time_is_received(pair: tuple[PacedSocket, socket.socket]) -> None:
    ours, client = pair
    slow: list[bool] = []
    ours.begin_request(end=lambda: slow.append(True))
    client.sendall(b"abc")
    assert ours.recv(2) == b"ab"
    threading.Timer(0.1, client.sendall, (b"d",)).start()
    assert ours.recv(1) + ours.recv(1) == b"cd"
    assert ours.gettimeout() is None
    assert not slow


@pytest.mark.parametrize("reason", ["rate", "deadline", "shutdown"])
def test_what_does_not_come_is_not_waited_for(
    pair: tuple[PacedSocket, socket.socket], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, client = pair
    slow: list[bool] = []
    ours.begin_request(end=lambda: slow.append(True))
    if reason == "rate":
        monkeypatch.setattr(paced, "GRACE", 0.1)
    elif reason == "deadline":
        ours.end_within(0.1)
    else:
        monkeypatch.setattr(shutdown, "_ends", 0.0)
    client.sendall(b"a")
    assert ours.recv(10) == b"a", "what has come is read, however late"
    with pytest.raises(SlowClientError):
        ours.recv(10)
    assert slow == [True]
    assert ours.gettimeout() is None


@pytest.mark.parametrize("sends", [False, True], ids=["receiving", "sending"])
def test_another_thread_may_end_the_wait(pair: tuple[PacedSocket, socket.socket], sends: bool) -> None:
    ours, _ = pair
    waits = threading.Event()
    seen: list[str] = []
    ours.begin_request(waits.set, lambda: seen.append("resumed"), lambda: seen.append("slow"))
    ours._holds = False
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ours.sendall, bytes(2**24)) if sends else pool.submit(ours.recv, 1)
        assert waits.wait(PATIENCE)
        ours.give_up()
        assert isinstance(waiting.exception(PATIENCE), OSError if sends else SlowClientError)
    assert seen == (["resumed"] if sends else ["resumed", "slow"])


def test_what_the_server_computes_meanwhile_is_not_the_clients_slowness(
    pair: tuple[PacedSocket, socket.socket],
) -> None:
    ours, client = pair
    ours.begin_request(on_wait=lambda: client.sendall(b"next"))
    ours._began -= 1000  # so long ago the request began: frames of a stream were looked at
    assert ours.recv(10) == b"next"


def test_a_drip_is_too_slow(pair: tuple[PacedSocket, socket.socket], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paced, "GRACE", 0.3)
    ours, client = pair
    ours.begin_request()
    ended = threading.Event()

    def drip() -> None:
        while not ended.wait(0.05):
            client.send(b"x")

    dripping = threading.Thread(target=drip)
    dripping.start()
    try:
        with pytest.raises(SlowClientError):
            repeat(lambda: ours.recv(1024))
    finally:
        ended.set()
        dripping.join()


def test_a_socket_timeout_of_the_caller_holds(pair: tuple[PacedSocket, socket.socket]) -> None:
    ours, _ = pair
    ours.begin_request()
    for seconds in (0.05, 1.2):
        ours.settimeout(seconds)
        with pytest.raises(TimeoutError) as raised:
            ours.recv(1)
        assert not isinstance(raised.value, SlowClientError)
        assert ours.gettimeout() == seconds


@pytest.mark.parametrize("size", [4 * 2**20, 60_000], ids=["one-answer", "small-answers"])
def test_who_does_not_read_is_not_waited_for(
    pair: tuple[PacedSocket, socket.socket], size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paced, "GRACE", 0.1)
    monkeypatch.setattr(paced, "LEAST_READING_RATE", 2**30)
    ours, _ = pair
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 0, 100_000))
    with pytest.raises(SlowClientError):
        repeat(lambda: ours.sendall(bytes(size)))


def test_who_is_called_is_not_held_after_the_end(pair: tuple[PacedSocket, socket.socket]) -> None:
    """Its connection holds the socket: else each would await a collection."""

    class Connection:
        def called(self) -> None:
            pass

    ours, _ = pair
    connection = Connection()
    held = weakref.ref(connection)
    ours.begin_request(connection.called, connection.called, connection.called)
    ours.watch_body(connection.called, lambda _, kept=connection: kept.called())
    del connection
    assert held() is not None
    ours.close()
    assert held() is None


def test_the_socket_of_a_request(pair: tuple[PacedSocket, socket.socket]) -> None:
    ours, client = pair
    assert socket_of({"gunicorn.socket": ours}) is ours
    assert socket_of({"gunicorn.socket": client}) is None
    assert socket_of({}) is None
