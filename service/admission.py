"""Admission control: how many requests compute at once. More than there are cores would only cost memory."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from core.cost import Estimate
from core.limits import Deadline
from core.run import Probe
from service.errors import QueueFullError


class Admission:
    """Admits `at_once` requests at a time; `queue` more may wait, for at most `seconds`."""

    def __init__(self, at_once: int, queue: int, seconds: float) -> None:
        self._cores = threading.BoundedSemaphore(at_once)
        self._slots = threading.BoundedSemaphore(at_once + queue)
        self._seconds = seconds

    @contextmanager
    def enter(self, cost: Estimate, deadline: Deadline, probe: Probe) -> Iterator[None]:  # noqa: ARG002 - counted soon
        """Hold a core, after waiting for it until the deadline. QueueFullError (429) if none becomes free."""
        if not self._slots.acquire(blocking=False):
            raise QueueFullError(self._retry_after())
        try:
            self._wait(deadline.remaining(), probe)
            try:
                yield
            finally:
                self._cores.release()
        finally:
            self._slots.release()

    def is_full(self) -> bool:
        """Whether a request would be refused now."""
        free = self._slots.acquire(blocking=False)
        if free:
            self._slots.release()
        return not free

    def _wait(self, seconds: float, probe: Probe) -> None:
        with probe.span("queue"):
            free = self._cores.acquire(timeout=min(seconds, self._seconds))
        if not free:
            raise QueueFullError(self._retry_after())

    def _retry_after(self) -> int:
        return max(1, round(self._seconds / 4))


def cores() -> int:
    """Cores this process may use: the smallest of the machine's, its affinity's and its control group's quota."""
    quota = min(_quota_v2(), _quota_v1())
    return max(1, min(len(os.sched_getaffinity(0)), int(quota + 0.5)))


def _quota_v2(path: str = "/sys/fs/cgroup/cpu.max") -> float:
    """Cores of a control group, version 2 (https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu)."""
    quota, _, period = _read(path).partition(" ")
    return int(quota) / int(period) if quota.isdigit() else float(os.cpu_count() or 1)


def _quota_v1(folder: str = "/sys/fs/cgroup/cpu") -> float:
    """Cores of a control group, version 1; a quota of -1 means no limit."""
    quota, period = _read(f"{folder}/cpu.cfs_quota_us"), _read(f"{folder}/cpu.cfs_period_us")
    return int(quota) / int(period) if quota.isdigit() else float(os.cpu_count() or 1)


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:  # noqa: PTH123 - a kernel file
            return file.read().strip()
    except OSError:
        return ""
