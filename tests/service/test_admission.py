"""The gate before the cores: who computes, who waits and who is refused."""

import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from core.cost import Estimate
from core.errors import TooMuchWorkError
from core.limits import Deadline
from service.admission import Admission
from service.errors import NoMemoryError, QueueFullError
from service.timing import Timings
from tests.service.admitting import MIB, Made, admitted, requests, running, waiting
from tests.waiting import PATIENCE, until


def test_no_more_than_at_once() -> None:
    gate, lock = Admission(2, 30, 10), threading.Lock()
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        with admitted(gate):
            with lock:
                inside += 1
                most = max(most, inside)
            threading.Event().wait(0.005)
            with lock:
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 2


def test_waiting_is_bounded_by_places_and_time() -> None:
    gate = Admission(1, 1, 0.02)
    timings = Timings()
    with (
        gate.enter(Estimate(), Deadline(1), Timings()),
        pytest.raises(QueueFullError),
        gate.enter(Estimate(), Deadline(1), timings),
    ):
        pass
    assert timings.seconds["queue"] >= 0.02
    with admitted(gate, seconds=0.001):
        pass


def test_an_error_inside_frees_the_core() -> None:
    gate = Admission(1, 0, 0)
    for _ in range(3):
        with pytest.raises(KeyError), admitted(gate):
            raise KeyError


def test_first_come_first_served() -> None:
    gate, order = Admission(1, 8, PATIENCE), []

    def work(number: int) -> None:
        with admitted(gate):
            order.append(number)

    with admitted(gate):
        threads = []
        for number in range(8):
            threads.append(threading.Thread(target=work, args=(number,)))
            threads[-1].start()
            until(lambda number=number: waiting(gate) == number + 1)  # type: ignore[misc] # bound at once
    for thread in threads:
        thread.join()
    assert order == list(range(8))


def test_a_full_queue_refuses_before_the_body_is_read() -> None:
    gate = Admission(1, 1, PATIENCE)
    with requests(gate) as start:
        assert start(client="a", body=10).runs.wait(PATIENCE)
        start(client="a", body=10)
        until(lambda: waiting(gate) == 1)
        assert gate.is_full()
        third = start(client="a", body=10)
        assert third.refused.wait(PATIENCE)
        assert isinstance(third.error, QueueFullError)
    assert not gate.is_full()


def test_a_body_that_is_being_read_has_a_place_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.admission._READING_SECONDS", PATIENCE)
    gate = Admission(1, 0, PATIENCE)
    gate.arrive("slow", 10)
    assert gate.is_full()
    monkeypatch.setattr("service.admission._READING_SECONDS", 0.0)
    assert not gate.is_full(), "a slow body holds nobody up"
    with admitted(gate):
        pass
    gate.leave()


def test_a_body_has_a_place_while_it_comes_and_not_while_its_client_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("service.admission._READING_SECONDS", 0.0)
    gate = Admission(1, 0, PATIENCE)
    gate.arrive("slow", 10)
    for _ in range(3):
        gate.await_client()
        assert not gate.is_full()
        gate.client_sent(1)
        assert gate.is_full()
    gate.leave()


def test_bodies_that_come_together_are_not_queued_beyond_the_bound() -> None:
    """All are let in while their clients are awaited; of those whose bodies are there, only so many may stay."""
    gate = Admission(1, 1, PATIENCE)
    others = threading.Barrier(6)
    with requests(gate) as start:
        crowd = [start(body=10, others=others) for _ in range(6)]
        until(lambda: sum(one.refused.is_set() for one in crowd) == 4)
        assert (running(gate), waiting(gate)) == (1, 1)
        for one in crowd:
            one.ends.set()


def test_no_caller_takes_all_places() -> None:
    gate = Admission(2, 2, PATIENCE)
    with requests(gate) as start:
        greedy = [start(client="greedy") for _ in range(8)]
        until(lambda: sum(one.refused.is_set() for one in greedy) == 4)
        other = start(client="other")
        until(lambda: waiting(gate) == 3, "the place that is kept for others")
        assert start(client="other").refused.wait(PATIENCE)
        for one in greedy:
            one.ends.set()
        assert other.runs.wait(PATIENCE)


