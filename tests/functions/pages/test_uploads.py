"""Many uploads at once in a browser: errors beside the files, cancelling, and a server that dies half-way."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page

from tests.conftest import ROOT
from tests.functions.pages.browsing import SERVER, gallery, settings, tab, wait
from tests.functions.support import PATIENT, clean_environment, picture, wait_for
from tests.waiting import PATIENCE
from tools.ports import free_port

LIMIT = 200_000
"""Bytes that the server takes."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    with gallery(tmp_path / "server", max_body_bytes=str(LIMIT), max_upload_bytes=str(LIMIT)) as url:
        yield url


def files(folder: Path, good: int = 18) -> list[Path]:
    """Pictures of different sizes, so that none is a copy of another."""
    folder.mkdir(exist_ok=True)
    made = [folder / f"picture {number:02}.png" for number in range(good)]
    for number, path in enumerate(made):
        path.write_bytes(picture(width=40 + number, height=30))
    return made


def names(server: str) -> list[str]:
    answer = httpx.get(f"{server}/v1/images", params={"limit": 200}, timeout=PATIENCE)
    return sorted(row["name"] for row in answer.json()["images"])


def choose(page: Page, paths: list[Path]) -> None:
    page.set_input_files("#upload input[type=file]", paths)


def settled(page: Page) -> None:
    page.wait_for_selector(".cancel-all", state="hidden")


def test_twenty_files_of_which_two_are_refused(browser: Browser, server: str, tmp_path: Path) -> None:
    good = files(tmp_path / "pictures")
    damaged, large = tmp_path / "damaged.png", tmp_path / "large.png"
    damaged.write_bytes(picture()[:300])
    large.write_bytes(picture() + bytes(LIMIT))
    with tab(browser, server) as (page, trouble):
        page.goto(server)
        choose(page, [*good[:9], damaged, *good[9:], large])
        settled(page)
        assert page.locator(".summary").inner_text() == "18 of 20 added, 2 failed"
        why = {
            item.locator(".file").inner_text(): item.locator(".why").inner_text()
            for item in page.locator("li.failed").all()
        }
        assert set(why) == {"damaged.png", "large.png"}
        assert "200 kB" in why["large.png"]
        assert len(why["damaged.png"]) > 20
        wait(page, "document.querySelectorAll('.grid li').length === 18")
        assert page.locator("select[name=id] option").count() == 18
        assert [told for told in trouble if "422" not in told and "415" not in told] == []
    assert names(server) == [path.name for path in good]


def test_cancelled_files_do_not_arrive(browser: Browser, server: str, tmp_path: Path) -> None:
    good = files(tmp_path / "pictures", 6)
    with tab(browser, server) as (page, _):
        page.goto(server)
        held: list[object] = []
        page.route("**/v1/images", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks its handlers
        choose(page, good)
        wait(page, "document.querySelectorAll('li.sending').length === 3")
        page.click("li:has-text('picture 00') button")
        wait(page, "document.querySelectorAll('li.cancelled').length === 1")
        page.click(".cancel-all")
        settled(page)
        assert page.locator(".summary").inner_text() == "0 of 6 added, 6 cancelled"
        page.unroute("**/v1/images")
        page.click("li:has-text('picture 05') button")
        settled(page)
        assert page.locator(".summary").inner_text() == "1 of 6 added, 5 cancelled"
    assert names(server) == ["picture 05.png"]


@contextlib.contextmanager
def process(port: int, environment: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    given = clean_environment(PORT=str(port), **{**PATIENT, **environment})
    started = subprocess.Popen(SERVER, cwd=ROOT, env=given, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        wait_for(f"http://127.0.0.1:{port}", started)
        yield started
    finally:
        os.killpg(started.pid, signal.SIGKILL)  # its workers too
        started.wait(PATIENCE)


def test_a_server_that_dies_and_returns_loses_nothing(browser: Browser, tmp_path: Path) -> None:
    good = files(tmp_path / "pictures", 12)
    port, environment = free_port(), settings(tmp_path / "server")
    with contextlib.ExitStack() as stack:
        page, _ = stack.enter_context(tab(browser, f"http://127.0.0.1:{port}"))
        with process(port, environment):
            page.goto(f"http://127.0.0.1:{port}")
            choose(page, good)
            wait(page, "document.querySelectorAll('li.done').length >= 3")
        finished = page.locator("li.done .file").all_inner_texts()
        stack.enter_context(process(port, environment))
        settled(page)
        assert page.locator(".summary").inner_text() == "12 of 12 added"
        stored = names(f"http://127.0.0.1:{port}")
        assert set(finished) <= set(stored)
        assert set(stored) == {path.name for path in good}
