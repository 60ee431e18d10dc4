"""A login that ends while a page is open: each page says so, nothing is lost, and the way leads back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.functions.access.support import Keys
from tests.functions.pages.browsing import gallery, loaded, store, tab, wait
from tests.functions.pages.test_endless import fill
from tests.functions.support import picture

SAID = "Your login has ended. Reload the page to log in again; if you do so in another tab, nothing here is lost."


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("keys") / "keys.json")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, keys: Keys) -> Iterator[str]:
    with gallery(tmp_path_factory.mktemp("gallery"), auth="keys", keys=str(keys.path)) as url:
        yield url


def log_in(page: Page, keys: Keys) -> None:
    """Type the key into the form that is shown."""
    page.fill("input[name=key]", keys.texts["all"])
    page.click("main button")


def in_another_tab(page: Page, server: str, keys: Keys | None = None) -> None:
    """End the session of this browser, or begin one where keys are given."""
    other = page.context.new_page()
    other.goto(server)
    if keys:
        log_in(other, keys)
        other.locator(".logout").wait_for()
    else:
        other.click(".logout button")
        other.wait_for_url("**/login")
    other.close()


def test_the_darkroom_returns_to_its_steps(browser: Browser, server: str, keys: Keys) -> None:
    with tab(browser, server) as (page, _):
        page.goto(f"{server}/darkroom?pipeline=resize:64/text:a%2525b")
        log_in(page, keys)
        assert loaded(page, ".after img")[0] == 64
        in_another_tab(page, server)
        page.locator("li[data-step=resize] input[type=number]").first.fill("48")
        expect(page.locator(".stage .trouble")).to_contain_text(SAID)
        page.wait_for_url("**pipeline=resize%3A48*")
        page.reload()
        page.wait_for_url("**/login?to=darkroom*")
        log_in(page, keys)
        assert loaded(page, ".after img")[0] == 48
        assert page.locator("li[data-step=text] input[type=text]").first.input_value() == "a%b"


def test_files_of_an_upload_are_tried_again(browser: Browser, server: str, keys: Keys, tmp_path: Path) -> None:
    """And the page shows then what has come, in its list and in its drop-down."""
    (tmp_path / "mine.png").write_bytes(picture())
    with tab(browser, server) as (page, _):
        page.goto(server)
        log_in(page, keys)
        page.locator("#upload").wait_for()
        in_another_tab(page, server)
        page.set_input_files("#upload input[type=file]", tmp_path / "mine.png")
        expect(page.locator("li.failed .why")).to_have_text(SAID)
        in_another_tab(page, server, keys)
        page.click("li.failed button")
        expect(page.locator(".summary")).to_have_text("1 of 1 added")
        expect(page.locator("select[name=id] option")).to_have_text(["mine.png"])
        expect(page.locator(".grid .title")).to_have_text(["mine.png"])


def test_a_list_goes_on_after_it(browser: Browser, keys: Keys, tmp_path: Path) -> None:
    with gallery(tmp_path, auth="keys", keys=str(keys.path)) as server, tab(browser, server) as (page, _):
        fill(tmp_path, store(server, "first.png", picture(), **keys.header("all")), 99)
        page.goto(f"{server}/?sort=name")
        log_in(page, keys)
        page.wait_for_url("**sort=name*")
        in_another_tab(page, server)
        wait(page, "(scrollTo(0, document.body.scrollHeight), document.querySelector('.more .hint').textContent)")
        assert SAID in page.locator(".more").inner_text()
        in_another_tab(page, server, keys)
        page.click("text=More pictures")
        wait(page, "document.querySelectorAll('.grid li').length > 48")


def test_live_stops_and_says_so(browser: Browser, server: str, keys: Keys) -> None:
    with tab(browser, server, permissions=["camera"]) as (page, _):
        page.goto(f"{server}/live")
        log_in(page, keys)
        page.click("#camera")
        wait(page, "Number(document.querySelector('[data-number=rate]').textContent) > 0")
        in_another_tab(page, server)
        expect(page.locator("#status")).to_have_text(SAID)
        assert page.locator("#stop").is_disabled()
