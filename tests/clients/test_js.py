"""The JavaScript client: its own tests by Node's runner against the real server, and its types by the compiler."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.functions.support import BIN, served
from tests.waiting import PATIENCE

JS = ROOT / "clients" / "js"


@pytest.fixture(scope="module")
def storing_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with a catalog and a place for pictures."""
    folder = tmp_path_factory.mktemp("kept")
    (folder / "results").mkdir()
    settings = {
        "DARKROOM_FILES": str(folder),
        "DARKROOM_RESULTS": "file://results",
        "DARKROOM_DATA": str(folder / "data"),
    }
    command = [str(BIN / "gunicorn"), "--bind=127.0.0.1:PORT", "--threads=4", "--no-control-socket", "main:app"]
    with served(command, settings) as url:
        yield url


def node() -> str:
    """Node, which tests and pages need."""
    found = shutil.which("node")
    assert found, "Node.js is needed to test the JavaScript client (Debian's package nodejs)"
    return found


def run(command: list[str], **variables: str) -> None:
    """Run a command in the client's folder; its output is the assertion's."""
    done = subprocess.run(
        command, cwd=JS, env={**os.environ, **variables}, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_against_the_real_server(storing_server: str) -> None:
    run([node(), "--test", "test/"], DARKROOM_TEST_URL=storing_server)


def test_types(tmp_path: Path) -> None:
    """The types allow what the README shows, and refuse what is wrong."""
    npm = shutil.which("npm")
    assert npm, "npm is needed to check the types of the JavaScript client (Debian's package npm)"
    shutil.copytree(JS, tmp_path / "js")
    subprocess.run(
        [npm, "install", "--prefix", str(tmp_path), "--no-audit", "--no-fund", "--no-save", "typescript@5.9.3"],
        check=True,
        capture_output=True,
        timeout=PATIENCE,
    )
    run([str(tmp_path / "node_modules" / ".bin" / "tsc"), "--project", str(tmp_path / "js")])
