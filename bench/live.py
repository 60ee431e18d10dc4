"""Live: a browser that sends frames of a made camera, beside a bare decode and OpenVINO loop; and one tracker.

The browser draws on the same cores all the time, also while the bare loop is measured. `BENCH_FRAMES` is how
many frames the socket client of `python -m bench live` sends in all (2,000); `make prove-live` sends 10,000. A core
is not as fast at each time as at any other, so the server that has answered them is compared with one that has just
started, in turn.
"""

import os
import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import cv2
import numpy as np
from playwright.sync_api import Browser, sync_playwright

from bench.camera import CHROMIUM, COUNTED, FLAGS, filmed, flags, street
from bench.marks import mark
from bench.server import ROOT, Server
from bench.sight_tools import NETWORK, say, sighted
from bench.sockets import RawSocket
from core.findings.findings import Object
from core.findings.region import Region
from core.findings.tracker import Tracker

PHOTO = ROOT.parent / "shared/data/images/photos/ovms_people1.jpeg"
WARM, SECONDS, ROUNDS = 4.0, 8.0, 3
TURNS = 9
"""Turns of the film that the old server and the new one answer one after the other."""
LEAST_RATE, LEAST_SHARE, MOST_LAG, MOST_TRACK_MS, MOST_DRIFT = 25.0, 0.8, 3.0, 1.0, 0.05
PATIENT = {"DARKROOM_QUEUE_SECONDS": "60", "DARKROOM_STREAM_IDLE_SECONDS": "3600", "DARKROOM_STREAM_SECONDS": "86400"}
_SETTINGS = {"DARKROOM_DETECT_MODEL": "yolox_nano", **PATIENT}


class Live(NamedTuple):
    """What a browser got: answers a second, the 95th percentile from send to message, and the median work, ms."""

    rate: float
    lag: float
    work: float


def run() -> tuple[str, bool]:
    """The section's text, and whether every target is met."""
    frames = int(os.environ.get("BENCH_FRAMES", "2000"))
    with TemporaryDirectory() as folder, sighted(1, **_SETTINGS) as server, sync_playwright() as playwright:
        film = filmed(street(PHOTO), Path(folder) / "street.mjpeg")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags(film)])
        pairs = [(_live(browser, server), _bare(browser)) for _ in range(ROUNDS)]
        browser.close()
    flat = steady(partial(sighted, 1, **_SETTINGS), frames)
    live = Live(*map(statistics.median, zip(*(one for one, _ in pairs), strict=True)))
    bare = statistics.median(loop for _, loop in pairs)
    track = _tracked()
    wanted = min(LEAST_RATE, LEAST_SHARE * bare)
    met = live.rate >= wanted, live.lag <= MOST_LAG * live.work, track <= MOST_TRACK_MS, flat.is_met
    text = _TEXT.format(
        rounds=ROUNDS, seconds=SECONDS, rate=live.rate, bare=bare, share=live.rate / bare, lag=live.lag, work=live.work,
        times=live.lag / live.work, track=track, drift=flat.drift, marks=[mark(one) for one in met], flat=flat,
    )  # fmt: skip
    return text, all(met)


_TEXT = """## Live

`/live` in Chromium with a made camera, 640×480 at 30 a second, `detect/track` with YOLOX-nano, browser and server on
the same cores; {rounds} rounds of {seconds:g} s. The bare loop decodes the same frames with OpenCV and runs the network
with OpenVINO, in one thread, while the same browser shows the same camera. Medians.

| | measured | target | |
|---|---|---|---|
| frames a second | {rate:.1f}, {share:.2f} of the bare loop's {bare:.1f} | ≥ 25 or ≥ 0.8 | {marks[0]} |
| from send to message, p95 | {lag:.0f} ms, {times:.1f} × the server's median {work:.0f} | ≤ 3 × | {marks[1]} |
| `track`, 50 objects, CPU a frame | {track:.2f} ms | ≤ 1 ms | {marks[2]} |
| {flat.frames} frames of a socket client | {flat.rate:.0f} a second; {drift} | within 5 % | {marks[3]} |
"""


# --- the browser ---


def _live(browser: Browser, server: Server) -> Live:
    page = browser.new_page()
    page.add_init_script(COUNTED)
    page.goto(f"http://127.0.0.1:{server.port}/live")
    page.click("#camera")
    page.wait_for_timeout(WARM * 1e3)
    first = page.evaluate("counted.answers.length")
    page.wait_for_timeout(SECONDS * 1e3)
    counted = page.evaluate("counted")
    page.close()
    answers = counted["answers"][first:]
    lags = [when - counted["sent"][seq - 1] for seq, _, when, _ in answers]
    rate = (len(answers) - 1) / (answers[-1][2] - answers[0][2]) * 1e3
    found = Live(rate, float(np.percentile(lags, 95)), statistics.median(ms for _, ms, _, _ in answers))
    say(f"live: {found.rate:.1f} frames a second, p95 {found.lag:.0f} ms, work {found.work:.0f} ms")
    return found


# --- the bare loop ---


