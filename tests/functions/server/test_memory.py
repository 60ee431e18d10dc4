"""Freed pictures are used again: a thread that works on many takes no fresh pages from the kernel for each."""

import subprocess
import sys

import pytest

from tests.conftest import ROOT

SCRIPT = """
import resource, sys, threading
from functions.server.memory import configure_malloc
if sys.argv[1] == "kept":
    assert configure_malloc()
def faults():
    return resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
def work():
    for index in range(13):
        if index == 3:
            before = faults()
        [bytearray(b"x") * size for size in (6_000_000, 6_000_000, 2_000_000)]
    print(faults() - before)
thread = threading.Thread(target=work); thread.start(); thread.join()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="mallopt is glibc's")
def test_pages_are_used_again() -> None:
    def pages(how: str) -> int:
        done = subprocess.run([sys.executable, "-c", SCRIPT, how], cwd=ROOT, capture_output=True, text=True, check=True)
        return int(done.stdout)

    assert pages("kept") < pages("usual") / 10


def test_what_was_imported_is_not_collected_again() -> None:
    script = "import gc; from functions.server.memory import freeze_imports as s; s(); print(gc.get_freeze_count())"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(done.stdout) > 1000
