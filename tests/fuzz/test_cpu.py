import signal
import subprocess
import sys

import pytest

from fuzz.__main__ import ROOT

INPUTS = {
    "work in Python": ("while True: pass", -signal.SIGABRT),
    "work in a library": ("sum(range(10**15))", -signal.SIGABRT),
    "waiting": ("time.sleep(3 * cpu.SECONDS)", 0),
    "little work often": ("[test(b'') for _ in range(30)]", 0),
}
"""What one input does, and how its process ends."""


@pytest.mark.parametrize("name", INPUTS)
def test_cpu_of_one_input_is_limited(name: str) -> None:
    does, ends = INPUTS[name]
    program = f"""
import time
from fuzz import cpu
cpu.SECONDS = 0.3
def little(_):
    start = time.process_time()
    while time.process_time() < start + cpu.SECONDS / 10: pass
test = cpu.limited(little)
cpu.limited(lambda _: exec({does!r}))(b"")
"""
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False, timeout=600)
    assert ended.returncode == ends