def _bare(browser: Browser) -> float:
    """Frames a second of decoding and the network alone, while the browser shows its camera."""
    import openvino

    page = browser.new_page()
    page.set_content("<video autoplay muted></video>")
    page.evaluate(
        "navigator.mediaDevices?.getUserMedia({video: true}).then(s => document.querySelector('video').srcObject = s)"
    )
    network = openvino.Core().compile_model(str(NETWORK), "CPU", {"PERFORMANCE_HINT": "LATENCY"})
    side = network.inputs[0].partial_shape.get_max_shape()[2]
    frames = [cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 80])[1] for frame in street(PHOTO)]
    rate = _looped(network, side, frames)
    page.close()
    say(f"bare loop: {rate:.1f} frames a second")
    return rate


def _looped(network: Any, side: int, frames: list[Any]) -> float:
    count, began = 0, 0.0
    while not began or time.perf_counter() - began < SECONDS:
        pixels: Any = cv2.imdecode(frames[count % len(frames)], cv2.IMREAD_COLOR)
        scale = side / max(pixels.shape[:2])
        small = cv2.resize(pixels, None, fx=scale, fy=scale)
        padded = np.full((side, side, 3), 114, np.uint8)
        padded[: small.shape[0], : small.shape[1]] = small
        network(padded.transpose(2, 0, 1)[None].astype(np.float32))
        count += 1
        if not began and count == 20:
            began, count = time.perf_counter(), 0
    return count / (time.perf_counter() - began)


# --- the tracker ---


def _tracked(objects: int = 50, frames: int = 200) -> float:
    """Milliseconds of CPU that a frame takes, its objects moving and trembling."""
    rng = np.random.default_rng(1)
    places, steps = rng.uniform(0, 2000, (objects, 2)), rng.normal(0, 5, (objects, 2))
    seen = []
    for number in range(frames):
        here = places + steps * number + rng.normal(0, 1, (objects, 2))
        seen.append([_object(x, y) for x, y in here.tolist()])
    tracker, began = Tracker(), time.process_time()
    for frame in seen:
        tracker.follow(frame, 15, 0.3)
    return (time.process_time() - began) / frames * 1e3


def _object(x: float, y: float) -> Object:
    return Object(label="person", index=0, score=0.9, region=Region.box(x, y, x + 40, y + 80), model="made")


# --- the long run ---


class Steady(NamedTuple):
    """Frames a second in all; frames a core-second as a part of a new server's; memory as one of an earlier time's."""

    frames: int
    rate: float
    speed: float
    memory: float

    @property
    def drift(self) -> str:
        """Both parts in words."""
        return f"frames a core-second ÷ a new server's {self.speed:.3f}; memory ÷ at two fifths {self.memory:.3f}"

    @property
    def is_met(self) -> bool:
        """Whether neither speed nor memory drifts."""
        return self.speed >= 1 - MOST_DRIFT and self.memory <= 1 + MOST_DRIFT


class _Sender:
    """A stream of a server, and the film that it is sent."""

    def __init__(self, server: Server, client: RawSocket, pictures: list[bytes]) -> None:
        self._server, self._client, self._pictures = server, client, pictures

    def turn(self) -> float:
        """Send the film once, two frames under way; the core-seconds that it took."""
        before = self._server.core_seconds()
        self._client.frame(self._pictures[0])
        for following in [*self._pictures[1:], None]:
            if following is not None:
                self._client.frame(following)
            self._client.said()
        return self._server.core_seconds() - before


def steady(opened: Callable[[], AbstractContextManager[Server]], frames: int, turns: int = TURNS) -> Steady:
    """A client that sends about so many frames through one socket; then in turn with one of a server just opened."""
    pictures = [cv2.imencode(".jpg", frame)[1].tobytes() for frame in street(PHOTO)]
    films = max(5, round(frames / len(pictures)))
    with ExitStack() as stack:

        def sender() -> tuple[Server, _Sender]:
            server = stack.enter_context(opened())
            client = stack.enter_context(RawSocket.open(f"http://127.0.0.1:{server.port}"))
            client.options(pipeline="detect/track")
            return server, _Sender(server, client, pictures)

        server, old = sender()
        memory, began = list[float](), time.perf_counter()
        for film in range(1, films + 1):
            took = old.turn()
            if film % (films // 5) == 0:
                memory.append(_memory(server))
                each = took / len(pictures) * 1e3
                say(f"{film * len(pictures)} frames, {each:.1f} core-ms, {memory[-1] / 1e6:.0f} MB")
        rate = films * len(pictures) / (time.perf_counter() - began)
        _, new = sender()
        new.turn()  # what is made at the first frames is no part of it
        speed = statistics.median(_in_turn(old, new, turn % 2 == 0) for turn in range(turns))
    return Steady(films * len(pictures), rate, speed, memory[-1] / memory[1])


def _in_turn(old: _Sender, new: _Sender, old_first: bool) -> float:
    """The core-seconds of the new server as a part of the old one's."""
    if old_first:
        took = old.turn()
        return new.turn() / took
    took = new.turn()
    return took / old.turn()


def _memory(server: Server) -> float:
    """Bytes that the workers hold for themselves alone."""
    total = 0.0
    for pid in server.workers():
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Private_"))
    return total
