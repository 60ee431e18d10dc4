"""A request that waits for others lends its core."""

import threading

from service.admission import Admission
from tests.service.admitting import admitted, requests, running, waiting
from tests.waiting import PATIENCE, until


def test_a_lent_core_is_another_requests() -> None:
    """Who waits for others keeps its place and goes on at once; those beside it are no more than before."""
    gate = Admission(1, 2, 10)
    lent, back, goes_on = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        gate.arrive("a", 0)
        with admitted(gate):
            with gate.lend():
                lent.set()
                assert back.wait(PATIENCE)
            goes_on.set()
        gate.leave()

    thread = threading.Thread(target=work)
    thread.start()
    assert lent.wait(PATIENCE)
    with requests(gate) as start:
        assert start(client="b", body=0).runs.wait(PATIENCE)
        third = start(client="c", body=0)
        until(lambda: waiting(gate) == 1)
        assert gate.is_full()
        assert gate.snapshot().requests == {"reading": 0, "waiting": 2, "computing": 1}
        back.set()
        assert goes_on.wait(PATIENCE)
        assert not third.runs.is_set()
    thread.join(PATIENCE)
    assert (running(gate), waiting(gate), gate.is_full()) == (0, 0, False)


def test_nobody_lends_a_core_that_it_has_not() -> None:
    gate = Admission(1, 1, 10)
    with gate.lend(), admitted(gate):
        assert running(gate) == 1
    assert running(gate) == 0
