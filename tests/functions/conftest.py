"""Fixtures: the same application behind Flask's test client, gunicorn and functions-framework."""

import os
from collections.abc import Iterator
from urllib.request import OpenerDirector

import httpx
import pytest

from functions.http import Darkroom
from service.models import download
from tests.functions.support import BIN, app_with, client_of, picture, served
from tests.waiting import PATIENCE

REMOTE = os.environ.get("DARKROOM_TEST_URL")
COMMANDS = {
    "gunicorn": [str(BIN / "gunicorn"), "--bind=127.0.0.1:PORT", "--threads=4", "--no-control-socket", "main:app"],
    "python-main": [str(BIN / "python"), "main.py"],
    "functions-framework": [
        str(BIN / "functions-framework"),
        "--target=handle",
        "--host=127.0.0.1",
        "--port=PORT",
    ],
}


@pytest.fixture(scope="session", autouse=True)
def _on_this_machine() -> Iterator[None]:
    """No download of a test leaves this machine."""
    usual = download._opener

    def inside(url: str) -> OpenerDirector:
        if url.startswith("https:"):
            raise OSError("tests stay on this machine")
        return usual(url)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(download, "_opener", inside)
        yield


@pytest.fixture(scope="session")
def app() -> Darkroom:
    """The application with its default settings."""
    return app_with()


@pytest.fixture(scope="session")
def client(app: Darkroom) -> httpx.Client:
    """A client of the application in this process."""
    return client_of(app)


@pytest.fixture(scope="session", params=["remote"] if REMOTE else ["test-client", *COMMANDS])
def door(request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """A client of each way to serve; only of DARKROOM_TEST_URL where that is set."""
    if request.param == "test-client":
        yield client_of(app_with())
    elif request.param == "remote":
        with httpx.Client(base_url=REMOTE or "", timeout=PATIENCE) as client:
            yield client
    else:
        with served(COMMANDS[request.param]) as url, httpx.Client(base_url=url, timeout=PATIENCE) as client:
            yield client


@pytest.fixture(scope="session")
def png() -> bytes:
    return picture("png")


@pytest.fixture(scope="session")
def jpeg() -> bytes:
    return picture("jpg")
