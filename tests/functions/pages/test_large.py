"""What a platform's requests and answers cannot hold, in a browser: signed uploads, and stored answers (303)."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from tests.functions.pages.browsing import chromium, gallery, loaded, tab, wait
from tests.functions.support import picture
from tests.waiting import PATIENCE

PASSES = 4_500_000
"""Bytes of a body, and of an answer, that Lambda passes on."""
KEY = "a secret of the tests' own, 32 or more"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("gallery")
    with gallery(folder, platform="lambda", signing_key=KEY, max_upload_bytes="9000000") as url:
        yield url


def noise(width: int, height: int) -> bytes:
    """A PNG of about three bytes a pixel."""
    pixels = np.random.default_rng(width).integers(0, 256, (height, width, 3)).astype(np.uint8)
    return bytes(cv2.imencode(".png", pixels)[1])


def sent(page: Page) -> list[tuple[str, str]]:
    """What the page asks for, as method and path; fills as it goes on."""
    seen: list[tuple[str, str]] = []
    page.on("request", lambda one: seen.append((one.method, httpx.URL(one.url).path)))
    return seen


def test_a_large_file_goes_to_a_signed_url(browser: Browser, server: str, tmp_path: Path) -> None:
    small, large, too_large = (tmp_path / f"{name}.png" for name in ("small", "large", "too large"))
    small.write_bytes(noise(100, 80))
    large.write_bytes(noise(1600, 1200))
    too_large.write_bytes(noise(1900, 1700))
    assert PASSES < large.stat().st_size < 9_000_000 < too_large.stat().st_size
    with tab(browser, server) as (page, trouble):
        seen = sent(page)
        page.goto(server)
        page.set_input_files("#upload input[type=file]", [small, large, too_large])
        page.wait_for_selector(".cancel-all", state="hidden")
        assert page.locator(".summary").inner_text() == "2 of 3 added, 1 failed"
        assert "9.0 MB" in page.locator("li.failed .why").inner_text()
        wait(page, "document.querySelectorAll('.grid li').length === 2")
        assert trouble == []
    puts = [path for method, path in seen if method == "PUT"]
    assert len(puts) == 1
    assert puts[0].startswith("/v1/uploads/")
    assert [path for method, path in seen if method == "POST"].count("/v1/images") == 1
    rows = {row["name"]: row for row in httpx.get(f"{server}/v1/images", timeout=PATIENCE).json()["images"]}
    assert set(rows) == {"small.png", "large.png"}
    original = httpx.get(
        f"{server}/v1/images/{rows['large.png']['id']}/original", follow_redirects=True, timeout=PATIENCE
    )
    assert original.content == large.read_bytes()


def test_an_answer_that_is_stored_is_shown_and_downloaded(browser: Browser, server: str) -> None:
    pipeline = "resize:1600,enlarge=true/grain:100"
    data = picture(width=640, height=480)
    stored = httpx.post(f"{server}/v1/images", files={"file": ("made.png", data)}, timeout=PATIENCE).json()["id"]
    with tab(browser, server) as (page, trouble):
        answers: list[int] = []
        page.on("response", lambda one: answers.append(one.status) if one.url.endswith("/v1/process") else None)
        page.goto(f"{server}/darkroom?image={stored}&pipeline={pipeline}")
        loaded(page, ".after img")
        page.select_option(".format", "png")
        wait(page, "!document.querySelector('.view.busy')")
        with page.expect_download() as download:
            page.click(".download")
        made = Path(download.value.path()).read_bytes()
        assert trouble == []
    assert 303 in answers
    query = {"pipeline": pipeline, "format": "png"}
    answer = httpx.post(
        f"{server}/v1/process", params=query, files={"file": data}, follow_redirects=True, timeout=PATIENCE
    )
    assert len(answer.history) == 1
    assert len(made) > PASSES
    assert made == answer.content
