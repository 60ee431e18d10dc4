"""What this process may use: cores and memory, of the machine or of the control group it runs in."""

import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

_CGROUPS = Path("/sys/fs/cgroup")


def cores() -> int:
    """Cores this process may use: the smallest of the machine's, its affinity's and its control group's quota."""
    quota = min(_quota_v2(), _quota_v1())
    return max(1, min(len(os.sched_getaffinity(0)), int(quota + 0.5)))


def _quota_v2(path: str = "/sys/fs/cgroup/cpu.max") -> float:
    """Cores of a control group, version 2 (https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu)."""
    quota, _, period = _read(path).partition(" ")
    return int(quota) / int(period) if quota.isdigit() else float(os.cpu_count() or 1)


def _quota_v1(folder: str = "/sys/fs/cgroup/cpu") -> float:
    """Cores of a control group, version 1; a quota of -1 means no limit."""
    quota, period = _read(f"{folder}/cpu.cfs_quota_us"), _read(f"{folder}/cpu.cfs_period_us")
    return int(quota) / int(period) if quota.isdigit() else float(os.cpu_count() or 1)


class Memory(msgspec.Struct, frozen=True):
    """Memory that all processes of the container share; `limit` is how much, bytes.

    `group` is the folder of the control group that sets the limit; None for the whole machine, whose other programs
    count as well.
    """

    limit: int
    group: Path | None = None

    def used(self) -> int:
        """Bytes in use now that the kernel cannot reclaim: without the cached contents of files."""
        if self.group is None:
            known = _fields(_read("/proc/meminfo"))
            return (known.get("MemTotal:", 0) - known.get("MemAvailable:", 0)) * 1024
        usage = next((int(text) for name in _USAGES if (text := _read(str(self.group / name))).isdigit()), 0)
        known = _fields(_read(str(self.group / "memory.stat")))
        prefix = "total_" if "total_inactive_file" in known else ""
        return max(0, usage - known.get(f"{prefix}inactive_file", 0) - known.get(f"{prefix}active_file", 0))


_LIMITS, _USAGES = ("memory.max", "memory.limit_in_bytes"), ("memory.current", "memory.usage_in_bytes")
"""Files of a control group's memory controller, by version 2 and 1 (https://docs.kernel.org/admin-guide/cgroup-v2.html#memory,
https://docs.kernel.org/admin-guide/cgroup-v1/memory.html)."""


def memory(root: Path = _CGROUPS, groups: str = "/proc/self/cgroup") -> Memory:
    """The memory of the container: the smallest limit of its control group and those around it, else the machine's."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    found = [
        Memory(int(text), folder)
        for folder in _memory_groups(root, _read(groups))
        for name in _LIMITS
        if (text := _read(str(folder / name))).isdigit() and int(text) < machine
    ]
    return min(found, key=lambda one: one.limit, default=Memory(machine))


def _memory_groups(root: Path, groups: str) -> Iterator[Path]:
    """The folders of this process's memory control group and of those around it.

    In a container the group's own folder is often mounted at the root, so that its path outside leads nowhere.
    """
    for line in groups.splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        top = root / "memory" if controllers else root
        inside = top / path.lstrip("/")
        yield from [folder for folder in (inside, *inside.parents) if folder == top or top in folder.parents]


def _fields(text: str) -> dict[str, int]:
    """The numbers of a kernel file with a name and a number on each line."""
    words = (line.split() for line in text.splitlines())
    return {pair[0]: int(pair[1]) for pair in words if len(pair) > 1 and pair[1].isdigit()}


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:  # noqa: PTH123 - a kernel file
            return file.read().strip()
    except OSError:
        return ""


def own_memory() -> int:
    """Bytes of memory that this process holds for itself (proc(5), statm); 0 where the kernel does not tell."""
    words = _read("/proc/self/statm").split()
    return (int(words[1]) - int(words[2])) * os.sysconf("SC_PAGE_SIZE") if len(words) > 2 else 0


def return_freed_memory() -> None:
    """Return freed memory to the kernel, which the C library keeps for reuse (malloc_trim(3)); nothing elsewhere."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
