"""The live page in Chromium, whose camera is made: boxes follow, identities hold, and it says what is wrong."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserType, Page, WebSocket, sync_playwright

from bench.camera import CHROMIUM, COUNTED, FLAGS, filmed, flags, shapes, street
from tests.conftest import ROOT
from tests.functions.support import BIN, served
from tests.waiting import PATIENCE

MAIN = [str(BIN / "python"), "main.py"]
STOCK = [str(BIN / "gunicorn"), "--bind=127.0.0.1:PORT", "--threads=8", "--no-control-socket", "main:app"]
ONE = {"DARKROOM_WORKERS": "1", "DARKROOM_QUEUE_SECONDS": str(PATIENCE)}


class Watched:
    """A page, what its sockets said and were sent, and what the browser complained of."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.said: list[dict[str, Any]] = []
        self.options: list[dict[str, Any]] = []
        self.trouble: list[str] = []
        page.on("websocket", self._socket)
        page.on("console", lambda said: self.trouble.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: self.trouble.append(str(error)))

    def _socket(self, line: WebSocket) -> None:
        line.on("framereceived", lambda data: self.said.append(json.loads(data)) if isinstance(data, str) else None)
        line.on("framesent", self._sent)

    def _sent(self, data: str | bytes) -> None:
        if isinstance(data, str):
            self.options.append(json.loads(data))

    @property
    def sent(self) -> int:
        """How many frames were sent."""
        return int(self.page.evaluate("counted.sent.length"))

    def wait(self, answers: int) -> None:
        """Wait for so many more answers, for each as long as for anything."""
        least = len(self.said) + answers
        seen, ends = len(self.said), time.monotonic() + PATIENCE
        while len(self.said) < least:
            assert time.monotonic() < ends, f"{len(self.said)} of {least} answers; the page says: {self.status}"
            self.page.wait_for_timeout(100)
            if len(self.said) > seen:
                seen, ends = len(self.said), time.monotonic() + PATIENCE

    def until(self, true: str) -> None:
        """Wait until an expression is true; Playwright's own way needs `unsafe-eval`."""
        for _ in range(int(PATIENCE * 10)):
            if self.page.evaluate(true):
                return
            self.page.wait_for_timeout(100)
        raise AssertionError(f"{true} did not come about; the page says: {self.status}")

    @property
    def status(self) -> str:
        return self.page.locator("#status").inner_text()

    def number(self, name: str) -> str:
        return self.page.locator(f"[data-number={name}]").inner_text()


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("films")


@pytest.fixture(scope="module")
def chromium() -> Iterator[BrowserType]:
    with sync_playwright() as playwright:
        yield playwright.chromium


def launched(chromium: BrowserType, film: Path) -> Browser:
    """A browser whose camera plays a film."""
    assert CHROMIUM, "a Chromium is needed: `make test` installs it where it may"
    return chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags(film)])


@pytest.fixture(scope="module")
def browser(chromium: BrowserType, films: Path) -> Iterator[Browser]:
    """A browser whose camera sees the drawn shapes."""
    with launched(chromium, filmed(shapes(ROOT, still=4), films / "shapes.mjpeg")) as opened:
        yield opened


@contextmanager
def watched(browser: Browser, url: str, *, camera: bool = True) -> Iterator[Watched]:
    """The live page of a server."""
    with browser.new_page() as page:
        page.context.set_default_timeout(1000 * PATIENCE)
        if not camera:
            page.add_init_script(
                "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotFoundError'));"
            )
        page.add_init_script(COUNTED)
        live = Watched(page)
        page.goto(f"{url}/live")
        yield live


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with served(MAIN, ONE) as url:
        yield url


def test_boxes_follow_and_identities_hold(browser: Browser, server: str) -> None:
    with watched(browser, server) as live:
        live.page.click("#camera")
        live.wait(60)
        said = live.said[-60:]
        assert live.options[0] == {"pipeline": "detect/track", "answer": "findings"}
        numbers = dict[str, set[int]]()
        for found in (found for one in said for found in one["findings"]["objects"] if found["score"] > 0.9):
            numbers.setdefault(found["label"], set()).add(found["track"])
        assert len(numbers) > 4
        assert [pair for pair in numbers.items() if len(pair[1]) > 1] == [], "each shape keeps its number"
        boxes = [{found["label"]: found["box"] for found in one["findings"]["objects"]} for one in said]
        lefts = [box["star"][0] for box in boxes if "star" in box]
        assert max(lefts) - min(lefts) > 4, "the boxes move with the camera"
        assert all(abs(one - other) < 40 for one, other in pairwise(lefts))
        live.until("document.querySelectorAll('#found tr').length > 0")
        assert live.number("transport") == "web socket"
        assert float(live.number("rate")) > 0
        assert "Found now" in str(live.page.get_attribute("#screen", "aria-label"))
        assert drawn_over(live.page), "boxes are drawn over the picture"
        live.page.click("#stop")
        assert live.status == "Stopped."
        assert live.trouble == []


