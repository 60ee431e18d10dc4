"""Ten pictures of 50 megapixels at once, two workers, and a control group of 1 GiB."""

import contextlib
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from tests.conftest import ROOT
from tests.functions.support import clean_environment, wait_for
from tests.overload import load
from tests.overload.load import Answer
from tests.waiting import PATIENCE
from tools.ports import free_port

GIB = 2**30
SIZE = (8192, 6112)
"""Width and height of 50 megapixels."""
AT_ONCE = 10
_HANGS = 10 * PATIENCE
"""Seconds without an answer that count as a hang: memory is judged here, and no time."""


class Group(NamedTuple):
    """A memory control group of a limit of its own."""

    folder: Path
    events: str

    def kills(self) -> int:
        """How many processes the kernel has ended for lack of memory."""
        lines = (self.folder / self.events).read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))

    def peak(self) -> int:
        """The most bytes that it has used; 0 where the kernel does not tell."""
        names = ("memory.peak", "memory.max_usage_in_bytes")
        return next((int(path.read_text()) for name in names if (path := self.folder / name).exists()), 0)


@contextlib.contextmanager
def control_group(limit: int) -> Iterator[Group]:
    """A memory control group, version 1 or 2; PermissionError or OSError where nobody may make one."""
    newer = Path("/sys/fs/cgroup/cgroup.controllers").exists()
    folder = Path("/sys/fs/cgroup") / ("" if newer else "memory") / f"darkroom-test-{os.getpid()}"
    folder.mkdir()
    try:
        (folder / ("memory.max" if newer else "memory.limit_in_bytes")).write_text(str(limit))
        if newer:
            (folder / "memory.swap.max").write_text("0")
        yield Group(folder, "memory.events" if newer else "memory.oom_control")
    finally:
        folder.rmdir()


@contextlib.contextmanager
def serving(group: Group, **settings: str) -> Iterator[int]:
    """A server in a control group; its port."""
    port = free_port()
    enter = f'echo $$ > {group.folder}/cgroup.procs && exec "$@"'
    process = subprocess.Popen(
        ["sh", "-c", enter, "sh", sys.executable, "main.py"],
        cwd=ROOT,
        env=clean_environment(PORT=str(port), DARKROOM_WORKERS="2", DARKROOM_MAX_SECONDS=str(_HANGS), **settings),
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}", process)
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE)


def upload() -> bytes:
    """The request: a form with a picture of 50 megapixels, detailed enough to be no small file."""
    width, height = SIZE
    noise = np.random.default_rng(3).integers(0, 255, (height // 8, width // 8, 3), np.uint8)
    pixels = cv2.resize(noise, SIZE, interpolation=cv2.INTER_CUBIC)
    done, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 90])
    assert done
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    body = head + data.tobytes() + b"\r\n--x--\r\n"
    return load.request("POST", "/upload", body, "multipart/form-data; boundary=x")


def ten_at_once(port: int, data: bytes) -> list[Answer]:
    """Their answers."""
    (answers,) = load.send(port, [(data, [0.0] * AT_ONCE)], _HANGS)
    return answers


def problems(answers: list[Answer], kills: int) -> list[str]:
    """What should not be."""
    found = [f"oom_kill {kills}"] if kills else []
    counts = Counter(one.status for one in answers)
    if counts[200] < 2:
        found.append("fewer than two were served")
    found += [f"{status} × {count}" for status, count in counts.items() if status not in {200, 429}]
    silent = sum(one.status == 429 and not one.headers.get("retry-after", "").isdigit() for one in answers)
    return [*found, *([f"{silent} refusals without Retry-After"] if silent else [])]
