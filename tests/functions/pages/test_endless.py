"""The endless list: every picture once, nothing jumps, and the back button returns to the same place."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest
from playwright.sync_api import Browser, Page, expect

from catalog.sqlite import SqliteCatalog
from service.cataloging import FILE
from tests.functions.pages.browsing import gallery, store, tab, wait
from tests.functions.support import picture

COUNT = 150
_UNLIMITED = {"offline": False, "downloadThroughput": -1, "uploadThroughput": -1}
_SHIFT = """() => new Promise(resolve => {
  let sum = 0;
  new PerformanceObserver(list => list.getEntries().forEach(one => { if (!one.hadRecentInput) sum += one.value; }))
    .observe({type: "layout-shift", buffered: true});
  setTimeout(() => resolve(sum), 200);
})"""


def fill(folder: Path, id_: str, count: int) -> None:
    """Rows that all show the picture of one, under other names."""
    catalog = SqliteCatalog(folder / "data" / FILE)
    row = catalog.get(id_)
    assert row is not None
    for number in range(count):
        catalog.put(msgspec.structs.replace(row, id=f"{number:032x}", name=f"picture {number:05}.png"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("gallery")
    with gallery(folder) as url:
        fill(folder, store(url, "first.png", picture(width=480, height=320)), COUNT - 1)
        yield url


def names(page: Page) -> list[str]:
    return page.locator(".grid .title").all_text_contents()


@pytest.mark.parametrize(
    ("latency", "step"), [(0, 300), (600, 300), (0, 1200), (0, 99_999)], ids=["near", "far", "in strides", "to the end"]
)
def test_scrolling_shows_every_picture_once(browser: Browser, server: str, latency: int, step: int) -> None:
    """Also where the reader is at the end of the list before its continuation comes."""
    with tab(browser, server) as (page, trouble):
        line = page.context.new_cdp_session(page)
        line.send("Network.emulateNetworkConditions", _UNLIMITED | {"latency": latency})
        page.goto(server)
        assert len(names(page)) < COUNT
        page.evaluate("scrollTo(0, 0)")
        wait(page, "step => (scrollBy(0, step), document.querySelector('.more').hidden)", step)
        found = names(page)
        assert len(found) == len(set(found)) == COUNT
        assert page.evaluate(_SHIFT) < 0.05
        assert trouble == []


def test_the_back_button_returns_to_the_place(browser: Browser, server: str) -> None:
    with tab(browser, server) as (page, trouble):
        page.goto(f"{server}/?sort=name")
        wait(page, "(scrollTo(0, document.body.scrollHeight), document.querySelectorAll('.grid li').length > 60)")
        card = page.locator(".grid a").nth(60)
        name = card.locator(".title").text_content() or ""
        card.scroll_into_view_if_needed()
        card.click()
        page.wait_for_url("**/picture?id=*")
        assert name in page.locator("h1").inner_text()
        page.go_back()
        wait(page, "document.querySelectorAll('.grid li').length > 60")
        wait(page, "scrollY > 500")
        assert page.locator(".grid a").nth(60).locator(".title").text_content() == name
        assert trouble == []


def test_without_scripts_there_is_a_link(browser: Browser, server: str) -> None:
    with tab(browser, server, java_script_enabled=False) as (page, _):
        page.goto(f"{server}/?sort=name")
        page.click("text=More pictures")
        expect(page.locator(".grid .title").first).to_have_text("picture 00047.png")


def test_a_page_that_cannot_be_loaded_is_said(browser: Browser, server: str) -> None:
    with tab(browser, server) as (page, _):
        page.goto(server)
        page.route(re.compile("cursor="), lambda route: route.abort())
        wait(page, "(scrollTo(0, document.body.scrollHeight), document.querySelector('.more .hint').textContent)")
        assert "The server cannot be reached." in page.locator(".more").inner_text()
        page.unroute(re.compile("cursor="))
        page.click("text=More pictures")
        wait(page, "document.querySelectorAll('.grid li').length > 48")
    assert httpx.get(server).status_code == 200


def test_far_pictures_are_put_away_and_come_back(browser: Browser, server: str) -> None:
    """The document stays small, and neither its height nor a picture's place changes by that."""
    with tab(browser, server, viewport={"width": 630, "height": 700}) as (page, trouble):
        page.goto(f"{server}/?sort=name")
        wait(page, "(scrollBy(0, 1200), document.querySelector('.more').hidden)")
        wait(page, "document.querySelectorAll('.grid')[1].matches('.away')")
        height, cards = page.evaluate("[document.body.scrollHeight, document.querySelectorAll('.grid li').length]")
        assert cards < COUNT
        page.evaluate("document.querySelectorAll('.grid')[1].scrollIntoView()")
        wait(page, "!document.querySelectorAll('.grid')[1].matches('.away')")
        assert page.evaluate("document.body.scrollHeight") == height
        assert names(page)[48:96] == [f"picture {number:05}.png" for number in range(47, 95)]
        assert trouble == []


_OPTIONS = "document.querySelectorAll('.names option').length"


@pytest.mark.parametrize("come_near", ["pointer", "keys"])
def test_the_drop_down_gets_all_names_when_it_is_used(browser: Browser, server: str, come_near: str) -> None:
    """The chosen picture stays chosen, and nothing is asked for twice."""
    asked: list[str] = []
    with tab(browser, server) as (page, trouble):
        page.on("request", lambda request: asked.append(request.url) if "part=names" in request.url else None)
        page.goto(f"{server}/?sort=name")
        told, select = page.locator(".names span"), page.locator(".names select")
        assert (page.evaluate(_OPTIONS), told.inner_text(), asked) == (48, "48, the first ones", [])
        select.evaluate("one => { one.selectedIndex = 7 }")
        chosen = select.input_value()
        select.hover() if come_near == "pointer" else select.focus()
        expect(told).to_have_text(str(COUNT))
        assert (page.evaluate(_OPTIONS), select.input_value()) == (COUNT, chosen)
        select.focus()
        page.mouse.move(0, 0)
        select.hover()
        select.select_option(label="picture 00140.png")
        page.click(".names button")
        expect(page.locator("h1")).to_have_text("picture 00140.png")
        assert len(asked) == 1
        assert trouble == []


def test_names_that_did_not_come_are_asked_for_again(browser: Browser, server: str) -> None:
    with tab(browser, server) as (page, _):
        page.goto(f"{server}/?sort=name")
        page.route(re.compile("part=names"), lambda route: route.abort())
        with page.expect_event("requestfailed"):
            page.locator(".names select").focus()
        page.unroute(re.compile("part=names"))
        page.locator(".names select").hover()
        expect(page.locator(".names span")).to_have_text(str(COUNT))
        assert page.evaluate(_OPTIONS) == COUNT
