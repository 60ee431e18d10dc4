"""Throughput of `/upload` and `/v1/process` against the plain loop: interleaved rounds, medians, spread."""

import itertools
import statistics
import time
from typing import NamedTuple

import cv2
import numpy as np

from bench import client, pictures, plain
from bench.marks import mark
from bench.plain import Rate
from bench.server import Server, serving

CLIENTS, WORKERS = 4, 2
ROUNDS, MOST_TRIES, SECONDS = 7, 14, 3.0
STEADY = 0.15
TARGET = 0.92


class Round(NamedTuple):
    """One round: the plain loop before and after, and both routes between."""

    before: Rate
    upload: Rate
    process: Rate
    after: Rate

    @property
    def plain(self) -> Rate:
        """The loop's mean."""
        return Rate(*((one + other) / 2 for one, other in zip(self.before, self.after, strict=True)))

    @property
    def steady(self) -> bool:
        """Whether the loop itself stayed within STEADY: else the machine was busy with something else."""
        return abs(self.before.per_second - self.after.per_second) / self.plain.per_second <= STEADY


def run() -> tuple[str, bool]:
    """The section's text, and whether every target is met."""
    jpegs = [pictures.jpeg(pixels, 2.0) for pixels in pictures.sources()]
    kept: dict[str, list[Round]] = {pipeline: [] for pipeline in plain.FILTERS}
    thrown = dict.fromkeys(plain.FILTERS, 0)
    with serving(WORKERS) as server:
        likeness = {pipeline: _likeness(server, pipeline, jpegs[0]) for pipeline in kept}
        began, used = time.perf_counter(), time.process_time()
        for _ in range(MOST_TRIES):
            for pipeline in (pipeline for pipeline in kept if len(kept[pipeline]) < ROUNDS):
                measured = _round(server, pipeline, jpegs)
                kept[pipeline].append(measured) if measured.steady else None
                thrown[pipeline] += not measured.steady
                print(f"  {pipeline}: {measured}{'' if measured.steady else ' (thrown away)'}", flush=True)
        clients = (time.process_time() - used) / (time.perf_counter() - began)
    rows = [
        _row(pipeline, route, kept[pipeline], thrown[pipeline], likeness[pipeline])
        for pipeline, route in itertools.product(kept, ("upload", "process"))
    ]
    width, height = pictures.size_of(jpegs[0])
    text = _TEXT.format(
        clients=CLIENTS, workers=WORKERS, target=TARGET, steady=STEADY, width=width, height=height, seconds=SECONDS,
        kilobytes=", ".join(str(len(data) // 1000) for data in jpegs), used=clients,
        rows="\n".join(row for row, _ in rows),
    )  # fmt: skip
    return text, all(met for _, met in rows)


_TEXT = """## Throughput against a plain loop

The plain loop is `cv2.imdecode`, the filter, `cv2.imencode` at quality 85 in {workers} processes, with no HTTP.
The server is gunicorn with {workers} workers; {clients} clients on the same machine keep their connections.
JPEGs of {width}×{height} and the like ({kilobytes} kB). A round is loop, `/upload`, `/v1/process`, loop,
{seconds:g} s each; rounds whose two loops differ by more than {steady:.0%} are thrown away. Ratios are taken
within a round; the table has their median and, in brackets, the least and the greatest. Target: ≥ {target}. The
clients used {used:.0%} of one core, which the server pays. Core-milliseconds a picture are the processor's own
count of loop and server; their ratio is the throughput to expect where nothing else runs. PSNR is between both
results. The loop calls `cv2.GaussianBlur` and `cv2.resize` (INTER_AREA); where the server is quicker than it, that is
because our `blur` and `resize` take a shorter way to the same picture (core/filters/blur.py, core/imaging/scaling.py).

| pipeline | route | loop, 1/s | server, 1/s | ratio | core-ms: loop / server | ratio | kept / thrown | PSNR | |
|---|---|---|---|---|---|---|---|---|---|
{rows}
"""


def _round(server: Server, pipeline: str, jpegs: list[bytes]) -> Round:
    upload = [client.multipart(client.target("/upload", pipeline), data) for data in jpegs]
    process = [client.raw(client.target("/v1/process", pipeline), data) for data in jpegs]
    return Round(
        plain.load(pipeline, jpegs, SECONDS),
        _served(server, upload),
        _served(server, process),
        plain.load(pipeline, jpegs, SECONDS),
    )


def _served(server: Server, requests: list[bytes]) -> Rate:
    before = server.core_seconds()
    answers, seconds = client.load(server.port, requests, CLIENTS, SECONDS)
    return Rate(answers / seconds, (server.core_seconds() - before) / answers * 1e3)


def _row(pipeline: str, route: str, rounds: list[Round], thrown: int, likeness: float) -> tuple[str, bool]:
    name = {"upload": "/upload", "process": "/v1/process"}[route]
    if not rounds:
        return f"| `{pipeline}` | {name} | | | | | | 0 / {thrown} | | ✗ no steady round |", False
    sides = [(getattr(one, route), one.plain) for one in rounds]
    ratios = [served.per_second / loop.per_second for served, loop in sides]
    work = statistics.median(loop.core_ms / served.core_ms for served, loop in sides)
    served, loop = (Rate(*map(statistics.median, zip(*side, strict=True))) for side in zip(*sides, strict=True))
    ratio = statistics.median(ratios)
    met = ratio >= TARGET
    cells = [f"`{pipeline}`", name, f"{loop.per_second:.1f}", f"{served.per_second:.1f}"]
    cells += [f"{ratio:.2f} ({min(ratios):.2f}–{max(ratios):.2f})", f"{loop.core_ms:.1f} / {served.core_ms:.1f}"]
    cells += [f"{work:.2f}", f"{len(rounds)} / {thrown}", _alike(likeness), mark(met)]
    return f"| {' | '.join(cells)} |", met


def _alike(likeness: float) -> str:
    return "identical" if likeness > 100 else f"{likeness:.1f} dB"


def _likeness(server: Server, pipeline: str, data: bytes) -> float:
    """PSNR between the server's picture and the loop's: speed is worth nothing with another result."""
    connection = client.Connection(server.port)
    status, body = connection.exchange(client.multipart(client.target("/upload", pipeline), data))
    if status != 200:
        raise RuntimeError(f"{pipeline}: {status} {bytes(body[:300])!r}")
    ours, theirs = (
        cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)
        for encoded in (bytes(body), plain.once(pipeline, data))
    )
    connection.socket.close()
    return float(cv2.PSNR(ours, theirs))
