"""Objects to process, the commands that process them, and what came of it."""

import hashlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from tests.conftest import ROOT

PIPELINE = ("--pipeline", "resize:48", "--format", "webp")
BEAM = ROOT / ".venv-beam" / "bin" / "python"
PRISM = BEAM.with_name("prism")
SETTINGS = {name: value for name, value in os.environ.items() if not name.startswith("DARKROOM_")}


def make_objects(folder: Path, count: int, *, damaged: int = 0) -> Path:
    """Small pictures, each different; the last ones are none."""
    chance = np.random.default_rng(7)
    for number in range(count):
        inside = folder / f"{number // 1000:03d}"
        inside.mkdir(parents=True, exist_ok=True)
        noise = chance.integers(0, 255, (6, 6, 3), dtype=np.uint8)
        width, height = (int(side) for side in chance.integers(32, 160, 2))
        file = inside / f"{number:06d}.{'png' if number % 5 == 0 else 'jpg'}"
        if number >= count - damaged:
            file.write_bytes(b"no picture %d" % number)
        else:
            cv2.imwrite(str(file), cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC))
    return folder


def command(source: Path, target: Path, *more: str) -> list[str]:
    """The command of a batch."""
    return [
        sys.executable, "-m", "functions.jobs.batch", "--from", str(source), "--to", str(target), *PIPELINE, *more,
    ]  # fmt: skip


def start(arguments: Sequence[str], settings: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """Start a command."""
    return subprocess.Popen(
        arguments, cwd=ROOT, env={**SETTINGS, **(settings or {})}, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip


def finish(process: subprocess.Popen[str], *codes: int) -> str:
    """What a command printed, once it has ended with one of these codes."""
    printed, errors = process.communicate(timeout=3600)
    assert process.returncode in (codes or (0,)), printed + errors
    return printed


def run(source: Path, target: Path, *more: str, codes: Sequence[int] = (0,)) -> str:
    """Process a batch to its end."""
    return finish(start(command(source, target, *more)), *codes)


def results(target: Path) -> list[Path]:
    """The results below a folder, without what is the batch's own."""
    files = (path for path in target.rglob("*") if path.is_file())
    return sorted(path for path in files if not any(part.startswith(".") for part in path.relative_to(target).parts))


def checksums(target: Path) -> dict[str, str]:
    """The sha256 of each result, by name."""
    return {
        path.relative_to(target).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in results(target)
    }


def marks(target: Path) -> dict[str, tuple[int, int]]:
    """What would be another if a result were written again: the inode, and when its bytes were written.

    Not when it was changed: a part that a killed process has left shares the inode until it is tidied away.
    """
    found = {}
    for path in results(target):
        known = path.stat()
        found[path.relative_to(target).as_posix()] = known.st_ino, known.st_mtime_ns
    return found


def killed(source: Path, target: Path, results_before: int, *more: str) -> dict[str, tuple[int, int]]:
    """Start a batch, kill all of its processes once there are more results, and return the marks of what is there."""
    process = start(command(source, target, *more))
    while process.poll() is None and len(results(target)) <= results_before:
        time.sleep(0.01)
    for pid in [*children(process.pid), process.pid]:
        os.kill(pid, 9)
    process.communicate()
    return marks(target)


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(word) for word in text.split()]


def told(printed: str, pattern: str) -> float:
    """A number that a command printed."""
    found = re.search(pattern, printed)
    assert found, printed
    return float(found[1].replace(",", ""))


OBJECTS, SECONDS, WRITES = r"objects +([\d,]+)", r"\(([\d,.]+) core-seconds\)", r"([\d,]+) file write"


def beam(source: Path, target: Path, rows: Path, *more: str) -> str:
    """Process a batch on Apache Beam."""
    arguments = [str(BEAM), "-m", "functions.jobs.beam", *command(source, target, "--rows", str(rows), *more)[3:]]
    process = start(arguments)
    printed, errors = process.communicate(timeout=7200)
    assert " objects, " in printed, errors[
        -3000:
    ]  # Python itself ends with 1, as a batch does some of whose objects failed
    return printed
