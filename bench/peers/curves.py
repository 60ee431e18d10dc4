"""How our own cost grows, how steady our memory is, and two workers beside two plain loops."""

import statistics
from typing import NamedTuple

import cv2
import numpy as np
import psutil

from bench import client, pictures, plain
from bench.compare import core_ms
from bench.marks import mark
from bench.server import Server, serving

MEGAPIXELS = (0.5, 1, 2, 4, 8, 12)
STEPS = (1, 2, 4, 6, 8)
_STEP = "blur:15"
LOOPS_TARGET, GROWTH_TARGET = 0.95, 0.03
_SETTLED = 0.1
"""The share of all requests after which the memory is first read."""
_MIXED = ("resize:120", "blur:5", "sepia/sharpen", "rotate:30", "grayscale")


class Line(NamedTuple):
    """A straight line through measured points: milliseconds a unit, those of none, and the worst residual's share."""

    slope: float
    start: float
    worst: float


def line(units: tuple[float, ...], took: list[float]) -> Line:
    """Least squares of the relative errors, so that small ones count as much as large ones."""
    slope, start = np.polyfit(units, took, 1, w=1 / np.asarray(took))
    fitted = slope * np.asarray(units) + start
    return Line(float(slope), float(start), float(np.abs(np.asarray(took) / fitted - 1).max()))


def measured(rounds: int, seconds: float, requests: int) -> str:
    """The section's text."""
    loops = _loops(rounds, seconds)
    with serving(1, DARKROOM_METRICS="false") as server:
        photograph = pictures.sources()[0]
        by_size = [
            client.raw(client.target("/v1/process", _STEP), pictures.jpeg(photograph, one)) for one in MEGAPIXELS
        ]
        two = pictures.jpeg(photograph, 2.0)
        by_steps = [client.raw(client.target("/v1/process", "/".join([_STEP] * many)), two) for many in STEPS]
        size = _line(server, MEGAPIXELS, by_size, rounds)
        steps = _line(server, STEPS, by_steps, rounds)
    return _TEXT.format(
        step=_STEP, rounds=rounds, size=size, steps=steps, most=MEGAPIXELS[-1], many=STEPS[-1], loops=loops,
        target=LOOPS_TARGET, steady=_steady(requests),
    )  # fmt: skip


_TEXT = """
### Our own curves

Core-milliseconds of a request, medians of {rounds} interleaved rounds, and the straight line through them.

| | a unit | of none | worst residual |
|---|---|---|---|
| `{step}`, megapixels to {most} | {size.slope:.2f} ms | {size.start:.2f} ms | {size.worst:.1%} |
| `{step}` at 2 megapixels, steps to {many} | {steps.slope:.2f} ms | {steps.start:.2f} ms | {steps.worst:.1%} |

Two workers beside two plain loops of OpenCV without HTTP, in turn; target ≥ {target}:

| | loops, 1/s | workers, 1/s | ratio | core-ms: loop / worker | ratio | |
|---|---|---|---|---|---|---|
{loops}

{steady}
"""


def _line(server: Server, units: tuple[float, ...], requests: list[bytes], rounds: int) -> Line:
    for request in requests:
        core_ms(server, request, 2)
    took = [[core_ms(server, one, max(4, int(40 / unit))) for one, unit in zip(requests, units, strict=True)]
            for _ in range(rounds)]  # fmt: skip
    return line(units, [statistics.median(each) for each in zip(*took, strict=True)])


def _loops(rounds: int, seconds: float) -> str:
    cv2.setNumThreads(1)  # threads of OpenCV would be copied by the fork, and hang there
    jpegs, rows = [pictures.jpeg(pictures.sources()[0], 2.0)], []
    with serving(plain.PROCESSES, DARKROOM_METRICS="false") as server:
        for pipeline in plain.FILTERS:
            request = client.raw(client.target("/v1/process", pipeline), jpegs[0])
            client.load(server.port, [request], 4, 0.5)
            pairs = []
            for _ in range(rounds):
                loop, used = plain.load(pipeline, jpegs, seconds), server.core_seconds()
                answers, took = client.load(server.port, [request], 4, seconds)
                ours = plain.Rate(answers / took, (server.core_seconds() - used) / answers * 1e3)
                pairs.append((loop, ours))
            rows.append(_beside(pipeline, pairs))
    return "\n".join(rows)


def _beside(pipeline: str, pairs: list[tuple[plain.Rate, plain.Rate]]) -> str:
    rate = statistics.median(ours.per_second / loop.per_second for loop, ours in pairs)
    core = statistics.median(loop.core_ms / ours.core_ms for loop, ours in pairs)
    loop, ours = (
        [statistics.median(values) for values in zip(*side, strict=True)] for side in zip(*pairs, strict=True)
    )
    return (f"| `{pipeline}` | {loop[0]:.1f} | {ours[0]:.1f} | {rate:.2f} | {loop[1]:.1f} / {ours[1]:.1f} | {core:.2f} "
            f"| {mark(rate >= LOOPS_TARGET)} |")  # fmt: skip


def _steady(requests: int) -> str:
    """PSS of two workers after a tenth of the requests and after all of them."""
    small = pictures.jpeg(pictures.sources()[0], 0.03)
    mixed = [client.raw(client.target("/v1/process", one), small) for one in _MIXED]
    sizes, done = [], 0
    with serving(plain.PROCESSES, DARKROOM_METRICS="false") as server:
        for goal in (requests * _SETTLED, requests):
            while done < goal:
                done += client.load(server.port, mixed, 4, 1.0)[0]
            sizes.append(sum(psutil.Process(pid).memory_full_info().pss for pid in server.workers()))
            print(f"PSS after {done} requests: {sizes[-1] / 2**20:.1f} MiB", flush=True)
    first, last = sizes
    growth = last / first - 1
    return (f"PSS of two workers: {first / 2**20:.1f} MiB after {requests * _SETTLED:,.0f} requests, "
            f"{last / 2**20:.1f} MiB after {done:,}: {growth:+.1%} {mark(growth <= GROWTH_TARGET)} "
            f"(target ≤ {GROWTH_TARGET:.0%}).")  # fmt: skip
