"""Live: a browser that sends frames of a made camera, beside a bare decode and OpenVINO loop; and one tracker.

The browser draws on the same cores all the time, also while the bare loop is measured. `BENCH_FRAMES` is how
many frames the socket client of `python -m bench live` sends in all (2,000); `make prove-live` sends 10,000.
"""

import os
import statistics
import time
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
LEAST_RATE, LEAST_SHARE, MOST_LAG, MOST_TRACK_MS, MOST_DRIFT = 25.0, 0.8, 3.0, 1.0, 0.05
_SETTINGS = {"DARKROOM_DETECT_MODEL": "yolox_nano", "DARKROOM_QUEUE_SECONDS": "60"}


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
        flat = steady(server, frames)
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
    """Frames a second in all, and the last fifth's frames a core-second and memory as parts of the second fifth's."""

    frames: int
    rate: float
    speed: float
    memory: float

    @property
    def drift(self) -> str:
        """Both parts in words."""
        return f"last fifth ÷ second: frames a core-second {self.speed:.3f}, memory {self.memory:.3f}"

    @property
    def is_met(self) -> bool:
        """Whether neither speed nor memory drifts."""
        return self.speed >= 1 - MOST_DRIFT and self.memory <= 1 + MOST_DRIFT


def steady(server: Server, frames: int, pipeline: str = "detect/track") -> Steady:
    """A client that sends so many frames through one socket, two under way."""
    pictures = [cv2.imencode(".jpg", frame)[1].tobytes() for frame in street(PHOTO)]
    ends, memory, began = list[float](), list[float](), time.perf_counter()
    cpu = server.core_seconds()
    with RawSocket.open(f"http://127.0.0.1:{server.port}") as client:
        client.options(pipeline=pipeline)
        client.frame(pictures[0])
        for number in range(1, frames + 1):
            if number < frames:
                client.frame(pictures[number % len(pictures)])
            client.said()
            if number % (frames // 5) == 0:
                ends.append(server.core_seconds())
                memory.append(_memory(server))
                say(f"{number} frames, {memory[-1] / 1e6:.0f} MB")
    rate = frames / (time.perf_counter() - began)
    spans = np.diff([cpu, *ends])
    return Steady(frames, rate, float(spans[1] / spans[-1]), memory[-1] / memory[1])


def _memory(server: Server) -> float:
    """Bytes that the workers hold for themselves alone."""
    total = 0.0
    for pid in server.workers():
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(("Private_", "Pss_Anon")))
    return total
