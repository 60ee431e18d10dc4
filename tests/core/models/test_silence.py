"""No network, no write outside the data folder, one thread on one core: seen from outside, by the kernel's calls."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

LOOK = """
import sys
from pathlib import Path
from service.machine import cores
from tests.core.models.making import ALL, a_runtime, a_table, coloured, heavy, saved, soon

folder, weights = Path(sys.argv[1]), Path(sys.argv[2])
model = a_table(weights / "heavy.xml")
runtime = a_runtime(model, compiled=folder / "compiled", threads=cores())
for _ in range(2):
    runtime.see(model, coloured(0), ALL, soon())
    runtime.unload("heavy")
"""
COUNT = (
    LOOK
    + """
import os

def worked():
    stats = {}
    for task in os.listdir("/proc/self/task"):
        fields = Path(f"/proc/self/task/{task}/stat").read_text().rpartition(")")[2].split()
        stats[task] = int(fields[11]) + int(fields[12])
    return stats

runtime.see(model, coloured(0), ALL, soon())
with runtime._network(model, soon()) as network:
    before = worked()
    for _ in range(20):
        network.run(coloured(0)[None], soon(), dict)
    spent = [ticks - before.get(task, 0) for task, ticks in worked().items()]
print(cores(), sum(ticks > 0.1 * sum(spent) for ticks in spent), sum(spent))
"""
)
WRITES = re.compile(
    r'(?:open(?:at)?\((?:AT_FDCWD, )?"(?P<opened>[^"]*)", [^)]*(?:O_WRONLY|O_RDWR|O_CREAT)'
    r'|(?:mkdir|rename|unlink|symlink|link|chmod|truncate|utimensat)\w*\([^"]*"(?P<changed>[^"]*)")'
)
INTERNET = re.compile(r"AF_INET6?\b|sin6?_addr|sin6?_port")
HARMLESS = ("/dev/null", "/dev/tty", "/dev/shm/", "/proc/self/")


@pytest.fixture(scope="module")
def weights(networks: Path) -> Path:
    from tests.core.models.making import heavy, saved

    saved(networks, "heavy", heavy)
    return networks


@pytest.fixture(params=["fresh home", "read-only home", "no home"])
def environment(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[dict[str, str], list[str]]]:
    """The environment of a stranger's machine (no CI, no cache folders), and what comes before the command."""
    home = tmp_path / "home"
    home.mkdir()
    kept = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT)}
    apart = ["unshare", "--user", "--map-root-user", "--net"]
    if request.param == "read-only home":
        mount = 'mount -t tmpfs -o ro none "$HOME" && exec "$@"'
        yield {**kept, "HOME": str(home)}, [*apart, "--mount", "sh", "-c", mount, "sh"]
    else:
        yield kept | ({"HOME": str(home)} if request.param == "fresh home" else {}), apart
    assert list(home.iterdir()) == []


def need(command: str) -> None:
    if shutil.which(command) is None:
        subprocess.run(["tools/need", command, command], cwd=ROOT, check=True)


def test_no_connection_and_no_write(
    weights: Path, tmp_path: Path, environment: tuple[dict[str, str], list[str]]
) -> None:
    need("strace")
    variables, before = environment
    data, calls = tmp_path / "data", tmp_path / "calls"
    traced = (
        "trace=network,openat,open,creat,mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,symlink,link,chmod"
    )
    strace = ["strace", "-f", "-q", "-s", "400", "-e", traced, "-o", str(calls)]
    command = [*before, *strace, sys.executable, "-B", "-c", LOOK, str(data), str(weights)]
    subprocess.run(command, cwd="/", env=variables, check=True)
    assert len(list((data / "compiled").glob("*.blob"))) == 1
    lines = calls.read_text().splitlines()
    assert any(f"{weights}/" in line for line in lines), "the watch saw the model read"
    assert [line for line in lines if INTERNET.search(line)] == []
    written = [found["opened"] or found["changed"] for line in lines if (found := WRITES.search(line))]
    assert any(path.startswith(str(data)) for path in written)
    assert [path for path in written if not path.startswith((str(data), *HARMLESS))] == []


def test_the_look_out_sees_a_telemetry_that_is_not_silenced(weights: Path, tmp_path: Path) -> None:
    """The same watch over a bare import finds what we keep silent: else it proves nothing."""
    need("strace")
    home, calls = tmp_path / "home", tmp_path / "calls"
    home.mkdir()
    command = ["unshare", "--user", "--map-root-user", "--net", "strace", "-f", "-q", "-s", "400"]
    code = "import openvino"
    subprocess.run(
        [*command, "-e", "trace=network,openat,mkdir", "-o", str(calls), sys.executable, "-B", "-c", code],
        cwd="/", env={"PATH": os.environ["PATH"], "HOME": str(home)}, check=True,
    )  # fmt: skip
    text = calls.read_text()
    assert INTERNET.search(text) or list(home.rglob("*"))


# --- threads -------------------------------------------------------------------------------------------------------


def counted(before: list[str], weights: Path, tmp_path: Path) -> tuple[int, int]:
    """Cores as we count them, and threads that do a tenth or more of an inference's work."""
    command = [*before, sys.executable, "-c", COUNT, str(tmp_path / "data"), str(weights)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    cores, threads, ticks = map(int, told.stdout.split())
    assert ticks > 5, "too little work to tell who did it"
    return cores, threads


def test_one_core_of_affinity(weights: Path, tmp_path: Path) -> None:
    one = min(os.sched_getaffinity(0))
    assert counted(["taskset", "-c", str(one)], weights, tmp_path) == (1, 1)


def test_as_many_as_there_are(weights: Path, tmp_path: Path) -> None:
    """The count itself: with two cores two threads work."""
    two = sorted(os.sched_getaffinity(0))[:2]
    if len(two) < 2:
        pytest.skip("this machine has one core")
    before = ["taskset", "-c", ",".join(map(str, two))]
    # others may keep the second core busy for as long as one try takes
    assert any(counted(before, weights, tmp_path) == (2, 2) for _ in range(5))


@pytest.fixture
def quota(tmp_path: Path) -> Iterator[list[str]]:
    """What starts a process in a control group with the time of one core, mounted as a container sees its own."""
    newer = Path("/sys/fs/cgroup/cgroup.controllers").exists()
    top = Path("/sys/fs/cgroup") if newer else Path("/sys/fs/cgroup/cpu")
    group = top / f"darkroom-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError:
        pytest.skip("this machine lets nobody make a control group")
    try:
        if newer:
            (group / "cpu.max").write_text("100000 100000")
        else:
            (group / "cpu.cfs_period_us").write_text("100000")
            (group / "cpu.cfs_quota_us").write_text("100000")
        enter = f'echo $$ > {group}/cgroup.procs && mount --bind {group} {top} && exec "$@"'
        yield ["unshare", "--mount", "sh", "-c", enter, "sh"]
    except OSError:
        pytest.skip("this machine's control groups have no quota")
    finally:
        group.rmdir()


def test_a_quota_of_one_core(weights: Path, tmp_path: Path, quota: list[str]) -> None:
    assert counted(quota, weights, tmp_path) == (1, 1)
