"""A server that renders what is in one bucket, in a folder of the test's own."""

from pathlib import Path

import httpx
import pytest

from functions.http import Darkroom
from tests.functions.routes.images.conftest import kept
from tests.functions.support import client_of, picture

JPEG = picture("jpg")
SIGNED = {"auth": "none"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of all buckets; `in` has a picture, `secret` too, and only `in` may be read."""
    for name in ("in/a.jpg", "in/deep/with space/ä.jpg", "in/50%/b.jpg", "secret/a.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(JPEG)
    return tmp_path


@pytest.fixture
def app(folder: Path) -> Darkroom:
    return kept(folder, sources="file://in/")


@pytest.fixture
def client(app: Darkroom) -> httpx.Client:
    return client_of(app)


@pytest.fixture
def own(folder: Path) -> Path:
    """The folder of the results' bucket."""
    return folder / "own"
