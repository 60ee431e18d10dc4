"""Throughput of `/upload` and `/v1/process` against the plain loop: interleaved rounds, medians, spread."""

import itertools
import statistics
import time
from typing import NamedTuple

import cv2
import numpy as np

from bench import client, pictures, plain
from bench.server import Server, serving

CLIENTS, WORKERS = 4, 2
ROUNDS, MOST_TRIES, SECONDS = 7, 14, 3.0
STEADY = 0.15
TARGET = 0.92


class Round(NamedTuple):
    """Pictures a second in one round: the plain loop before and after, and both routes between."""

    before: float
    upload: float
    process: float
    after: float

    @property
    def plain(self) -> float:
        """The loop's mean."""
        return (self.before + self.after) / 2

    @property
    def steady(self) -> bool:
        """Whether the loop itself stayed within STEADY: else the machine was busy with something else."""
        return abs(self.before - self.after) / self.plain <= STEADY


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
within a round; the table has their median and, in brackets, the least and the greatest. Target: ≥ {target}.
PSNR is between both results. The clients used {used:.0%} of one core, which the server pays.

| pipeline | route | loop, pictures/s | server, pictures/s | ratio | kept / thrown away | PSNR | |
|---|---|---|---|---|---|---|---|
{rows}
"""


def _round(server: Server, pipeline: str, jpegs: list[bytes]) -> Round:
    upload = [client.multipart(client.target("/upload", pipeline), data) for data in jpegs]
    process = [client.raw(client.target("/v1/process", pipeline), data) for data in jpegs]
    return Round(
        plain.load(pipeline, jpegs, SECONDS),
        client.load(server.port, upload, CLIENTS, SECONDS),
        client.load(server.port, process, CLIENTS, SECONDS),
        plain.load(pipeline, jpegs, SECONDS),
    )


def _row(pipeline: str, route: str, rounds: list[Round], thrown: int, likeness: float) -> tuple[str, bool]:
    name = {"upload": "/upload", "process": "/v1/process"}[route]
    if not rounds:
        return f"| `{pipeline}` | {name} | | | | 0 / {thrown} | | ✗ no steady round |", False
    served = [getattr(one, route) for one in rounds]
    ratios = [rate / one.plain for rate, one in zip(served, rounds, strict=True)]
    ratio = statistics.median(ratios)
    loop = f"{statistics.median(one.plain for one in rounds):.1f}"
    spread = f"{ratio:.2f} ({min(ratios):.2f}–{max(ratios):.2f})"
    count, verdict = f"{len(rounds)} / {thrown}", "✓" if ratio >= TARGET else "✗"
    cells = (
        f"`{pipeline}`",
        name,
        loop,
        f"{statistics.median(served):.1f}",
        spread,
        count,
        f"{likeness:.1f} dB",
        verdict,
    )
    return f"| {' | '.join(cells)} |", ratio >= TARGET


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
