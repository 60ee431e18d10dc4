"""Peak memory of one request above the idle worker, against what the filters declare; growth over many requests."""

import os
import re
import signal
import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from bench import client, pictures
from bench.marks import mark
from bench.server import Server, serving
from core import codecs
from core.limits import Limits
from core.pipeline import Pipeline
from core.plan import plan
from core.registry import filters

HEADLINE = ("blur:15", "resize:800", "grayscale", "rotate:90", "rotate:30")
MEGAPIXELS = (2, 12, 50)
HEADLINE_TARGET = 4.0
REQUESTS, GROWTH_TARGET = 2000, 0.05
CROWDS = ((2, 160.0), (12, 250.0))
"""Megapixels that four clients send for `resize:800`, and the most MiB of a server of two workers meanwhile."""
_WORKERS, _CLIENTS, _SECONDS, _EVERY = 2, 4, 6.0, 0.05
MIB = 2**20
MOST_PIXELS, MOST_MEMORY = 128_000_000, 4 * 2**30
"""Limits of the measured server: a turn of 50 megapixels by 30 degrees makes 95, which is refused by default."""


class Peak(NamedTuple):
    """One measured request: its peak and its allowance, in multiples of the decoded picture."""

    pipeline: str
    megapixels: float
    decoded: int
    ratio: float
    allowed: float

    @property
    def met(self) -> bool:
        """Whether it stayed within."""
        return self.ratio <= self.allowed


def run() -> tuple[str, bool]:
    """The section's text, and whether every target is met."""
    with serving(1, DARKROOM_MAX_PIXELS=str(MOST_PIXELS), DARKROOM_MAX_MEMORY=str(MOST_MEMORY)) as server:
        large = [_peak(server, pipeline, size, HEADLINE_TARGET) for size in MEGAPIXELS for pipeline in HEADLINE]
        every = [_peak(server, text, 2) for text in _examples()]
    crowds = [_crowd(*one) for one in CROWDS]
    marks, steady = _growth()
    rows = [_row(peak) for peak in large], [_row(peak) for peak in sorted(every, key=lambda p: p.allowed - p.ratio)]
    over = [peak.pipeline for peak in every if not peak.met]
    summary = f"Above what they declare: {', '.join(over)}." if over else f"All {len(every)} stay within it."
    text = _TEXT.format(
        target=HEADLINE_TARGET, large="\n".join(rows[0]), every="\n".join(rows[1]), requests=REQUESTS,
        over=summary,
        growth=" · ".join(f"{count:,}: {size / MIB:.1f}" for count, size in marks), verdict=steady.text,
        growth_target=GROWTH_TARGET, workers=_WORKERS, clients=_CLIENTS, seconds=_SECONDS,
        crowds="\n".join(text for text, _ in crowds),
    )  # fmt: skip
    return text, steady.met and all(peak.met for peak in large + every) and all(good for _, good in crowds)


def _examples() -> list[str]:
    """Every step's example but those that ask a model: a network's memory is in the manifest, not in the step."""
    texts = [known.example for known in filters().values()]
    return [text for text in texts if not any(step.filter.task for step in Pipeline.parse(text).steps)]


_TEXT = """## Memory of one request

A worker of its own for each line: it first answers the same pipeline for a picture of 64×48 (so that libraries
are loaded), its high-water mark is reset (`/proc/PID/clear_refs`), then one JPEG is sent to `/v1/process` and
the mark is read. The peak above the idle worker holds everything: body, decoded picture, the step, the answer.
It is given in multiples of the decoded picture (3 bytes a pixel). Target for these: ≤ {target:g}.

| pipeline | megapixels | decoded, MiB | peak | allowed | |
|---|---|---|---|---|---|
{large}

Every filter and measure at 2 megapixels against the `memory` it declares; here in multiples of the larger of the
decoded and the made picture, as it is declared. {over}

| pipeline | megapixels | the larger, MiB | peak | declared | |
|---|---|---|---|---|---|
{every}

## A server under load

{workers} workers and their master, {clients} clients that send `resize:800` for {seconds:g} s: the most memory at a
time, as the kernel shares it out (PSS), with the libraries.

| megapixels | MiB, at most | core-ms a picture | allowed, MiB | |
|---|---|---|---|---|
{crowds}

## Growth

One worker, {requests:,} requests over all of `blur:15`, `resize:800`, `rotate:30`, `sepia` in JPEG, PNG and WebP.
Resident MiB after so many requests (median of the last hundred): {growth}.
Over the last 1,000 {verdict} (target ≤ {growth_target:.0%}).
"""


class _Growth(NamedTuple):
    text: str
    met: bool


def _peak(server: Server, pipeline: str, megapixels: float, allowed: float | None = None) -> Peak:
    data = pictures.jpeg(pictures.sources()[0], megapixels)
    worker = _fresh(server)
    where = client.target("/v1/process", pipeline)
    connection = client.Connection(server.port)
    _ok(connection.exchange(client.raw(where, _tiny())), pipeline)
    idle = _reset(worker)
    _ok(connection.exchange(client.raw(where, data)), pipeline)
    peak = _status(worker, "VmHWM") - idle
    connection.socket.close()
    decoded, largest, declared = _planned(pipeline, data)
    unit = decoded if allowed else largest
    made = Peak(pipeline, megapixels, unit, peak / unit, allowed or declared)
    print(f"  {made}", flush=True)
    return made


