"""The folder of metrics: processes follow one another in it, and nothing piles up."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from service.watch.folder import PREFIX, VARIABLE, make_folder
from tests.conftest import ROOT
from tests.waiting import PATIENCE

COUNTS = """
import os, sys
from pathlib import Path
from service.watch.folder import make_folder
from service.watch.metrics import Metrics

folder = make_folder({"PROMETHEUS_MULTIPROC_DIR": sys.argv[1]})
metrics = Metrics(folder, [])
metrics.begin_process()

def forked(gauge):
    if not os.fork():
        metrics.begin_process()
        metrics.handled("done", 1, 0.1)
        metrics.models_hold(gauge)
        os._exit(0)
    os.wait()

"""


def ran(code: str, place: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", COUNTS + code, str(place)], cwd=ROOT, capture_output=True, text=True, check=False,
        timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


SHOW = """
from service.admission import Admission
told = metrics.exposition(Admission(1, 1, 1.0), "0").decode()
wanted = ("darkroom_events_total{outcome=\\"done\\"", "darkroom_processes_started_total", "darkroom_model_bytes ")
print(*[line.rpartition(" ")[2] for name in wanted for line in told.splitlines() if line.startswith(name)])
print(len(list(folder.path.glob("*.db"))))
"""


def test_a_successor_counts_on(tmp_path: Path) -> None:
    once = ran(f"forked(7)\n{SHOW}", tmp_path).split()
    often = ran(f"for _ in range(20): forked(7)\n{SHOW}", tmp_path).split()
    assert once[:3] == ["1.0", "2.0", "0.0"], "what the ended one held is gone, what it counted stays"
    assert often[:3] == ["20.0", "21.0", "0.0"]
    assert often[3] == once[3], "twenty processes have no more files than one"


LIVING = """
import signal, time
read, write = os.pipe()
living = []
for gauge in (3, 4):
    living.append(os.fork())
    if not living[-1]:
        metrics.models_hold(gauge)
        os.write(write, b".")
        time.sleep(600)
for _ in living:
    os.read(read, 1)
try:
    exec(show)
finally:
    for pid in living:
        os.kill(pid, signal.SIGKILL)
"""


def test_the_living_are_counted_together(tmp_path: Path) -> None:
    assert ran(f"show = {SHOW!r}\n{LIVING}", tmp_path).split()[2] == "7.0"


def test_what_killed_servers_left_is_removed(tmp_path: Path) -> None:
    wait = [sys.executable, "-c", COUNTS + "print(flush=True)\nsys.stdin.read()", str(tmp_path)]
    with subprocess.Popen(wait, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        left = list(tmp_path.glob(f"{PREFIX}*"))
        ran("", tmp_path)
        assert list(tmp_path.glob(f"{PREFIX}*")) == left, "one that lives is left alone"
        process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE)
    assert len(left) == 1
    ran("", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_full_place_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write to a mapped file on a full tmpfs ends the process (SIGBUS)."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=2**20))
    assert make_folder({VARIABLE: str(tmp_path)}) is None
    assert list(tmp_path.iterdir()) == []


def test_nowhere_to_write(tmp_path: Path) -> None:
    assert make_folder({VARIABLE: str(tmp_path / "none")}) is None
