"""A server of one process, pinned to a core, and what a request costs it: CPU and memory, whatever the clock says."""

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from http.client import HTTPResponse
from pathlib import Path
from typing import NamedTuple

from tests.conftest import ROOT
from tests.functions.support import BIN, clean_environment, wait_for
from tests.hostile.bodies import Sent, chunked
from tests.waiting import PATIENCE
from tools.ports import free_port

RULE = '[[rule]]\nwhen="s3://sources/**"\nto="s3://outputs/{name}.webp"\npipeline="resize:32"\n'


class Cost(NamedTuple):
    """What a request cost: seconds of CPU, the peak of resident memory in MiB, and the answer's status and code."""

    seconds: float
    peak: float
    status: int
    code: str


class Server:
    """A running server, measured from outside through /proc."""

    def __init__(self, port: int, process: "subprocess.Popen[bytes]") -> None:
        self.port, self.process = port, process

    def _pids(self) -> list[int]:
        """The workers: what is below gunicorn's master."""
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(pid) for pid in found]

    def seconds(self) -> float:
        """CPU of all threads since they began (proc(5), schedstat)."""
        total = 0
        for pid in self._pids():
            for task in Path(f"/proc/{pid}/task").iterdir():
                with contextlib.suppress(OSError):
                    total += int((task / "schedstat").read_text().split()[0])
        return total * 1e-9

    def peak(self) -> float:
        """The highest resident memory since `forget_peak`, MiB."""
        texts = [Path(f"/proc/{pid}/status").read_text() for pid in self._pids()]
        return max(int(text.split("VmHWM:")[1].split()[0]) for text in texts) / 1024

    def resident(self) -> float:
        """Resident memory now, MiB."""
        texts = [Path(f"/proc/{pid}/status").read_text() for pid in self._pids()]
        return max(int(text.split("VmRSS:")[1].split()[0]) for text in texts) / 1024

    def forget_peak(self) -> None:
        """Start measuring the peak anew (proc(5), clear_refs)."""
        for pid in self._pids():
            Path(f"/proc/{pid}/clear_refs").write_text("5")

    def ask(self, sent: Sent) -> Cost:
        """Send a request on a connection of its own, and wait for the end of its work."""
        self.forget_peak()
        before = self.seconds()
        status, code = self._exchange(sent)
        with contextlib.suppress(OSError):
            self._exchange(Sent("/health", b"", method="GET"))
        return Cost(self.seconds() - before, self.peak(), status, code)

    def _exchange(self, sent: Sent) -> tuple[int, str]:
        headers = {"Host": "localhost", **dict(sent.headers)}
        if sent.body:
            headers["Content-Type"] = sent.content_type
            framing = {"Transfer-Encoding": "chunked"} if sent.pieces else {"Content-Length": str(len(sent.body))}
            headers |= framing
        lines = [f"{sent.method} {sent.path} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
        head = "\r\n".join([*lines, "", ""]).encode()
        body = chunked(sent.body, sent.pieces) if sent.pieces else sent.body
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as talk:
            with contextlib.suppress(ConnectionError):  # refused before the end: the answer is there
                talk.sendall(head)
                talk.sendall(body)
            response = HTTPResponse(talk)
            response.begin()
            text = response.read()
        return response.status, _code(text) if response.status >= 400 else ""


def _code(text: bytes) -> str:
    return text.partition(b'"code":"')[2].partition(b'"')[0].decode() or text[:40].decode("latin-1")


@contextlib.contextmanager
def measured(folder: Path, variables: Mapping[str, str] | None = None) -> Iterator[Server]:
    """A server with results, rules and files in a folder, on the machine's last core, for as long as the context."""
    (folder / "rules.toml").write_text(RULE)
    given = {
        "DARKROOM_AUTH": "none", "DARKROOM_RULES": str(folder / "rules.toml"), "DARKROOM_FILES": str(folder),
        "DARKROOM_RESULTS": "file://results", "DARKROOM_DATA": str(folder / "data"), "DARKROOM_CATALOG": "sqlite",
        "DARKROOM_MAX_SECONDS": str(PATIENCE), "DARKROOM_LOG_LEVEL": "error",
        "DARKROOM_WORKERS": "1", "DARKROOM_LOCAL_WRITES": "true",
    }  # fmt: skip
    (folder / "results").mkdir(exist_ok=True)
    port = free_port()
    process = subprocess.Popen(
        [str(BIN / "gunicorn"), "-c", "functions/server/gunicorn_conf.py", "main:app"],
        cwd=ROOT,
        env=clean_environment(PORT=str(port), **{**given, **(variables or {})}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, {max(os.sched_getaffinity(0))}),  # noqa: PLW1509 - no threads yet
    )
    try:
        wait_for(f"http://127.0.0.1:{port}", process)
        yield Server(port, process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
