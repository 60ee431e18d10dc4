"""The pages in a real browser: quiet, at home, usable without scripts, by keyboard, and on a narrow screen."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.functions.pages.browsing import loaded, tab
from tests.functions.support import picture

PAGES = (
    "/",
    "/once",
    "/darkroom",
    "/filters",
    "/models",
    "/docs",
    "/login",
    "/live",
    "/picture?id=ID",
    "/picture?id=none",
)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_picture_goes_in_and_comes_back(browser: Browser, server: str, tmp_path: Path, scripts: bool) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(picture("png"))
    with tab(browser, server, java_script_enabled=scripts) as (page, _):
        page.goto(server)
        page.click(".once")
        page.wait_for_url("**/once")
        page.set_input_files("input[type=file]", photo)
        page.fill("input[name=pipeline]", "square:40/sepia")
        page.click("main button")
        page.locator("img[src^='data:image/']").wait_for()
        assert "data:image/" in page.content()
        if scripts:
            assert loaded(page, "img[src^='data:image/']") == [40, 40]


def test_pictures_are_added_and_found_without_scripts(browser: Browser, server: str, tmp_path: Path) -> None:
    (tmp_path / "plain.png").write_bytes(picture("png", width=71, height=33))
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with tab(browser, server, java_script_enabled=False) as (page, _):
        page.goto(server)
        page.set_input_files("#upload input[type=file]", [tmp_path / "plain.png", tmp_path / "broken.png"])
        page.click("#upload button:has-text('Add')")
        page.get_by_text("broken.png:").wait_for()
        page.goto(f"{server}/?min_width=71&max_width=71")
        expect(page.locator(".grid .title")).to_have_text(["plain.png"])
        page.select_option("select[name=id]", label="plain.png")
        page.click("text=View")
        page.select_option(".try select", "square")
        page.fill(".try input[name=value]", "20")
        page.click(".try button")
        assert page.locator("#processed").get_attribute("src")
        page.click(".delete summary")
        page.click("text=Delete it for good")
        page.wait_for_url(f"{server}/")
        assert "plain.png" not in page.content()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_pages_are_quiet_and_fit_a_phone(browser: Browser, server: str, image: str, path: str, scheme: str) -> None:
    with tab(browser, server, color_scheme=scheme, viewport={"width": 320, "height": 640}) as (page, trouble):
        answer = page.goto(server + path.replace("ID", image), wait_until="networkidle")
        assert answer is not None
        missing = path.endswith("none")
        assert answer.status == (404 if missing else 200)
        assert [told for told in trouble if not (missing and "404" in told)] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        dark = page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(19, 17, 16)"
        assert dark == (scheme == "dark")


def test_the_reference_lists_the_routes_by_topic(browser: Browser, server: str) -> None:
    with tab(browser, server) as (page, trouble):
        page.goto(f"{server}/docs", wait_until="networkidle")
        page.get_by_text("/v1/process").first.wait_for()
        for topic in ("Processing", "Stored pictures", "Models"):
            expect(page.locator(".opblock-tag", has_text=topic).first).to_be_visible()
        assert trouble == []


def test_a_wrong_pipeline_is_said_on_the_page(browser: Browser, server: str, tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(picture("png"))
    with tab(browser, server) as (page, _):
        page.goto(server)
        page.click(".once")
        page.wait_for_url("**/once")
        page.set_input_files("input[type=file]", photo)
        page.fill("input[name=pipeline]", "blurr")
        page.click("main button")
        page.get_by_text('Did you mean "blur"').first.wait_for()