def test_while_others_are_there_no_caller_takes_more_than_half() -> None:
    gate = Admission(2, 2, PATIENCE)
    with requests(gate) as start:
        assert start(client="other").runs.wait(PATIENCE)
        greedy = [start(client="greedy") for _ in range(4)]
        until(lambda: sum(one.refused.is_set() for one in greedy) == 2)
        assert not start(client="third").refused.wait(0.1)


def test_callers_take_turns() -> None:
    gate = Admission(1, 3, PATIENCE)
    with requests(gate) as start:
        first = start(client="greedy")
        assert first.runs.wait(PATIENCE)
        second = start(client="greedy")
        until(lambda: waiting(gate) == 1)
        other = start(client="other")
        until(lambda: waiting(gate) == 2)
        first.end()
        assert other.runs.wait(PATIENCE)
        assert not second.runs.is_set()


SHORT = {
    "beside a long one": (5.0, "other", 0.1, True), "not beside a short one": (0.5, "other", 0.1, False),
    "not if it is long itself": (5.0, "other", 0.5, False), "not of the same caller": (5.0, "greedy", 0.1, False),
}  # fmt: skip


@pytest.mark.parametrize(("first", "client", "work", "runs"), SHORT.values(), ids=SHORT)
def test_what_is_short_does_not_wait_behind_what_is_long(first: float, client: str, work: float, runs: bool) -> None:
    gate = Admission(1, 3, PATIENCE)
    with requests(gate) as start:
        assert start(client="greedy", work=first).runs.wait(PATIENCE)
        second = start(client=client, work=work)
        until(lambda: (running(gate), waiting(gate)) == ((2, 0) if runs else (1, 1)))
        second.ends.set()


def test_one_short_request_at_a_time_computes_beside_the_long_ones() -> None:
    gate = Admission(1, 3, PATIENCE)
    with requests(gate) as start:
        assert start(client="greedy", work=5.0).runs.wait(PATIENCE)
        short = start(client="other", work=0.1)
        assert short.runs.wait(PATIENCE)
        third = start(client="third", work=0.1)
        until(lambda: (running(gate), waiting(gate)) == (2, 1))
        short.end()
        assert third.runs.wait(PATIENCE)


@pytest.mark.parametrize(
    ("threads", "processes", "places"), [(16, 2, 4), (4, 1, 2), (3, 1, 1), (2, 1, 1), (1, 1, 1), (8, 1, 4)]
)
def test_two_threads_are_left_to_others(threads: int, processes: int, places: int) -> None:
    gate = Admission(2, 2, PATIENCE)
    gate.fit(threads, processes)
    assert gate.places == places
    assert gate.places + gate._extra <= max(1, (threads - 2) * processes)


def test_slow_bodies_do_not_take_the_threads_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.admission._READING_SECONDS", 0.0)
    gate = Admission(2, 2, PATIENCE)
    gate.fit(6, 2)
    held, release = [], threading.Event()

    def read() -> None:
        with suppress(QueueFullError):
            gate.arrive("slow", 10)
            held.append(True)
            release.wait(PATIENCE)
        gate.leave()

    threads = [threading.Thread(target=read) for _ in range(10)]
    for thread in threads:
        thread.start()
    until(lambda: sum(thread.is_alive() for thread in threads) == len(held) == 4)
    release.set()
    for thread in threads:
        thread.join()


def test_when_to_try_again_follows_from_the_backlog() -> None:
    gate = Admission(2, 4, PATIENCE)
    with requests(gate) as start:
        for _ in range(6):
            start(client="a", work=3.0)
        until(lambda: waiting(gate) == 4)
        refused = start(client="a")
        assert refused.refused.wait(PATIENCE)
        assert isinstance(refused.error, QueueFullError)
        assert refused.error.seconds == 9


def test_what_is_being_read_counts_as_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.admission._READING_SECONDS", PATIENCE)
    gate = Admission(1, 1, PATIENCE)
    gate._table.note_run(4.0, 0.0)
    with requests(gate) as start:
        assert start(client="a", work=3.0).runs.wait(PATIENCE)
        gate.arrive("a", 10)
        refused = start(client="a", body=10)
        assert refused.refused.wait(PATIENCE)
        assert isinstance(refused.error, QueueFullError)
        assert refused.error.seconds == 7
        gate.leave()


def test_a_slow_machine_is_taken_into_account() -> None:
    gate = Admission(1, 0, 0)
    with admitted(gate, work=0.01):
        time.sleep(0.2)
    assert gate._table.pace > 1.5