def drawn_over(page: Page) -> bool:
    """Whether the canvas holds the dark ground of a name."""
    return bool(
        page.evaluate("""() => {
          const canvas = document.getElementById("screen");
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          let white = 0;
          for (let place = 0; place < data.length; place += 4) white += data[place] > 250 && data[place + 1] > 250;
          return white > 20;
        }""")
    )


def test_the_picture_that_the_pipeline_makes(browser: Browser, server: str) -> None:
    with watched(browser, server) as live:
        live.page.fill("#pipeline", "square:200/sepia")
        live.page.select_option("#answer", "both")
        live.page.click("#camera")
        live.wait(5)
        live.until("document.getElementById('screen').width === 200")
        assert live.said[-1]["picture"] == "image/jpeg"
        live.page.fill("#pipeline", "blurr")
        live.page.press("#pipeline", "Enter")
        live.page.locator("#pipeline").blur()
        live.page.get_by_text('Did you mean "blur"').wait_for()
        live.page.fill("#pipeline", "square:100")
        live.page.locator("#pipeline").blur()
        live.until("document.getElementById('screen').width === 100")
        assert live.trouble == []


def test_a_video_file(browser: Browser, server: str, films: Path) -> None:
    """What FFmpeg in OpenCV can write and Chromium play: VP8 in WebM."""
    import cv2

    film = films / "shapes.webm"
    writer = cv2.VideoWriter(str(film), cv2.VideoWriter.fourcc(*"VP80"), 30, (640, 480))
    for frame in shapes(ROOT):
        writer.write(frame)
    writer.release()
    with watched(browser, server) as live:
        live.page.set_input_files("#file", film)
        live.wait(10)
        assert len(live.said[-1]["findings"]["objects"]) > 4
        assert live.trouble == []


def test_without_a_camera_it_says_so(browser: Browser, server: str) -> None:
    with watched(browser, server, camera=False) as live:
        live.page.click("#camera")
        live.page.get_by_text("There is no camera that can be used.").wait_for()
        assert live.sent == 0


def test_a_slow_server_gets_fewer_frames_and_no_lag(browser: Browser) -> None:
    """Frames that cannot be answered are never sent: at most two are under way."""
    with served(MAIN, ONE) as url, watched(browser, url) as live:
        live.page.fill("#pipeline", "denoise")
        live.page.select_option("#answer", "findings")
        live.page.click("#camera")
        for _ in range(4):
            live.wait(1)
            done = "counted.answers.reduce((count, one) => count + 1 + one[3], 0)"
            answered, sent = live.page.evaluate(f"[{done}, counted.sent.length]")
            assert answered <= sent <= answered + 2
        assert live.trouble == []


def test_where_sockets_do_not_pass_frames_are_posted(browser: Browser) -> None:
    with served(STOCK, ONE) as url, watched(browser, url) as live:
        live.page.click("#camera")
        live.page.get_by_text("passes no web sockets on").wait_for()
        live.until("document.querySelectorAll('#found tr').length > 0")
        assert live.number("transport") == "single requests"
        live.page.fill("#pipeline", "square:120")
        live.page.locator("#pipeline").blur()
        live.page.select_option("#answer", "both")
        live.until("document.getElementById('screen').width === 120")
        complaints = [text for text in live.trouble if "WebSocket connection" not in text]
        assert complaints == [], "the browser itself tells of the socket that did not open"


def test_a_server_that_goes_away_is_told(browser: Browser) -> None:
    with watched_server() as (stop, url), watched(browser, url) as live:
        live.page.click("#camera")
        live.wait(3)
        stop()
        live.until("document.getElementById('status').textContent.includes('again')")


@contextmanager
def watched_server() -> Iterator[tuple[Any, str]]:
    """A server that can be stopped before the context ends."""
    outer = served(MAIN, ONE)
    url = outer.__enter__()
    stopped = list[bool]()

    def stop() -> None:
        if not stopped:
            stopped.append(True)
            outer.__exit__(None, None, None)

    try:
        yield stop, url
    finally:
        stop()


def test_streets_are_followed(chromium: BrowserType, data: Path, films: Path, tmp_path: Path) -> None:
    """YOLOX on a photograph of a street, panned over: who is seen all the time keeps one number."""
    film = filmed(street(data / "images/photos/ovms_people1.jpeg", still=4), films / "street.mjpeg")
    settings = {
        **ONE, "DARKROOM_MODELS_FROM": str(data / "models"), "DARKROOM_DETECT_MODEL": "yolox_nano",
        "DARKROOM_DATA": str(tmp_path),
    }  # fmt: skip
    with (
        served(MAIN, settings) as url,
        launched(chromium, film) as street_browser,
        watched(street_browser, url) as live,
    ):
        live.page.fill("#pipeline", "detect:score=0.5/track")
        live.page.click("#camera")
        live.wait(30)
        last = live.said[-1]["findings"]
        there = max(sum(found["label"] == "person" for found in one["findings"]["objects"]) for one in live.said)
        assert there > 5
        assert there <= last["tracks"]["person"] <= there + 2
        assert live.trouble == []
