"""After an upgrade a page meets its own scripts: whatever it loads has its version, and is not asked for twice."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Route

from functions import assets
from tests.functions.pages.browsing import tab, wait

PATHS = ("", "darkroom", "filters", "models", "live", "docs", "login", "once")


@pytest.mark.parametrize("path", PATHS)
def test_everything_has_the_version(browser: Browser, server: str, image: str, path: str) -> None:
    assert image
    asked: list[str] = []
    with tab(browser, server) as (page, trouble):
        page.on("request", lambda request: asked.append(urlsplit(request.url).path))
        page.goto(f"{server}/{path}", wait_until="networkidle")
        if path == "darkroom":
            assert [one for one in asked if "/filters/" in one] == [], "a step's picture waits until it is looked at"
            page.click("text=Add a step")
            wait(page, "document.querySelector('.choice img').naturalWidth")
            page.keyboard.press("Escape")
            page.click("text=Sample")
            wait(page, "document.querySelector('.after img').naturalWidth")
        files = [one for one in asked if one.startswith("/ui/")]
        assert files, "the icon may come later"
        assert [one for one in files if not one.startswith(f"/{assets.address('')}")] == []
        assert trouble == []


_SENT = """performance.getEntriesByType("resource").filter(one => one.name.includes("/ui/") && one.transferSize > 0)
  .map(one => one.name)"""


def test_files_are_asked_for_once(browser: Browser, server: str) -> None:
    with tab(browser, server) as (page, _):
        for number in (1, 2):
            page.goto(f"{server}/darkroom?pipeline=sepia&quality={number}", wait_until="networkidle")
            assert bool(page.evaluate(_SENT)) is (number == 1)


def test_a_page_from_before_finds_its_files(browser: Browser, server: str) -> None:
    """It is open while the server is replaced: what it asks for then is there, and is kept by nobody."""
    with tab(browser, server) as (page, trouble):
        page.route("**/darkroom", _of_another_version)
        page.goto(f"{server}/darkroom", wait_until="networkidle")
        page.click("text=Add a step")
        wait(page, "document.querySelector('.choice img').naturalWidth")
        assert trouble == []


def _of_another_version(route: Route) -> None:
    answer = route.fetch()
    body = answer.text().replace(assets.assets_version(), "0123456789ab")
    route.fulfill(response=answer, body=body)
