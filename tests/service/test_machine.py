"""How many cores and how much memory this process may use."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.machine import Memory, _quota_v1, _quota_v2, cores, memory

MIB = 2**20
ROOT = Path(__file__).parents[2]


def test_there_is_a_core() -> None:
    assert cores() >= 1


@pytest.mark.parametrize(("text", "quota"), [("150000 100000", 1.5), ("400000 100000", 4.0)])
def test_quota_of_version_2(tmp_path: Path, text: str, quota: float) -> None:
    file = tmp_path / "cpu.max"
    file.write_text(text)
    assert _quota_v2(str(file)) == quota
    file.write_text("max 100000")
    assert _quota_v2(str(file)) == _quota_v2(str(tmp_path / "nix")) > 0


def test_quota_of_version_1(tmp_path: Path) -> None:
    (tmp_path / "cpu.cfs_quota_us").write_text("50000")
    (tmp_path / "cpu.cfs_period_us").write_text("100000")
    assert _quota_v1(str(tmp_path)) == 0.5
    (tmp_path / "cpu.cfs_quota_us").write_text("-1")
    assert _quota_v1(str(tmp_path)) >= 1


GROUPS = {
    "version 1": (
        "9:cpu:/x\n4:memory:/a/b\n0::/",
        {"memory/a/b": 900, "memory/a": 700},
        "memory.limit_in_bytes",
        700,
        "memory/a",
    ),
    "version 1, mounted at the root": ("4:memory:/docker/b", {"memory": 600}, "memory.limit_in_bytes", 600, "memory"),
    "version 1, two controllers": ("4:cpu,memory:/a", {"memory/a": 500}, "memory.limit_in_bytes", 500, "memory/a"),
    "version 2": ("0::/a/b", {"a/b": 400, "a": 800}, "memory.max", 400, "a/b"),
    "version 2, mounted at the root": ("0::/nowhere", {"": 300}, "memory.max", 300, ""),
}  # fmt: skip


@pytest.mark.parametrize(("groups", "limits", "file", "limit", "folder"), GROUPS.values(), ids=GROUPS)
def test_the_smallest_limit_around_the_process(
    tmp_path: Path, groups: str, limits: dict[str, int], file: str, limit: int, folder: str
) -> None:
    (tmp_path / "groups").write_text(groups)
    for name, mebibytes in limits.items():
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / name / file).write_text(f"{mebibytes * MIB}\n")
    assert memory(tmp_path, str(tmp_path / "groups")) == Memory(limit * MIB, tmp_path / folder)


@pytest.mark.parametrize("unlimited", ["max", "9223372036854771712", ""])
def test_no_limit_is_the_machine(tmp_path: Path, unlimited: str) -> None:
    (tmp_path / "groups").write_text("0::/\n4:memory:/")
    (tmp_path / "memory").mkdir()
    for file in (tmp_path / "memory.max", tmp_path / "memory" / "memory.limit_in_bytes"):
        file.write_text(unlimited)
    found = memory(tmp_path, str(tmp_path / "groups"))
    assert found == Memory(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    assert 0 < found.used() < found.limit


def test_cached_files_are_not_in_use(tmp_path: Path) -> None:
    (tmp_path / "memory.current").write_text(str(100 * MIB))
    (tmp_path / "memory.stat").write_text(f"anon 1\ninactive_file {20 * MIB}\nactive_file {10 * MIB}")
    assert Memory(200 * MIB, tmp_path).used() == 70 * MIB
    (tmp_path / "memory.current").unlink()
    (tmp_path / "memory.usage_in_bytes").write_text(str(100 * MIB))
    (tmp_path / "memory.stat").write_text(f"inactive_file 1\ntotal_inactive_file {30 * MIB}\ntotal_active_file 0")
    assert Memory(200 * MIB, tmp_path).used() == 70 * MIB


KEEPS_WHAT_IS_FREED = """
import numpy, resource
from functions.server.memory import configure_malloc
from service.machine import return_freed_memory

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() >> 20

configure_malloc()
blocks = [numpy.ones(2**20, numpy.uint8) for _ in range(100)]
last = numpy.ones(2**20, numpy.uint8)
del blocks
before = resident()
return_freed_memory()
print(before - resident())
"""


def test_freed_memory_is_returned() -> None:
    """A hundred blocks of a mebibyte below one that stays: the C library keeps them until it is asked."""
    command = [sys.executable, "-c", KEEPS_WHAT_IS_FREED]
    returned = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert int(returned) >= 50
