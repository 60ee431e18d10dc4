"""A slow network, as the browser makes one: uploads tell how far they are and stop, and the newest preview wins."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.functions.pages.browsing import gallery, loaded, tab, wait
from tests.functions.pages.test_large import noise
from tests.waiting import PATIENCE


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    with gallery(tmp_path / "server") as url:
        yield url


def slowed(page: Page, *, latency: int = 0, upload: int = -1) -> CDPSession:
    """A line with so many milliseconds of latency, and so many bytes a second to the server, until it is detached."""
    line = page.context.new_cdp_session(page)
    line.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": latency, "downloadThroughput": -1, "uploadThroughput": upload},
    )
    return line


def names(server: str) -> list[str]:
    rows = httpx.get(f"{server}/v1/images", timeout=PATIENCE).json()["images"]
    return sorted(row["name"] for row in rows)


def test_an_upload_tells_how_far_it_is_and_stops(browser: Browser, server: str, tmp_path: Path) -> None:
    one, other = tmp_path / "one.png", tmp_path / "other.png"
    one.write_bytes(noise(320, 300))
    other.write_bytes(noise(300, 320))
    with tab(browser, server) as (page, _):
        page.goto(server)
        line = slowed(page, upload=20_000)
        page.set_input_files("#upload input[type=file]", [one, other])
        wait(page, "[...document.querySelectorAll('progress')].every(bar => bar.value > 0.05 && bar.value < 1)")
        page.click("li:has-text('one.png') button")
        expect(page.locator("li:has-text('one.png') .state")).to_have_text("cancelled")
        line.detach()
        expect(page.locator(".summary")).to_have_text("1 of 2 added, 1 cancelled")
        expect(page.locator("select[name=id] option")).to_have_text(["other.png"])
    assert names(server) == ["other.png"]


def test_the_newest_preview_wins(browser: Browser, server: str) -> None:
    with tab(browser, server) as (page, trouble):
        page.goto(f"{server}/darkroom?pipeline=resize:64")
        assert loaded(page, ".after img")[0] == 64
        wait(page, "!document.querySelector('.view.busy')")
        line = slowed(page, latency=3_600_000)
        sizes: list[int] = []
        page.expose_function("noteSize", lambda size: sizes.append(size))  # noqa: PLW0108 - Playwright marks its handlers
        page.evaluate(
            "document.querySelector('.after img').addEventListener('load', ({target}) => noteSize(target.naturalWidth))"
        )
        width = page.locator("li[data-step=resize] input[type=number]").first
        for value in ("40", "50", "60"):
            with page.expect_request("**/v1/process"):
                width.fill(value)
        line.detach()
        wait(page, "!document.querySelector('.view.busy')")
        assert loaded(page, ".after img")[0] == 60
        assert sizes == [60]
        assert trouble == []


def test_a_slider_in_motion_asks_once(browser: Browser, server: str) -> None:
    with tab(browser, server) as (page, trouble):
        page.goto(f"{server}/darkroom?pipeline=resize:64")
        assert loaded(page, ".after img")[0] == 64
        wait(page, "!document.querySelector('.view.busy')")
        asked: list[str] = []
        page.on("request", lambda sent: asked.append(sent.url) if sent.url.endswith("/v1/process") else None)
        page.locator("li[data-step=resize] input[type=number]").first.evaluate("""one => {
          for (let width = 10; width <= 50; width++) {
            one.value = width;
            one.dispatchEvent(new Event("input", {bubbles: true}));
          }
        }""")
        expect(page.locator(".measured")).to_contain_text("→ 50 ×")
        assert len(asked) == 1
        assert trouble == []
