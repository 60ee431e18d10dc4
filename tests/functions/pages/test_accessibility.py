"""Nothing that axe-core finds on our markup, in both themes; everything by keyboard."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.functions.pages.axe import violations
from tests.functions.pages.browsing import loaded, store, tab, wait

PATHS = {
    "gallery": "/", "once": "/once", "a query": "/?min_width=1&after=2020-01-01", "nothing found": "/?min_width=60000",
    "a wrong query": "/?min_width=x", "picture": "/picture?id=ID&filter=sepia", "no picture": "/picture?id=x",
    "filters": "/filters", "models": "/models", "login": "/login", "docs": "/docs",
    "darkroom": "/darkroom?image=ID&pipeline=resize:40/redact/detect/text:Hi", "live": "/live",
}  # fmt: skip
UPSTREAM = {
    "color-contrast",
    "heading-order",
    "landmark-main-is-top-level",
    "landmark-no-duplicate-main",
    "landmark-unique",
}
"""Rules that Swagger UI 5 breaks within /docs: what axe-core 4.14 found on 2026-11-30."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_violation(browser: Browser, server: str, image: str, scheme: str) -> None:
    with tab(browser, server, color_scheme=scheme) as (page, _):
        found = {}
        for name, path in PATHS.items():
            page.goto(server + path.replace("ID", image), wait_until="networkidle")
            found[name] = violations(page)
        found["docs"] = [told for told in found["docs"] if told.partition(":")[0] not in UPSTREAM]
        page.goto(f"{server}/darkroom?image={image}&pipeline=detect/count")
        wait(page, "document.querySelector('.after svg')")
        found["findings"] = violations(page)
        page.click(".how summary")
        wait(page, "document.querySelector('.plan tbody tr')")
        found["plan"] = violations(page)
        page.click(".add")
        found["chooser"] = violations(page)
        assert found == {name: [] for name in found}


def test_the_checker_sees_a_fault(browser: Browser, server: str) -> None:
    with tab(browser, server) as (page, _):
        page.goto(server)
        page.evaluate("document.querySelector('h1').append(document.createElement('button'))")
        assert any(told.startswith("button-name") for told in violations(page))


def test_all_of_the_darkroom_by_keyboard(browser: Browser, server: str, image: str) -> None:
    with tab(browser, server) as (page, trouble):
        page.goto(f"{server}/darkroom?image={image}")
        loaded(page, ".after img")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        reach(page, ".add")
        page.keyboard.press("Enter")
        page.keyboard.type("sepia")
        page.keyboard.press("Enter")
        wait(page, "document.activeElement.closest('li')?.dataset.step === 'sepia'")
        reach(page, "li[data-step=sepia] input[type=range]")
        page.keyboard.press("ArrowLeft")
        page.wait_for_url("**pipeline=sepia*")
        reach(page, ".add", backwards=True)
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")
        expect(page.locator("dialog[open]")).to_have_count(0)
        reach(page, ".divider")
        cut = "getComputedStyle(document.querySelector('.view')).getPropertyValue('--cut')"
        before = page.evaluate(cut)
        page.keyboard.press("ArrowRight")
        wait(page, f"before => {cut} !== before", before)
        assert trouble == []


def test_the_gallery_by_keyboard(browser: Browser, server: str, image: str) -> None:
    with tab(browser, server) as (page, trouble):
        page.goto(server)
        reach(page, "input[name=min_width]")
        page.keyboard.type("1")
        page.keyboard.press("Enter")
        page.wait_for_url("**/?min_width=1")
        reach(page, ".grid a")
        page.keyboard.press("Enter")
        page.wait_for_url("**/picture?id=*")
        reach(page, ".try select")
        page.keyboard.type("sepia")
        reach(page, ".try button")
        page.keyboard.press("Enter")
        page.wait_for_url("**filter=sepia*")
        assert loaded(page, "#processed")
        assert trouble == []


def test_a_picture_is_deleted_by_keyboard(browser: Browser, server: str) -> None:
    id_ = store(server, "to be deleted.png")
    with tab(browser, server) as (page, trouble):
        page.goto(f"{server}/picture?id={id_}")
        reach(page, ".delete summary")
        page.keyboard.press("Enter")
        reach(page, ".delete button")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{server}/")
        expect(page.locator(f".grid a[href$='{id_}']")).to_have_count(0)
        assert trouble == []


def test_live_by_keyboard(browser: Browser, server: str) -> None:
    with tab(browser, server, permissions=["camera"]) as (page, trouble):
        page.goto(f"{server}/live")
        reach(page, "#pipeline")
        page.keyboard.press("Control+a")
        page.keyboard.type("square:80")
        reach(page, "#answer")
        page.keyboard.press("End")
        reach(page, "#camera")
        page.keyboard.press("Enter")
        wait(page, "document.querySelector('#screen').width === 80")
        reach(page, "#stop")
        page.keyboard.press("Enter")
        expect(page.locator("#status")).to_have_text("Stopped.")
        assert trouble == []


def reach(page: Page, selector: str, *, backwards: bool = False) -> None:
    """Press Tab until an element has the focus, and see that the focus shows."""
    for _ in range(200):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            style = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert style != "none", f"{selector} does not show its focus"
            return
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
    raise AssertionError(f"{selector} is not reached by Tab")
