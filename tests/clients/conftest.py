"""The real server, and the two clients as a shell runs them."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.functions.support import BIN, picture, served


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The base URL of a running server."""
    with served(
        [str(BIN / "gunicorn"), "--bind=127.0.0.1:PORT", "--threads=4", "--no-control-socket", "main:app"]
    ) as url:
        yield url


@pytest.fixture(scope="session")
def go_client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Go client, built."""
    go = shutil.which("go")
    assert go, "Go is needed to test its client"
    built = tmp_path_factory.mktemp("go") / "darkroom"
    subprocess.run([go, "build", "-o", str(built), "."], cwd=ROOT / "clients" / "go", check=True)
    return built


@pytest.fixture(scope="session")
def python_client() -> Path:
    """The command of the installed Python client."""
    return BIN / "darkroom"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A picture on disk."""
    path = tmp_path / "photo.png"
    path.write_bytes(picture("png", width=640, height=480))
    return path
