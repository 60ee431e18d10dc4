"""New connections go to the process that has fewest: what a share leaves to others, and what real processes do."""

import socket
import time
from contextlib import ExitStack

import psutil
import pytest

from bench.server import serving
from functions.server import balance
from functions.server.balance import Balance
from tests.functions.server.test_worker import HEALTH, connected
from tests.waiting import until

TRIES = 9


@pytest.mark.parametrize(
    ("own", "others", "later", "yields"),
    [
        (0, [0], 0, False),
        (1, [0], 0, True),
        (1, [1, 1], 0, False),
        (2, [3, 1], 0, True),
        (1, [0], 60, False),
        (65, [0], 0, False),
    ],
)
def test_a_connection_is_left_to_who_has_fewer(
    monkeypatch: pytest.MonkeyPatch, own: int, others: list[int], later: float, yields: bool
) -> None:
    """Not to one that has said nothing for `later` seconds: it may be dead."""
    now, slept = 1000.0, list[float]()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(time, "sleep", slept.append)
    monkeypatch.setattr(balance, "_noted", [0.0] * 64)
    for count in others:
        Balance().note(count)
    now += later
    mine = Balance()
    mine.note(own)
    mine.yield_to_others()
    assert bool(slept) == yields


def test_nothing_is_left_to_who_accepts_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    slept = list[float]()
    monkeypatch.setattr(time, "sleep", slept.append)
    monkeypatch.setattr(balance, "_noted", [0.0] * 64)
    other, mine = Balance(), Balance()
    mine.note(2)
    other.note(1)
    mine.yield_to_others()
    assert len(slept) == 1
    other.leave()
    other.note(0)
    mine.yield_to_others()
    assert len(slept) == 1


def test_a_process_that_has_fewer_gets_the_next() -> None:
    """Two thirds of them, since a busy machine may be late to wake it: by chance that is one run in a hundred."""
    gained = list[int]()
    with serving(2) as server:
        until(lambda: len(server.workers()) == 2, "the second process")
        first, second = map(psutil.Process, server.workers())
        for _ in range(TRIES):
            with ExitStack() as stack:
                second.suspend()
                for _ in range(6):
                    asked(stack.enter_context(connected(f"http://127.0.0.1:{server.port}")))
                second.resume()
                for _ in range(6):
                    asked(stack.enter_context(connected(f"http://127.0.0.1:{server.port}")))
                gained.append(held(second))
                assert held(first) + held(second) == 12
    assert sum(gained[1:]) >= 4 * (TRIES - 1), gained  # in the first it may not have begun


def asked(talk: socket.socket) -> None:
    talk.sendall(HEALTH)
    assert talk.recv(65536)


def held(process: psutil.Process) -> int:
    return sum(one.status == psutil.CONN_ESTABLISHED for one in process.net_connections("tcp"))
