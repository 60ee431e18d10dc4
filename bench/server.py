"""The server under measurement: gunicorn as the container runs it, on a free loopback port, ended by its own pid."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_GUNICORN = [sys.executable, "-m", "gunicorn", "--config"]
_CONFIGS = ("functions/server/gunicorn_conf.py", "functions/gunicorn_conf.py")  # the latter in earlier commits


class Server:
    """A running server; `port` is where, `pid` its master process."""

    def __init__(self, port: int, pid: int) -> None:
        self.port = port
        self.pid = pid

    def workers(self) -> list[int]:
        """Process ids of the workers."""
        text = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(word) for word in text.split()]

    def core_seconds(self, *, kernel: bool = True) -> float:
        """What the workers have used so far, seconds of one core, without the kernel's share if `kernel` is false."""
        fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in self.workers()]
        return sum(int(field[11]) + kernel * int(field[12]) for field in fields) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(workers: int, app: str = "main:app", arguments: Sequence[str] = (), **settings: str) -> Iterator[Server]:
    """A server with so many workers, arguments and variables, of the tree BENCH_TREE; it is stopped at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    always = {"PORT": str(port), "DARKROOM_WORKERS": str(workers), "DARKROOM_LOG_LEVEL": "error"}
    tree = Path(settings.pop("BENCH_TREE", ROOT))
    config = next(name for name in _CONFIGS if (tree / name).is_file())
    process = subprocess.Popen(
        [*_GUNICORN, config, *arguments, app], cwd=tree, env={**os.environ, **always, **settings}
    )
    try:
        _wait(process, port)
        yield Server(port, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=40)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError("the server ended at its start; its message is above")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError("the server did not listen within 30 s")
