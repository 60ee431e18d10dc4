"""One gate for all processes of a container, some of which are killed."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest

from service.admission import Admission
from service.errors import NoMemoryError, QueueFullError
from tests.service.admitting import MIB, Made, admitted, requests, running, waiting
from tests.waiting import PATIENCE, until


@contextmanager
def forked(work: Callable[[], None]) -> Iterator[int]:
    """A process that is forked from this one."""
    pid = os.fork()
    if not pid:
        try:
            work()
        finally:
            os._exit(0)
    try:
        yield pid
    finally:
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def holding(gate: Admission, memory: int = 0) -> Callable[[], None]:
    def work() -> None:
        gate.arrive("child", 10)
        with admitted(gate, memory=memory):
            time.sleep(PATIENCE)

    return work


def test_processes_share_the_cores_and_the_queue() -> None:
    gate = Admission(2, 0, 0)
    with ExitStack() as processes:
        for _ in range(2):
            processes.enter_context(forked(holding(gate)))
        until(lambda: running(gate) == 2)
        with pytest.raises(QueueFullError), admitted(gate):
            pass


def test_processes_share_the_memory() -> None:
    gate = Admission(4, 0, 0, Made(1600 * MIB))
    with forked(holding(gate, 1000 * MIB)):
        until(lambda: running(gate) == 1)
        with pytest.raises(NoMemoryError), admitted(gate, memory=1000 * MIB):
            pass


def test_a_killed_process_leaves_nothing() -> None:
    gate = Admission(1, 0, PATIENCE, Made(1600 * MIB))
    with forked(holding(gate, 1000 * MIB)) as pid:
        until(lambda: running(gate) == 1)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        with admitted(gate, memory=1000 * MIB):
            assert gate._table.memory_held() == 1000 * MIB


def test_who_waits_notices_that_another_process_is_killed() -> None:
    gate = Admission(1, 1, PATIENCE)
    with forked(holding(gate)) as pid:
        until(lambda: running(gate) == 1)
        with requests(gate) as start:
            one = start()
            until(lambda: waiting(gate) == 1)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            assert one.runs.wait(PATIENCE)


def test_a_core_passes_from_process_to_process() -> None:
    """Each of two processes enters many times; both wait for each other, and neither is passed over."""
    gate, rounds = Admission(1, 2, PATIENCE), 200
    read, write = os.pipe()

    def work(name: bytes) -> Callable[[], None]:
        def enter_often() -> None:
            for _ in range(rounds):
                with admitted(gate):
                    os.write(write, name)
                    time.sleep(0.0005)

        return enter_often

    with ExitStack() as processes:
        with admitted(gate):
            pids = [processes.enter_context(forked(work(name))) for name in (b"a", b"b")]
            until(lambda: waiting(gate) == 2)
        for pid in pids:
            os.waitpid(pid, 0)
    order = os.read(read, 4096).decode()
    os.close(read)
    os.close(write)
    assert sorted(order) == ["a"] * rounds + ["b"] * rounds
    half = order[:rounds]
    assert min(half.count("a"), half.count("b")) > rounds / 4


def test_many_processes_come_and_go() -> None:
    """Killed at any moment, they neither lock the table nor leave rows in it."""
    gate = Admission(1, 4, PATIENCE)

    def work() -> None:
        while True:
            gate.arrive("x", 10)
            with suppress(QueueFullError), admitted(gate):
                pass
            gate.leave()

    for round_ in range(10):
        with ExitStack() as processes:
            for _ in range(3):
                processes.enter_context(forked(work))
            time.sleep(0.01 + round_ / 200)
    assert not gate.is_full()
    with admitted(gate):
        assert running(gate) == 1
    until(lambda: not gate.is_full() and gate._table.used == 0)
