"""From the process's start to the first byte of its first answer, beside ten lines of Flask and OpenCV.

Both under the same gunicorn with one worker, bytecode present and not written, page cache warm, no model.
"""

import os
import resource
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2

from bench.marks import mark

ROOT = Path(__file__).resolve().parent.parent
RUNS, MOST = 9, 1.5
_GUNICORN = [sys.executable, "-m", "gunicorn", "--config", "functions/server/gunicorn_conf.py"]
_PLAIN = [sys.executable, "-m", "gunicorn", "--workers=1", "--threads=16", "--worker-class=gthread", "--preload",
          "--no-control-socket", "--log-level=warning"]  # fmt: skip
_STAGES = {
    "Python alone": ("pass", "pass"),
    "imports that both need": ("import gunicorn.app.wsgiapp, flask, cv2, numpy",) * 2,
    "the application": ("import gunicorn.app.wsgiapp, main", "import gunicorn.app.wsgiapp, bench.start_app"),
}
"""Lines of ours and of the other, each of which does what the one before it does, and more."""


class Start(NamedTuple):
    """Seconds until a server listens, until the first byte of an answer, and of processor time until that byte."""

    listens: float
    answers: float
    cpu: float


def run() -> tuple[str, bool]:
    """The section's text, and whether every target is met."""
    folders = ["core", "storage", "catalog", "service", "functions", "bench", "main.py"]
    subprocess.run(
        [sys.executable, "-m", "compileall", "-q", *folders], cwd=ROOT, check=True, env=_environment(write=True)
    )
    street = cv2.imread(str(ROOT / "docs" / "img" / "street.png"))
    body = cv2.imencode(".jpg", cv2.resize(street, (96, 72), interpolation=cv2.INTER_AREA))[1].tobytes()
    sides = {"darkroom": (_GUNICORN, "main:app"), "plain": (_PLAIN, "bench.start_app:app")}
    for command, app in sides.values():
        _started(command, app, body)  # warms the page cache
    rounds = [{name: _started(command, app, body) for name, (command, app) in sides.items()} for _ in range(RUNS)]
    stages = {name: [[_cpu(line) for line in lines] for _ in range(RUNS)] for name, lines in _STAGES.items()}
    ratios = [one["darkroom"].answers / one["plain"].answers for one in rounds]
    return _text(rounds, stages, ratios), statistics.median(ratios) <= MOST


def _started(command: Sequence[str], app: str, body: bytes) -> Start:
    """A server from its start to its first answer; it is ended after that."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    began = time.perf_counter()
    environment = {**_environment(), "PORT": str(port), "DARKROOM_WORKERS": "1", "DARKROOM_LOG_LEVEL": "error"}
    bind = [] if command is _GUNICORN else [f"--bind=127.0.0.1:{port}"]
    process = subprocess.Popen([*command, *bind, app], cwd=ROOT, env=environment)
    try:
        connection = _connected(port, process)
        listens = time.perf_counter() - began
        with connection:
            head = "POST /v1/process?pipeline=resize:64 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            connection.sendall(f"{head}Content-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            first = connection.recv(15)
        answers, cpu = time.perf_counter() - began, _used(process.pid)
        if not first.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"{app} answered {first!r}")
    finally:
        process.terminate()
        process.wait(timeout=40)
    return Start(listens, answers, cpu)


def _connected(port: int, process: "subprocess.Popen[bytes]") -> socket.socket:
    while process.poll() is None:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=60)
        except OSError:
            time.sleep(0.002)
    raise RuntimeError("the server ended at its start; its message is above")


def _used(pid: int) -> float:
    """Processor time of a process and of those that it has started."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(_used(int(child)) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _cpu(line: str) -> float:
    before = _children()
    subprocess.run([sys.executable, "-c", line], cwd=ROOT, check=True, env=_environment())
    return _children() - before


def _environment(*, write: bool = False) -> dict[str, str]:
    """This environment without our settings; bytecode is not written, as on a read-only root."""
    names = [name for name in os.environ if name.startswith("DARKROOM_") or name == "PYTHONDONTWRITEBYTECODE"]
    kept = {name: value for name, value in os.environ.items() if name not in names}
    return kept if write else {**kept, "PYTHONDONTWRITEBYTECODE": "1"}


_TEXT = """## Cold start

From the process's start to the first byte of its first answer: a JPEG of 96 × 72, made 64 wide. Beside ten lines of
Flask and OpenCV (bench/start_app.py) under the same gunicorn; one worker, bytecode present and not written, page cache
warm, no model; {runs} rounds, interleaved; ms: median (least–greatest). Ratio {ratio:.2f} ({least:.2f}–{greatest:.2f}),
at most {most} {mark}

| until | Darkroom | ten lines |
|---|---|---|
{rows}

Processor time by stage, each process of its own: ms, median.

| stage | Darkroom | ten lines |
|---|---|---|
{stages}
"""


def _text(rounds: list[dict[str, Start]], stages: dict[str, list[list[float]]], ratios: list[float]) -> str:
    rows = [
        f"| {label} | {_ms([getattr(one['darkroom'], field) for one in rounds])} "
        f"| {_ms([getattr(one['plain'], field) for one in rounds])} |"
        for label, field in (
            ("it listens", "listens"),
            ("it answers", "answers"),
            ("it answers, processor time", "cpu"),
        )
    ]
    by_stage = [
        f"| {name} | {statistics.median(ours for ours, _ in runs) * 1e3:.0f} "
        f"| {statistics.median(other for _, other in runs) * 1e3:.0f} |"
        for name, runs in stages.items()
    ]
    ratio = statistics.median(ratios)
    return _TEXT.format(
        runs=RUNS, ratio=ratio, least=min(ratios), greatest=max(ratios), most=MOST, mark=mark(ratio <= MOST),
        rows="\n".join(rows), stages="\n".join(by_stage),
    )  # fmt: skip


def _ms(seconds: list[float]) -> str:
    return f"{statistics.median(seconds) * 1e3:.0f} ({min(seconds) * 1e3:.0f}–{max(seconds) * 1e3:.0f})"
