"""The gallery in Chromium: its first picture beside a static page with the same pictures, and scrolling through 10,000.

The static page has the same `<img>` and nothing else; its pictures come from the same server. Rounds are interleaved.
The server makes thumbnails on the cores on which the browser scrolls: a task's length by the clock counts the server's
turns, so its CPU is what is judged. Both are told.
"""

import re
import shutil
import statistics
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import msgspec
from playwright.sync_api import Browser, Page, sync_playwright

from bench.server import ROOT, serving
from catalog.sqlite import SqliteCatalog
from service.cataloging import FILE

PICTURES, ROUNDS = 10_000, 9
MOST_RATIO, MOST_TASK, MOST_SHIFT = 1.5, 200, 0.05
_FIRST = """document.addEventListener("load", event => {
  if (event.target.tagName === "IMG" && event.target.src.includes("/v1/")) window.first ??= performance.now();
}, true);"""
_WATCH = """window.longest = 0; window.shift = 0;
new PerformanceObserver(list => list.getEntries().forEach(one => { longest = Math.max(longest, one.duration); }))
  .observe({type: "longtask", buffered: true});
new PerformanceObserver(list => list.getEntries().forEach(one => { if (!one.hadRecentInput) shift += one.value; }))
  .observe({type: "layout-shift", buffered: true});"""
_SCROLL = """async () => {
  const more = document.querySelector(".more");
  const end = performance.now() + 600_000;
  while (!more.hidden && performance.now() < end) {
    scrollBy(0, 1200);
    await new Promise(requestAnimationFrame);
  }
  return [history.state.count, longest, shift];
}"""


class Scroll(NamedTuple):
    """How many pictures were scrolled through, the longest tasks by CPU and by the clock, ms, and the sum of shifts."""

    pictures: int
    cpu: float
    clock: float
    shift: float


def run() -> tuple[str, bool]:
    """The table, and whether all targets are met."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "outbox").mkdir()
        settings = {
            "DARKROOM_FILES": name, "DARKROOM_DATA": str(folder / "data"), "DARKROOM_RESULTS": "file://outbox",
            "DARKROOM_CATALOG": "sqlite", "DARKROOM_LOCAL_WRITES": "true",
        }  # fmt: skip
        static = folder / "static.html"
        with (
            serving(2, "bench.pages_app:app", BENCH_PAGE=str(static), **settings) as server,
            sync_playwright() as playwright,
        ):
            url = f"http://127.0.0.1:{server.port}"
            _fill(url, folder)
            images = re.findall(r"<img src=\"v1/[^>]*>", httpx.get(url, timeout=60).text)
            static.write_text(f"<!doctype html><title>static</title>{''.join(images)}")
            chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            ratio = _first_picture(browser, url)
            scroll = _scrolled(browser, url)
            browser.close()
    smooth = scroll.cpu <= MOST_TASK and scroll.shift < MOST_SHIFT
    return _table(ratio, scroll), ratio <= MOST_RATIO and smooth and scroll.pictures == PICTURES


def _fill(url: str, folder: Path) -> None:
    """The street, and rows that show it under other names."""
    file = (ROOT / "functions" / "pages" / "static" / "samples" / "street.jpg").read_bytes()
    answer = httpx.post(f"{url}/v1/images", files={"file": ("street.jpg", file)}, timeout=60).raise_for_status()
    catalog = SqliteCatalog(folder / "data" / FILE)
    row = catalog.get(answer.json()["id"])
    if row is None:
        raise RuntimeError("the catalog does not have the picture that was stored")
    for number in range(PICTURES - 1):
        catalog.put(msgspec.structs.replace(row, id=f"{number:032x}", name=f"picture {number:05}.jpg"))


def _first_picture(browser: Browser, url: str) -> float:
    """Median milliseconds until the gallery shows its first picture, divided by the static page's."""
    times: dict[str, list[float]] = {"/": [], "/static.html": []}
    for _ in range(ROUNDS + 1):
        for path, found in times.items():
            page = browser.new_page()
            page.add_init_script(_FIRST)
            page.goto(url + path, wait_until="load")
            found.append(float(page.evaluate("window.first")))
            page.close()
    gallery, plain = (statistics.median(found[1:]) for found in times.values())
    return gallery / plain


def _scrolled(browser: Browser, url: str) -> Scroll:
    page: Page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.add_init_script(_WATCH)
    browser.start_tracing(page=page, categories=["devtools.timeline", "v8"])
    page.goto(url, wait_until="load")
    pictures, clock, shift = page.evaluate(_SCROLL)
    cpu = _longest(msgspec.json.decode(browser.stop_tracing())["traceEvents"])
    page.close()
    return Scroll(int(pictures), cpu, float(clock), float(shift))


def _longest(events: list[dict[str, Any]]) -> float:
    """Milliseconds of CPU of the longest task of the thread that runs scripts, of Chromium's trace events.

    https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
    """
    place = "pid", "tid"
    running = Counter(tuple(one[name] for name in place) for one in events if one["name"] == "FunctionCall")
    ((thread, _),) = running.most_common(1)
    whole = [one for one in events if one["ph"] == "X" and tuple(one[name] for name in place) == thread]
    longest, ends = 0.0, 0.0
    for one in sorted(whole, key=lambda one: (one["ts"], -one.get("dur", 0))):
        if one["ts"] >= ends:  # else it is part of the one before
            longest, ends = max(longest, one.get("tdur", 0) / 1e3), one["ts"] + one.get("dur", 0)
    return longest


def _table(ratio: float, scroll: Scroll) -> str:
    rows = [
        "## Pages", "",
        f"The gallery with {PICTURES:,} pictures in Chromium, server and browser on the same cores.", "",
        "| | measured | target |", "|---|---|---|",
        f"| first picture, beside a static page with the same pictures | {ratio:.2f} | ≤ {MOST_RATIO} |",
        f"| pictures scrolled through | {scroll.pictures:,} | {PICTURES:,} |",
        f"| longest task while scrolling, CPU ms | {scroll.cpu:.0f}; by the clock {scroll.clock:.0f} | ≤ {MOST_TASK} |",
        f"| layout shift | {scroll.shift:.3f} | < {MOST_SHIFT} |",
    ]  # fmt: skip
    return "\n".join(rows)
