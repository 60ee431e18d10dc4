"""The pages in a real browser: no console error, nothing from elsewhere, a picture goes in and comes back."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.functions.support import BIN, picture, served
from tests.waiting import PATIENCE

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with served(
        [str(BIN / "gunicorn"), "--bind=127.0.0.1:PORT", "--threads=8", "--no-control-socket", "main:app"]
    ) as url:
        yield url


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    assert CHROMIUM, "a Chromium is needed: `make test` installs it where it may"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        opened = browser.new_page()
        opened.context.set_default_timeout(1000 * PATIENCE)
        yield opened
        browser.close()


@pytest.fixture
def trouble(page: Page, server: str) -> Iterator[list[str]]:
    """What the browser complained of, and every request that left our own server."""
    seen: list[str] = []

    def console(message: object) -> None:
        if getattr(message, "type", "") in {"error", "warning"}:
            seen.append(getattr(message, "text", ""))

    def request(sent: object) -> None:
        url = getattr(sent, "url", "")
        if not url.startswith((server, "data:", "blob:")):
            seen.append(f"left us: {url}")

    handlers = {"console": console, "request": request, "pageerror": lambda error: seen.append(str(error))}
    for event, handler in handlers.items():
        page.on(event, handler)  # type: ignore[call-overload]
    yield seen
    for event, handler in handlers.items():
        page.remove_listener(event, handler)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_picture_goes_in_and_comes_back(page: Page, server: str, tmp_path: Path, scripts: bool) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(picture("png"))
    context = page.context.browser.new_context(java_script_enabled=scripts)  # type: ignore[union-attr]
    context.set_default_timeout(1000 * PATIENCE)
    tab = context.new_page()
    tab.goto(server)
    tab.set_input_files("input[type=file]", photo)
    tab.fill("input[name=pipeline], textarea[name=pipeline]", "square:40/sepia")
    tab.click("button:not([type=button])")
    shown = tab.locator("img[src^='data:image/']").last
    shown.wait_for(timeout=1000 * PATIENCE)
    assert shown.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [40, 40] if scripts else True
    assert "data:image/" in tab.content()
    context.close()


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_pages_are_quiet_and_stay_at_home(page: Page, server: str, trouble: list[str], path: str) -> None:
    answer = page.goto(server + path, wait_until="networkidle")
    assert answer is not None
    assert answer.status == 200
    assert trouble == []


def test_the_reference_lists_the_routes(page: Page, server: str, trouble: list[str]) -> None:
    page.goto(f"{server}/docs", wait_until="networkidle")
    page.get_by_text("/v1/process").first.wait_for(timeout=1000 * PATIENCE)
    assert trouble == []


def test_a_wrong_pipeline_is_said_on_the_page(page: Page, server: str, tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(picture("png"))
    page.goto(server)
    page.set_input_files("input[type=file]", photo)
    page.fill("input[name=pipeline], textarea[name=pipeline]", "blurr")
    page.click("button:not([type=button])")
    page.get_by_text('Did you mean "blur"').first.wait_for(timeout=1000 * PATIENCE)
