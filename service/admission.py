"""How many requests compute at once: more than the cores can do only takes memory from all."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from core.run import Probe
from service.errors import QueueFullError


class Admission:
    """Lets `at_once` requests in; `queue` more may wait, for at most `seconds`."""

    def __init__(self, at_once: int, queue: int, seconds: float) -> None:
        self._free = threading.BoundedSemaphore(at_once)
        self._places = threading.BoundedSemaphore(at_once + queue)
        self._seconds = seconds

    @contextmanager
    def enter(self, seconds: float, probe: Probe) -> Iterator[None]:
        """A free core, waited for `seconds` at most as `queue`; QueueFullError (429) where none comes free."""
        if not self._places.acquire(blocking=False):
            raise QueueFullError(self._retry_after())
        try:
            self._wait(seconds, probe)
            try:
                yield
            finally:
                self._free.release()
        finally:
            self._places.release()

    def _wait(self, seconds: float, probe: Probe) -> None:
        with probe.span("queue"):
            free = self._free.acquire(timeout=min(seconds, self._seconds))
        if not free:
            raise QueueFullError(self._retry_after())

    def _retry_after(self) -> int:
        return max(1, round(self._seconds / 4))


def cores() -> int:
    """Cores this process may use: the least of the machine's, its affinity and the control group's quota."""
    quota = min(_quota_v2(), _quota_v1())
    return max(1, min(len(os.sched_getaffinity(0)), int(quota + 0.5)))


def _quota_v2(path: str = "/sys/fs/cgroup/cpu.max") -> float:
    """Cores of a control group, version 2 (https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu)."""
    quota, _, period = _read(path).partition(" ")
    return int(quota) / int(period) if quota.isdigit() else float(os.cpu_count() or 1)


def _quota_v1(folder: str = "/sys/fs/cgroup/cpu") -> float:
    """Cores of a control group, version 1; its quota is -1 where there is none."""
    quota, period = _read(f"{folder}/cpu.cfs_quota_us"), _read(f"{folder}/cpu.cfs_period_us")
    return int(quota) / int(period) if quota.isdigit() else float(os.cpu_count() or 1)


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:  # noqa: PTH123 - a file of the kernel
            return file.read().strip()
    except OSError:
        return ""
