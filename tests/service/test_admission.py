"""The gate before the cores, and how many cores there are."""

import threading
from pathlib import Path

import pytest

from core.cost import Estimate
from core.limits import Deadline
from service.admission import Admission, _quota_v1, _quota_v2, cores
from service.errors import QueueFullError
from service.timing import Timings


def test_no_more_than_at_once() -> None:
    gate, lock = Admission(2, 30, 10), threading.Lock()
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        with gate.enter(Estimate(), Deadline(10), Timings()):
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
    with gate.enter(Estimate(), Deadline(0.001), Timings()):
        pass


def test_an_error_inside_frees_the_core() -> None:
    gate = Admission(1, 0, 0)
    for _ in range(3):
        with pytest.raises(KeyError), gate.enter(Estimate(), Deadline(1), Timings()):
            raise KeyError


def test_there_is_a_core() -> None:
    assert cores() >= 1


@pytest.mark.parametrize(("text", "quota"), [("150000 100000", 1.5), ("400000 100000", 4.0)])
def test_quota_of_version_2(tmp_path: Path, text: str, quota: float) -> None:
    file = tmp_path / "cpu.max"
    file.write_text(text)
    assert _quota_v2(str(file)) == quota
    file.write_text("max 100000")
    assert _quota_v2(str(file)) == _quota_v2(str(tmp_path / "nix")) > 0


def test_quota_of_version_1(tmp_path: Path) -> None:
    (tmp_path / "cpu.cfs_quota_us").write_text("50000")
    (tmp_path / "cpu.cfs_period_us").write_text("100000")
    assert _quota_v1(str(tmp_path)) == 0.5
    (tmp_path / "cpu.cfs_quota_us").write_text("-1")
    assert _quota_v1(str(tmp_path)) >= 1
