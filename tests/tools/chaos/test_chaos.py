"""The chaos test in its short form; `make prove-buckets` runs the long one."""

import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tools.chaos.script import written

DELIVERIES, OBJECTS, KILLS = 200, 60, 4


def ran(cloud: str, deliveries: int, objects: int, kills: int, *more: str) -> subprocess.CompletedProcess[str]:
    words = [f"--deliveries={deliveries}", f"--objects={objects}", f"--kills={kills}", *more]
    command = [sys.executable, "-m", "tools.chaos", cloud, *words]
    return subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=1200)


@pytest.mark.parametrize("cloud", ["gs", "s3"])
def test_the_promise_holds(cloud: str) -> None:
    done = ran(cloud, DELIVERIES, OBJECTS, KILLS)
    assert done.returncode == 0, done.stdout + done.stderr
    told = re.search(r"(\d+) changes, (\d+) deliveries \((\d+) repeats, .* (\d+) kills, .* 0 violations", done.stdout)
    assert told, done.stdout
    changes, handed_out, repeats, killed = map(int, told.groups())
    assert killed == KILLS
    assert changes + repeats >= DELIVERIES <= handed_out
    assert repeats >= 0.3 * DELIVERIES


def test_a_broken_rule_is_seen() -> None:
    done = ran("gs", 60, 20, 0, "--mutation=versions_do_not_count")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "is marked" in done.stdout


def test_the_script_is_what_it_says() -> None:
    script = written(1, 600, 2000)
    ops = [op for changes in script.ops.values() for op in changes]
    assert len(script.ops) == 600
    assert len(ops) + script.repeats == 2000
    assert script.repeats >= 600
    assert script == written(1, 600, 2000) != written(2, 600, 2000)
    assert sum(op.content is None for op in ops) > 100
    back = [
        key for key, of in script.ops.items() if any(a == c != b for a, b, c in zip(of, of[1:], of[2:], strict=False))
    ]
    assert len(back) > 20
    bad = sum(op.content is not None and not op.content.startswith(b"\xff\xd8\xff") for op in ops)
    assert bad > 30
