"""Two tabs: what one deletes, the other still shows; it says so when that is used, and goes on."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.functions.pages.browsing import loaded, store, tab
from tests.functions.support import picture

GONE = "no_such_image"


@pytest.fixture
def image(server: str) -> str:
    """The id of a picture that the test may delete."""
    return store(server, "short-lived.png", picture(width=75, height=50))


def delete(page: Page, server: str, id_: str) -> None:
    """Delete a picture in another tab."""
    other = page.context.new_page()
    other.goto(f"{server}/picture?id={id_}")
    other.click(".delete summary")
    other.click("text=Delete it for good")
    other.wait_for_url(f"{server}/")
    expect(other.locator(f".grid a[href$='{id_}']")).to_have_count(0)
    other.close()


def test_a_card_of_the_gallery(browser: Browser, server: str, image: str) -> None:
    with tab(browser, server) as (page, _):
        page.goto(server)
        delete(page, server, image)
        page.click(f".grid a[href$='{image}']")
        expect(page.locator("main")).to_contain_text(GONE)
        page.click("nav a:has-text('Gallery')")
        expect(page.locator(f".grid a[href$='{image}']")).to_have_count(0)


@pytest.mark.parametrize("button", [".try button", ".detect button"])
def test_a_picture_s_own_page(browser: Browser, server: str, image: str, button: str) -> None:
    with tab(browser, server) as (page, _):
        page.goto(f"{server}/picture?id={image}")
        delete(page, server, image)
        page.click(button)
        expect(page.locator("main")).to_contain_text(f'There is no picture "{image}"')
        assert page.locator("nav a:has-text('Gallery')").count() == 1


def test_deleting_it_again(browser: Browser, server: str, image: str) -> None:
    with tab(browser, server) as (page, _):
        page.goto(f"{server}/picture?id={image}")
        delete(page, server, image)
        page.click(".delete summary")
        page.click("text=Delete it for good")
        expect(page.locator("main")).to_contain_text(GONE)


def test_the_darkroom_keeps_the_picture_until_it_is_reloaded(browser: Browser, server: str, image: str) -> None:
    with tab(browser, server) as (page, _):
        page.goto(f"{server}/darkroom?image={image}&pipeline=resize:40")
        assert loaded(page, ".after img")[0] == 40
        delete(page, server, image)
        page.locator("li[data-step=resize] input[type=number]").first.fill("30")
        expect(page.locator(".measured")).to_contain_text("75 × 50 → 30 × 20")
        page.wait_for_url("**resize%3A30*")
        page.reload()
        expect(page.locator(".stage .trouble")).to_contain_text(GONE)
        page.click("text=Sample")
        expect(page.locator(".measured")).to_contain_text("→ 30 ×")
        expect(page.locator(".stage .trouble")).to_be_hidden()
