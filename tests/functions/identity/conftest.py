"""A server that may read and write a folder of pictures, and what it answered so far."""

from pathlib import Path

import httpx
import pytest

from functions.http import Darkroom
from tests.functions.identity.asks import SOURCES, Known
from tests.functions.support import app_with, client_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("etags")
    for bucket in ("in", "out"):
        (made / bucket).mkdir()
    for name, data in SOURCES.items():
        (made / "in" / name).write_bytes(data)
    (made / "in" / "copy.jpeg").write_bytes(SOURCES["jpeg"])
    return made


@pytest.fixture(scope="module")
def app(folder: Path) -> Darkroom:
    return app_with(files=str(folder), sources="file://in/", targets="file://out/", data=str(folder / "data"))


@pytest.fixture(scope="module")
def client(app: Darkroom) -> httpx.Client:
    return client_of(app)


@pytest.fixture(scope="module")
def known() -> Known:
    return Known()
