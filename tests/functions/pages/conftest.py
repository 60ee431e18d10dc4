"""A browser for a file's tests, and a server with a gallery for those that need no other."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.functions.pages.browsing import MILLISECONDS, chromium, gallery, store

expect.set_options(timeout=MILLISECONDS)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that keeps pictures."""
    with gallery(tmp_path_factory.mktemp("gallery")) as url:
        yield url


@pytest.fixture(scope="module")
def image(server: str) -> str:
    """The id of a picture in its gallery."""
    return store(server, "street & co.png")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium. Not for the whole session: Playwright keeps an event loop running, which other tests would meet."""
    with chromium() as opened:
        yield opened
