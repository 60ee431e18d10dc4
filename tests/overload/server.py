"""A server pinned to one core, and what its processes have used."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import ROOT
from tests.functions.support import clean_environment, wait_for
from tests.waiting import PATIENCE
from tools.ports import free_port

COMMANDS = {
    "our server": [sys.executable, "main.py"],
    "functions-framework": [
        str(Path(sys.executable).parent / "functions-framework"), "--target=handle", "--host=127.0.0.1",
    ],
}  # fmt: skip


class Server:
    """A running server: its port, and its first process."""

    def __init__(self, port: int, pid: int) -> None:
        self.port = port
        self.pid = pid

    def threads(self) -> dict[str, float]:
        """Core-seconds that each thread of each of its processes has used."""
        return {task.name: _used(task) for pid in self._pids() for task in Path(f"/proc/{pid}/task").iterdir()}

    def core_seconds(self) -> float:
        """Core-seconds that its processes have used."""
        return sum(self.threads().values())

    def _pids(self) -> Iterator[int]:
        found = [self.pid]
        while found:
            pid = found.pop()
            yield pid
            found += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def _used(task: Path) -> float:
    return int((task / "schedstat").read_text().split()[0]) / 1e9


@contextlib.contextmanager
def pinned(kind: str, core: int, **settings: str) -> Iterator[Server]:
    """A server on one core."""
    port = free_port()
    words = ["taskset", "-c", str(core), *COMMANDS[kind]]
    environment = clean_environment(PORT=str(port), **settings)
    process = subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{port}", process)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        process.wait(PATIENCE)


@contextlib.contextmanager
def on_core(core: int) -> Iterator[None]:
    """This process on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
