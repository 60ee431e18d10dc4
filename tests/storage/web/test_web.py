"""Runs the files of inside/ in namespaces of their own: no packet leaves the machine, every address has an owner."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

INSIDE = [Path(__file__).parent / "inside" / f"{name}.py" for name in ("guarded", "answers", "door")]
OWN = ["unshare", "--map-root-user", "--net", "--mount"]
LEAST = 700
"""Tests that must have run: none of them may be lost in silence."""


def possible() -> bool:
    try:
        return subprocess.run([*OWN, "ip", "link", "set", "lo", "up"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.timeout(2400)
def test_nothing_but_the_public_web_is_reached() -> None:
    if not possible():
        if os.environ.get("CI"):
            pytest.fail("this machine gives no namespaces, and CI must not skip what proves the guard")
        pytest.skip("this machine gives no network namespaces (unshare -rnm, ip)")
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-n", "0", "--timeout=1200"]
    command = [*OWN, sys.executable, "-m", "pytest", *options, *map(str, INSIDE)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed
    assert int(passed[1]) >= LEAST
