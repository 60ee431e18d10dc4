"""What a process keeps of the memory that its requests have freed."""

import mmap
import subprocess
import sys

import pytest

from service.machine import own_memory
from tests.conftest import ROOT

LEFT_BEHIND = """
import contextvars, sys
import numpy
from functions.server.memory import configure_malloc
from service.admission import Admission
from service.machine import own_memory

configure_malloc()
gate, body, others = Admission(4, 4, 0), int(sys.argv[1]), int(sys.argv[2])
for number in range(others):
    contextvars.copy_context().run(gate.arrive, "other", 1)
gate.arrive("first", body)
blocks = [numpy.ones(2**20, numpy.uint8) for _ in range(200)]
last = numpy.ones(2**20, numpy.uint8)
del blocks
gate.leave()
before = own_memory()
gate.arrive("second", 1)
print((before - own_memory()) >> 20)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="malloc_trim is glibc's")
@pytest.mark.parametrize(
    ("body", "others", "returned"),
    [(32 * 2**20, 0, True), (2**20, 0, False), (32 * 2**20, 1, False)],
    ids=["after a large request", "after a small one", "while another is here"],
)
def test_much_freed_memory_is_returned_before_the_next_request(body: int, others: int, *, returned: bool) -> None:
    """Two hundred blocks of a mebibyte below one that stays: of these a process may keep 128."""
    command = [sys.executable, "-c", LEFT_BEHIND, str(body), str(others)]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert (int(found) >= 100) == returned


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells")
def test_own_memory_is_told() -> None:
    """Pages of its own: an ordinary block may be one that other tests had and freed."""
    before = own_memory()
    with mmap.mmap(-1, 64 * 2**20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as block:
        for page in range(0, len(block), mmap.PAGESIZE):
            block[page] = 1
        assert own_memory() - before >= 60 * 2**20