# --- memory ----------------------------------------------------------------------------------------------------------


def test_only_what_fits_runs_at_once() -> None:
    gate = Admission(4, 4, PATIENCE, Made(1600 * MIB, uses=(100 * MIB,)))
    with requests(gate) as start:
        first, second = (start(memory=600 * MIB) for _ in range(2))
        assert first.runs.wait(PATIENCE)
        assert second.runs.wait(PATIENCE)
        third = start(memory=600 * MIB)
        until(lambda: waiting(gate) == 1)
        small = start(memory=MIB)
        until(lambda: waiting(gate) == 2, "nothing overtakes, or what is large would never run")
        assert not third.runs.is_set()
        first.end()
        assert third.runs.wait(PATIENCE)
        assert small.runs.wait(PATIENCE)


def test_what_could_never_fit_is_refused_at_once() -> None:
    gate = Admission(1, 1, PATIENCE, Made(1600 * MIB, Path("group"), uses=(600 * MIB,)))
    with (
        pytest.raises(TooMuchWorkError, match=r"1000 MiB of memory; this server has 900 MiB"),
        admitted(gate, memory=1000 * MIB),
    ):
        pass
    with admitted(gate, memory=800 * MIB):
        pass


def test_what_could_never_fit_beside_its_own_body_is_refused_at_once() -> None:
    """Nothing would ever free what the request holds itself: "try again in a moment" would be wrong each time."""
    gate = Admission(1, 1, PATIENCE, Made(1600 * MIB, Path("group"), uses=(600 * MIB,)))
    with requests(gate) as start:
        refused = start(memory=800 * MIB, body=60 * MIB)  # the body counts twice
        assert refused.refused.wait(PATIENCE)
        assert isinstance(refused.error, TooMuchWorkError)
        assert "920 MiB of memory; this server has 900 MiB" in refused.error.detail
        assert start(memory=800 * MIB, body=40 * MIB).runs.wait(PATIENCE)


def test_memory_that_is_in_use_after_all_counts() -> None:
    uses = [0]
    gate = Admission(2, 0, 0, Made(1600 * MIB, uses=uses))  # type: ignore[arg-type] # a list, to be changed
    with admitted(gate, memory=500 * MIB):
        uses[0] = 1200 * MIB
        with pytest.raises(NoMemoryError), admitted(gate, memory=500 * MIB):
            pass
        uses[0] = 700 * MIB
        with admitted(gate, memory=500 * MIB):
            pass


def test_bodies_count_as_memory() -> None:
    gate = Admission(4, 4, 0, Made(160 * MIB))
    with requests(gate) as start:
        assert start(body=50 * MIB).runs.wait(PATIENCE)
        second = start(body=50 * MIB)
        assert second.refused.wait(PATIENCE)
        assert isinstance(second.error, NoMemoryError)
        assert second.error.status == 429
        assert start(body=10 * MIB).runs.wait(PATIENCE)


def test_who_announces_much_and_sends_little_holds_little() -> None:
    gate = Admission(4, 4, 0, Made(160 * MIB))
    for number in range(20):
        gate.arrive(f"slow {number}", 32 * MIB, told=True)
        gate.await_client()
        gate._visit.set(None)  # its thread waits; this one goes on
    gate.arrive("other", 32 * MIB, told=True)
    gate.client_sent(32 * MIB)


def test_memory_is_reserved_as_bytes_come() -> None:
    gate = Admission(4, 4, 0, Made(160 * MIB))

    def receive(most: int) -> None:
        for received in range(0, most, MIB // 2):
            gate.client_sent(received)

    gate.arrive("one", 40 * MIB, told=True)
    one = gate._visit.get()
    gate.arrive("other", 40 * MIB, told=True)
    receive(40 * MIB)
    gate._visit.set(one)
    receive(30 * MIB)
    with pytest.raises(NoMemoryError):
        receive(40 * MIB)


def test_the_bodies_of_one_caller_take_half_of_the_memory_at_most() -> None:
    gate = Admission(9, 9, 0, Made(160 * MIB))
    gate.arrive("greedy", 30 * MIB)
    gate._visit.set(None)
    with pytest.raises(NoMemoryError):
        gate.arrive("greedy", 10 * MIB)
    gate.arrive("other", 10 * MIB)
