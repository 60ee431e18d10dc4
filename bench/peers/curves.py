"""How steady our memory is, and two workers beside two plain loops."""

import statistics

import cv2
import psutil

from bench import client, pictures, plain
from bench.marks import mark
from bench.server import serving

LOOPS_TARGET, GROWTH_TARGET = 0.95, 0.03
_SETTLED = 0.1
"""The share of all requests after which the memory is first read."""
_MIXED = ("resize:120", "blur:5", "sepia/sharpen", "rotate:30", "grayscale")


def measured(rounds: int, seconds: float, requests: int) -> str:
    """The section's text."""
    loops = _loops(rounds, seconds)
    return _TEXT.format(loops=loops, target=LOOPS_TARGET, steady=_steady(requests))


_TEXT = """
### Our own curves

Two workers beside two plain loops of OpenCV without HTTP, in turn; target ≥ {target}:

| | loops, 1/s | workers, 1/s | ratio | core-ms: loop / worker | ratio | |
|---|---|---|---|---|---|---|
{loops}

{steady}
"""


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
