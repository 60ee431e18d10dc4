"""Pictures that are dropped or pasted, in the gallery and in the Darkroom; words that are dropped are left alone."""

import base64
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.functions.pages.browsing import gallery, loaded, tab
from tests.functions.support import picture

_HAND_IN = """([kind, name, text]) => {
  const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0)), held = new DataTransfer();
  if (name) held.items.add(new File([bytes], name, {type: "image/png"}));
  else held.setData("text/plain", "words");
  const given = {bubbles: true, cancelable: true};
  const make = {
    paste: () => new ClipboardEvent("paste", {...given, clipboardData: held}),
    drop: () => new DragEvent("drop", {...given, dataTransfer: held}),
    dragover: () => new DragEvent("dragover", {...given, dataTransfer: held}),
  };
  return document.body.dispatchEvent(make[kind]());
}"""
WAYS = ("drop", "paste")


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with gallery(tmp_path_factory.mktemp("gallery")) as url:
        yield url


def hand_in(page: Page, kind: str, name: str, data: bytes = b"") -> bool:
    """Let the page have an event with a file, or with words; whether the browser would go on with it itself."""
    return bool(page.evaluate(_HAND_IN, [kind, name, base64.b64encode(data).decode()]))


def test_the_gallery_takes_them(browser: Browser, server: str) -> None:
    with tab(browser, server) as (page, trouble):
        page.goto(server)
        for number, way in enumerate(WAYS):
            hand_in(page, way, f"{way}.png", picture(width=40 + number))
            expect(page.locator(".summary")).to_have_text(f"{number + 1} of {number + 1} added")
        expect(page.locator(".grid .title")).to_have_text(["paste.png", "drop.png"])
        expect(page.locator("select[name=id] option")).to_have_text(["paste.png", "drop.png"])
        assert trouble == []


def test_where_it_may_be_dropped_is_shown(browser: Browser, server: str) -> None:
    with tab(browser, server) as (page, trouble):
        page.goto(server)
        assert hand_in(page, "dragover", "") is True, "words are not for us"
        expect(page.locator(".drop.over")).to_have_count(0)
        assert hand_in(page, "dragover", "a.png") is False
        expect(page.locator(".drop.over")).to_have_count(1)
        assert hand_in(page, "drop", "") is True
        assert hand_in(page, "paste", "") is True
        expect(page.locator(".uploads")).to_be_hidden()
        assert trouble == []


@pytest.mark.parametrize("way", WAYS)
def test_the_darkroom_takes_one(browser: Browser, server: str, way: str) -> None:
    with tab(browser, server) as (page, trouble):
        page.goto(f"{server}/darkroom?pipeline=flip")
        expect(page.locator(".measured")).to_contain_text("JPEG")
        hand_in(page, way, "given.png", picture(width=77, height=44))
        expect(page.locator(".source .facts")).to_contain_text("77 × 44 PNG")
        assert loaded(page, ".after img") == [77, 44]
        assert trouble == []
