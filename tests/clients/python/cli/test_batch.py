import threading
import time

import pytest
from darkroom_client.cli.batch import each, in_order

from tests.waiting import PATIENCE


def _never(_: object) -> bool:
    return False


@pytest.mark.parametrize("threads", [1, 3, 50])
@pytest.mark.parametrize("count", [1, 2, 20])
def test_every_job_once_and_in_order(count: int, threads: int) -> None:
    def work(job: int) -> int:
        time.sleep(0.002 * (job % 3 == 0))
        return job * job

    jobs = list(range(count))
    assert list(in_order(each(jobs, work, _never, threads))) == [job * job for job in jobs]


def test_no_more_at_a_time_than_asked() -> None:
    busy: list[int] = []
    most, lock, three = 0, threading.Lock(), threading.Barrier(3)

    def work(job: int) -> None:
        nonlocal most
        with lock:
            busy.append(job)
            most = max(most, len(busy))
        three.wait(PATIENCE)
        with lock:
            busy.remove(job)

    list(each(range(12), work, _never, 3))
    assert most == 3


def test_after_a_fatal_one_no_other_begins() -> None:
    done = list(in_order(each(range(100), lambda job: job, lambda outcome: outcome == 4, 1)))
    assert done == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("count", [1, 5])
def test_our_own_faults_are_not_swallowed(count: int) -> None:
    def work(_: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(each(range(count), work, _never, 2))
