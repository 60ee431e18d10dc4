"""What the tests with a browser share: a server with a gallery, Chromium, and what it complains of."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright

from bench.camera import CHROMIUM, FLAGS
from tests.functions.support import BIN, picture, served
from tests.waiting import PATIENCE

_FLAGS = [*FLAGS, "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
SERVER = [str(BIN / "gunicorn"), "--config=functions/server/gunicorn_conf.py", "main:app"]
MILLISECONDS = 1000 * PATIENCE


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    assert CHROMIUM, "a Chromium is needed: `make test` installs it where it may"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        yield browser
        browser.close()


def settings(folder: Path, **more: str) -> dict[str, str]:
    """The settings of a server that keeps pictures below a folder."""
    (folder / "outbox").mkdir(parents=True, exist_ok=True)
    given = {
        "data": str(folder / "data"),
        "files": str(folder),
        "results": "file://outbox",
        "catalog": "sqlite",
        "workers": "1",
        **more,
    }
    return {f"DARKROOM_{name.upper()}": value for name, value in given.items()}


@contextlib.contextmanager
def gallery(folder: Path, **more: str) -> Iterator[str]:
    """A server that keeps pictures below a folder."""
    with served(SERVER, settings(folder, **more)) as url:
        yield url


def store(server: str, name: str, data: bytes | None = None, **headers: str) -> str:
    """Store a picture by HTTP; its id."""
    files = {"file": (name, picture() if data is None else data)}
    response = httpx.post(f"{server}/v1/images", files=files, headers=headers, timeout=PATIENCE)
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


@contextlib.contextmanager
def tab(browser: Browser, server: str, **options: object) -> Iterator[tuple[Page, list[str]]]:
    """A page in a context of its own, and what goes wrong in it: errors, warnings, and requests that leave us."""
    context: BrowserContext = browser.new_context(**options)  # type: ignore[arg-type]
    context.set_default_timeout(MILLISECONDS)
    opened = context.new_page()
    yield opened, watch(opened, server)
    context.close()


def watch(page: Page, server: str) -> list[str]:
    """A list that fills with what the browser complains of, policy violations among it."""
    seen: list[str] = []

    def request(url: str) -> None:
        if not url.startswith((server, "data:", "blob:")):
            seen.append(f"left us: {url}")

    page.on("console", lambda told: seen.append(told.text) if told.type in {"error", "warning"} else None)
    page.on("request", lambda sent: request(sent.url))
    page.on("pageerror", lambda error: seen.append(str(error)))
    return seen


def evaluated(page: Page, expression: str, argument: object = None) -> object:
    """An expression's value; None while the page is on its way to another one."""
    try:
        return page.evaluate(expression, argument)
    except Error as error:
        if "navigation" not in error.message:
            raise
        return None


def wait(page: Page, expression: str, argument: object = None) -> None:
    """Wait until an expression is true. Playwright's own way would need `unsafe-eval`, which our policy forbids."""
    ends = time.monotonic() + PATIENCE
    while not evaluated(page, expression, argument):
        assert time.monotonic() < ends, f"never true: {expression}"
        page.wait_for_timeout(40)


def loaded(page: Page, selector: str) -> list[int]:
    """Width and height of a picture once it has been decoded."""
    wait(
        page,
        "selector => document.querySelector(selector)?.complete && document.querySelector(selector).naturalWidth",
        selector,
    )
    size: list[int] = page.locator(selector).first.evaluate("one => [one.naturalWidth, one.naturalHeight]")
    return size
