"""Keys in a server of several processes: counted together, and refused by all of them once they are revoked."""

import hashlib
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import ROOT
from tests.functions.access.support import Keys
from tests.functions.support import BIN, clean_environment, served
from tests.waiting import PATIENCE, until

WORKERS = 3


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    keys = Keys(tmp_path_factory.mktemp("workers") / "keys.json")
    keys.add("slow", ["read"], rate=0.001)
    return keys


@pytest.fixture(scope="module", params=["data that is writable", "data that is not"])
def url(request: pytest.FixtureRequest, keys: Keys) -> Iterator[str]:
    folder = keys.path.parent / request.param.replace(" ", "-")
    if request.param.endswith("not"):
        folder.write_bytes(b"")  # a file: no folder can be made there
    settings = {"AUTH": "keys", "KEYS": str(keys.path), "DATA": str(folder), "WORKERS": str(WORKERS)}
    with served(
        [str(BIN / "python"), "main.py"], {f"DARKROOM_{name}": value for name, value in settings.items()}
    ) as url:
        yield url
    digest = hashlib.sha256(str(keys.path).encode()).hexdigest()[:16]
    (Path("/dev/shm") / f"darkroom-key-usage-{digest}").unlink(missing_ok=True)  # where the container's end removes it


def statuses(url: str, header: dict[str, str], count: int = 40) -> Counter[int]:
    """The statuses of requests on a connection each, so that all processes answer some."""
    return Counter(httpx.get(f"{url}/v1/version", headers=header, timeout=PATIENCE).status_code for _ in range(count))


def test_processes_count_together(url: str, keys: Keys) -> None:
    before = statuses(url, keys.header("slow"))
    assert before[200] <= 1
    assert before[200] + before[429] == 40


def test_a_revoked_key_is_refused_by_all_without_a_restart(url: str, keys: Keys) -> None:
    name = f"revoked-{url.rpartition(':')[2]}"
    keys.add(name, ["read"])
    until(lambda: statuses(url, keys.header(name)) == {200: 40}, "the new key")
    done = subprocess.run(
        [sys.executable, "-m", "functions.jobs.keys", "revoke", name, "--file", str(keys.path)], cwd=ROOT,
        env=clean_environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "revoked" in done.stderr
    until(lambda: statuses(url, keys.header(name)) == {401: 40}, "the end of the key")
    assert statuses(url, keys.header("all"), 5) == {200: 5}
