"""Warm detection: answers over HTTP against benchmark_app and a plain decode, in interleaved rounds."""

import re
import statistics
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench import client
from bench.marks import mark
from bench.server import Server
from bench.sight_tools import NETWORK, ROAD, ROUNDS, answered, say, script, sighted

TARGET = 0.85


def warm() -> tuple[str, bool]:
    """The part's text, and whether its targets are met."""
    data = ROAD.read_bytes()
    request = client.raw(client.target("/v1/process", "detect:model=yolox_nano"), data)
    ratios, times, floors = [], [], []
    with sighted(1) as server:
        answered(server, [request] * 20)
        for _ in range(ROUNDS):
            decoding = (script(_DECODING, str(ROAD), how) for how in ("plain", "kept"))
            parts = Floor(_benchmark_app(), *decoding)
            took = answered(server, [request] * 150)
            floors.append(parts)
            times += took
            median = statistics.median(took)
            ratios.append(((parts.network + parts.decoding) / median, (parts.network + parts.kept) / median))
            say(f"detect: {' + '.join(f'{part * 1e3:.1f}' for part in parts)}, answered in {median * 1e3:.1f} ms")
        together = _together(server, request)
    with sighted(1, DARKROOM_MODEL_HINT="throughput") as server:
        answered(server, [request] * 20)
        throughput = _together(server, request)
    p50, p99 = (float(np.percentile(times, share)) for share in (50, 99))
    plain, kept = zip(*ratios, strict=True)
    floor = Floor(*(statistics.median(part) * 1e3 for part in zip(*floors, strict=True)))
    met = (statistics.median(plain) >= TARGET, p99 <= 2 * p50)
    return _WARM.format(
        floor=floor, p50=p50 * 1e3, p99=p99 * 1e3, plain=_spread(plain), kept=_spread(kept), target=TARGET,
        tail=p99 / p50, met=mark(met[0]), flat=mark(met[1]), together=together, throughput=throughput,
    ), all(met)  # fmt: skip


class Floor(NamedTuple):
    """Seconds of the network, of decoding, and of decoding into memory that the process has kept."""

    network: float
    decoding: float
    kept: float


def _spread(ratios: tuple[float, ...]) -> str:
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"


_WARM = """### Warm detection

`detect:model=yolox_nano` over HTTP, a JPEG of 960×638 without a profile in, JSON out, one worker. The floor is the
median latency of OpenVINO's own `benchmark_app -hint latency -infer_precision f32` and the median of decoding it in a
script, each in a process of its own.

| | |
|---|---|
| floor: network + decoding, ms | {floor.network:.1f} + {floor.decoding:.1f} |
| one client, p50 / p99, ms | {p50:.1f} / {p99:.1f} |
| floor / p50 (target ≥ {target}) | {plain} {met} |
| the same, decoding into memory that the script has kept, as we do: {floor.kept:.1f} ms | {kept} |
| p99 / p50 (target ≤ 2) | {tail:.2f} {flat} |
| 4 clients, hint latency, answers/s | {together:.1f} |
| 4 clients, hint throughput, answers/s | {throughput:.1f} |
"""


def _together(server: Server, request: bytes) -> float:
    answers, seconds = client.load(server.port, [request], 4, 4.0)
    return answers / seconds


def _benchmark_app() -> float:
    """Median seconds of one inference, as OpenVINO's own tool measures it."""
    command = [
        str(Path(sys.executable).parent / "benchmark_app"), "-m", str(NETWORK), "-d", "CPU", "-hint", "latency",
        "-infer_precision", "f32", "-t", "2",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.search(r"Median:\s+([\d.]+) ms", done.stdout)
    if not found:
        raise RuntimeError(done.stdout[-500:])
    return float(found[1]) / 1e3


_DECODING = """
import statistics, sys, time
from pathlib import Path
import simplejpeg
if sys.argv[2] == "kept":
    from functions.server import memory
    memory.configure_malloc()
data, took = Path(sys.argv[1]).read_bytes(), []
for _ in range(60):
    began = time.perf_counter()
    simplejpeg.decode_jpeg(data, "BGR")
    took.append(time.perf_counter() - began)
print(statistics.median(took))
"""
