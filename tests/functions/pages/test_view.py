"""How the Darkroom shows a result: divider or not, zoom, histogram, and what it took."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.functions.pages.browsing import loaded, store, tab, wait
from tests.functions.support import picture


@pytest.fixture(scope="module")
def image(server: str) -> str:
    return store(server, "wide.png", picture(width=240, height=120))


def begin(page: Page, server: str, image: str, pipeline: str) -> None:
    page.goto(f"{server}/darkroom?image={image}&pipeline={pipeline}")
    loaded(page, ".after img")
    wait(page, "!document.querySelector('.view.busy')")


MODES = {
    "one shape": ("sepia", "", "divider", True),
    "another shape": ("rotate:90", "", "beside", False),
    "only looked at": ("palette", "", "result", False),
    "as chosen": ("sepia", "beside", "beside", False),
}


@pytest.mark.parametrize(("pipeline", "chosen", "mode", "divided"), MODES.values(), ids=MODES)
def test_modes(browser: Browser, server: str, image: str, pipeline: str, chosen: str, mode: str, divided: bool) -> None:
    with tab(browser, server) as (page, trouble):
        begin(page, server, image, pipeline)
        if chosen:
            page.select_option(".mode", chosen)
        wait(page, "mode => document.querySelector('.view').dataset.mode === mode", mode)
        assert page.locator(".divider").is_visible() is divided
        assert trouble == []


def test_zoom_is_in_pixels_of_the_result(browser: Browser, server: str, image: str) -> None:
    with tab(browser, server) as (page, trouble):
        begin(page, server, image, "resize:120")
        for zoom in ("1", "2"):
            page.select_option(".zoom", zoom)
            wait(page, "width => document.querySelector('.after img').clientWidth === width", 120 * int(zoom))
        assert trouble == []


_INK = """() => {
  const canvas = document.querySelector(".histogram");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const columns = new Set();
  for (let at = 3; at < data.length; at += 4) if (data[at] > 0) columns.add((at >> 2) % canvas.width);
  return columns.size / canvas.width;
}"""


def test_the_histogram_is_the_result_s(browser: Browser, server: str, image: str) -> None:
    """A picture of one value has ink at one place."""
    with tab(browser, server) as (page, trouble):
        begin(page, server, image, "")
        wait(page, f"({_INK})() > 0.5")
        begin(page, server, image, "grayscale/threshold:255")
        wait(page, f"({_INK})() < 0.1")
        assert trouble == []


def test_bytes_sizes_and_milliseconds_of_each_step(browser: Browser, server: str, image: str) -> None:
    with tab(browser, server) as (page, trouble):
        begin(page, server, image, "resize:120/blur:5")
        told = page.locator(".measured dl")
        expect(told).to_contain_text("240 × 120 → 120 × 60")
        assert {"Size", "Bytes", "Round trip", "decode", "resize", "blur", "encode"} <= set(
            told.locator("dt").all_text_contents()
        )
        assert trouble == []
