"""A server with a catalog and a place for results, in a folder of the test's own."""

from pathlib import Path

import httpx
import pytest

from functions.http import Darkroom
from tests.functions.support import app_with, client_of

KEY = "a secret of the tests' own, 32 or more"


def kept(folder: Path, **variables: str) -> Darkroom:
    """The application that keeps pictures below a folder."""
    for bucket in ("own", "in"):
        (folder / bucket).mkdir(exist_ok=True)
    usual = {"files": str(folder), "results": "file://own", "data": str(folder / "data"), "signing_key": KEY}
    return app_with(**{**usual, **variables})


@pytest.fixture
def app(tmp_path: Path) -> Darkroom:
    return kept(tmp_path)


@pytest.fixture
def client(app: Darkroom) -> httpx.Client:
    return client_of(app)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The folder of the results' bucket."""
    return tmp_path / "own"