def _planned(pipeline: str, data: bytes) -> tuple[int, int, float]:
    """Bytes of the decoded picture, of the largest one along the pipeline, and what the steps declare in the latter."""
    limits = Limits(pixels=MOST_PIXELS, memory=MOST_MEMORY)
    origin = codecs.probe(data, limits)
    planned = plan(Pipeline.parse(pipeline), origin, limits)
    largest = max(max(step.before.pixels, step.after.pixels) for step in planned.steps) * 3
    return origin.size.pixels * 3, largest, planned.memory / largest


def _crowd(megapixels: float, allowed: float) -> tuple[str, bool]:
    """A row of the table, and whether the memory stays within."""
    request = client.raw(client.target("/v1/process", "resize:800"), pictures.jpeg(pictures.sources()[0], megapixels))
    with serving(_WORKERS, DARKROOM_METRICS="false") as server:
        client.load(server.port, [request], _CLIENTS, 1.0)
        ended, seen, before = threading.Event(), list[float](), server.core_seconds()

        def watch() -> None:
            while not ended.wait(_EVERY):
                seen.append(sum(map(_pss, [server.pid, *server.workers()])) / MIB)

        watching = threading.Thread(target=watch)
        watching.start()
        answers, _ = client.load(server.port, [request], _CLIENTS, _SECONDS)
        ended.set()
        watching.join()
        took = (server.core_seconds() - before) / answers * 1e3
    most = max(seen)
    text = f"| {megapixels:g} | {most:.0f} | {took:.1f} | {allowed:g} | {mark(most <= allowed)} |"
    print(text, flush=True)
    return text, most <= allowed


def _pss(process: int) -> int:
    found = re.search(r"^Pss: +(\d+) kB", Path(f"/proc/{process}/smaps_rollup").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def _fresh(server: Server) -> int:
    """A worker that has not answered yet: the old one is ended, and its master makes another."""
    (old,) = server.workers()
    os.kill(old, signal.SIGTERM)
    for _ in range(400):
        time.sleep(0.05)
        workers = server.workers()
        if len(workers) == 1 and workers != [old] and _answers(server):
            return workers[0]
    raise RuntimeError("no new worker came")


def _answers(server: Server) -> bool:
    try:
        connection = client.Connection(server.port)
        connection.socket.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return connection.socket.recv(12).endswith(b"200")
    except OSError:
        return False


def _reset(process: int) -> int:
    """Set the high-water mark to what is resident now, and say how much that is, in bytes."""
    Path(f"/proc/{process}/clear_refs").write_text("5")
    return _status(process, "VmHWM")


def _status(process: int, name: str) -> int:
    text = Path(f"/proc/{process}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith(name + ":"))


def _tiny() -> bytes:
    pixels = np.random.default_rng(1).integers(0, 255, (48, 64, 3), np.uint8)
    return bytes(cv2.imencode(".jpg", pixels)[1])


def _ok(answer: tuple[int, memoryview], pipeline: str) -> None:
    if answer[0] != 200:
        raise RuntimeError(f"{pipeline}: {answer[0]} {bytes(answer[1][:300])!r}")


def _growth() -> tuple[list[tuple[int, float]], _Growth]:
    data = pictures.jpeg(pictures.sources()[0], 1.0)
    targets = [
        client.target("/v1/process", pipeline, format=written)
        for written in ("jpeg", "png", "webp")
        for pipeline in ("blur:15", "resize:800", "rotate:30", "sepia")
    ]
    with serving(1) as server:
        resident = list(_resident(server, [client.raw(where, data) for where in targets]))
    # What an allocator keeps goes up and down from one request to the next: a mark is the median of the last hundred.
    marks = [(count, statistics.median(resident[count - 100 : count])) for count in range(500, REQUESTS + 1, 500)]
    growth = marks[-1][1] / dict(marks)[REQUESTS // 2] - 1
    return marks, _Growth(
        f"it grew by {growth:+.1%} {'✓' if growth <= GROWTH_TARGET else '✗'}", growth <= GROWTH_TARGET
    )


def _resident(server: Server, requests: list[bytes]) -> Iterator[int]:
    """Resident bytes of the worker after each request."""
    (worker,) = server.workers()
    connection = client.Connection(server.port)
    for number in range(REQUESTS):
        _ok(connection.exchange(requests[number % len(requests)]), "growth")
        yield _status(worker, "VmRSS")


def _row(peak: Peak) -> str:
    cells = (f"`{peak.pipeline}`", f"{peak.megapixels:g}", f"{peak.decoded / MIB:.0f}", f"{peak.ratio:.2f}",
             f"{peak.allowed:g}", mark(peak.met))  # fmt: skip
    return f"| {' | '.join(cells)} |"
