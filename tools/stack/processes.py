"""Processes that outlive the command that starts them, each known by a file with its id and when it began."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

_PATIENCE = 60.0
"""Seconds until a process must listen."""
_GRACE = 15.0
"""Seconds between SIGTERM and SIGKILL; the server takes nine at most."""


class NotStartedError(RuntimeError):
    """A process ended, or did not listen in time; the message has the end of its log."""


def start(name: str, command: list[str], port: int, environment: Mapping[str, str], root: Path, state: Path) -> None:
    """Start a process and wait until it listens. NotStartedError."""
    log = state / f"{name}.log"
    with log.open("wb") as output, _endless(state / "stdin") as nothing:
        process = subprocess.Popen(
            command, cwd=root, env=dict(environment), stdin=nothing, stdout=output, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
    (state / f"{name}.pid").write_text(f"{process.pid} {_began(process.pid)}")
    ends = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < ends:
        if listens(port):
            return
        time.sleep(0.05)
    stop(name, state)
    raise NotStartedError(f"{name} did not start; {log} ends with:\n{log.read_text(errors='replace')[-2000:]}")


@contextlib.contextmanager
def _endless(path: Path) -> Iterator[int]:
    """An input that never ends, since its reader holds its other end too; FerretDB ends with its input."""
    if not path.exists():
        os.mkfifo(path)
    descriptor = os.open(path, os.O_RDWR)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def listens(port: int) -> bool:
    """Whether something listens on a port of loopback."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def running(name: str, state: Path) -> int | None:
    """The id of a process that was started here and still runs. An id that another process has by now is not it."""
    try:
        pid, _, began = (state / f"{name}.pid").read_text().partition(" ")
        return int(pid) if began and _began(int(pid)) == began else None
    except (OSError, ValueError):
        return None


def stop(name: str, state: Path) -> bool:
    """End a process and what it started; whether it ran."""
    pid = running(name, state)
    if pid is not None:
        _end(pid)
    (state / f"{name}.pid").unlink(missing_ok=True)
    return pid is not None


def _end(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        ends = time.monotonic() + _GRACE
        while _is_alive(pid) and time.monotonic() < ends:
            time.sleep(0.05)
        os.killpg(pid, signal.SIGKILL)  # its workers, if it could not end them: it leads a group of its own


def _is_alive(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    return _began(pid) != ""


def _began(pid: int) -> str:
    """When a process began, in ticks since the machine's start; empty if it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in {"Z", "X"} else fields[19]
