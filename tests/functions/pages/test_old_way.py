"""The way of the project's first page: dimensions, query, drop-down, view, filter with a value, result."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser

from tests.functions.pages.browsing import gallery, loaded, store, tab, wait
from tests.functions.support import decoded, picture
from tests.waiting import PATIENCE

SIZES = {"small.png": (64, 48), "wide.png": (200, 50), "right.png": (120, 90), "also right.png": (118, 92)}
QUERY = {"min_width": "100", "max_width": "150", "min_height": "80", "max_height": "100"}
STEPS = {  # the filter, its value, and the size of the result of 120 × 90
    "grayscale": ("grayscale", "", (120, 90)),
    "lowpass": ("lowpass", "10", (120, 90)),
    "square": ("square", "50", (50, 50)),
    "gradient x": ("gradient", "x", (120, 90)),
    "gradient y": ("gradient", "y", (120, 90)),
    "rotate": ("rotate", "90", (90, 120)),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with gallery(tmp_path_factory.mktemp("gallery")) as url:
        for name, (width, height) in SIZES.items():
            store(url, name, picture(width=width, height=height))
        yield url


@pytest.mark.parametrize(("step", "value", "size"), STEPS.values(), ids=STEPS)
def test_the_whole_way(browser: Browser, server: str, step: str, value: str, size: tuple[int, int]) -> None:
    with tab(browser, server) as (page, trouble):
        page.goto(server)
        for name, text in QUERY.items():
            page.fill(f"input[name={name}]", text)
        page.click("text=Query")
        wait(page, "document.querySelectorAll('select[name=id] option').length === 2")
        names = page.locator("select[name=id] option")
        assert sorted(name.strip() for name in names.all_text_contents()) == ["also right.png", "right.png"]
        assert sorted(page.locator(".grid .title").all_text_contents()) == ["also right.png", "right.png"]
        page.select_option("select[name=id]", label="right.png")
        page.click("text=View")
        assert loaded(page, "#view") == [120, 90]
        page.select_option(".try select", step)
        assert page.locator("#hint").text_content() not in {"", None}
        page.fill(".try input[name=value]", value)
        page.click(".try button")
        assert loaded(page, "#processed") == list(size)
        shown = httpx.get(f"{server}/{page.locator('#processed').get_attribute('src')}", timeout=PATIENCE).content
        plain = httpx.post(
            f"{server}/v1/process", params={"pipeline": f"{step}:{value}" if value else step, "format": "png"},
            content=picture(width=120, height=90), timeout=PATIENCE,
        ).content  # fmt: skip
        assert np.array_equal(decoded(shown), decoded(plain))
        assert trouble == []


def test_back_and_links_keep_the_query(browser: Browser, server: str) -> None:
    with tab(browser, server) as (page, trouble):
        page.goto(server)
        page.fill("input[name=min_width]", "150")
        page.click("text=Query")
        page.wait_for_url("**/?min_width=150*")
        assert page.locator(".grid .title").all_text_contents() == ["wide.png"]
        page.click(".grid a")
        page.wait_for_url("**/picture?id=*")
        page.go_back()
        assert page.input_value("input[name=min_width]") == "150"
        assert page.locator(".grid .title").all_text_contents() == ["wide.png"]
        page.fill("input[name=min_width]", "9000")
        page.click("text=Query")
        page.get_by_text("No picture matches").wait_for()
        assert trouble == []


def test_a_wrong_value_is_said_beside_the_picture(browser: Browser, server: str, tmp_path: Path) -> None:
    with tab(browser, server) as (page, _):
        page.goto(f"{server}/?name=right")
        page.click(".grid a")
        page.select_option(".try select", "rotate")
        page.fill(".try input[name=value]", "much")
        page.click(".try button")
        assert "rotate.angle" in page.locator(".problem").inner_text()
        assert loaded(page, "#view") == [120, 90]
