"""Sight: detection against its floor, compile caches, cold starts, our own share, many models in little memory."""

import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench import client
from bench.pictures import PHOTOS
from bench.server import ROOT, Server, serving

MODELS = ROOT.parent / "shared" / "data" / "models"
ROAD = PHOTOS / "ovms_road1.jpg"
"""Without a colour profile: converting one takes longer than the network, and is no part of this."""
NETWORK = MODELS / "yolox" / "yolox_nano.onnx"
AT_HAND = (
    "yolox_nano", "mobilenet_v2", "deeplabv3", "road-segmentation-adas-0001", "face-detection-retail-0005",
    "person-detection-retail-0013", "yunet",
)  # fmt: skip
ALTERNATING = ("yolox_nano", "mobilenet_v2", "road-segmentation-adas-0001", "face-detection-retail-0005")
STEPS = {"yolox_nano": "detect", "mobilenet_v2": "classify", "road-segmentation-adas-0001": "segment",
         "face-detection-retail-0005": "faces"}  # fmt: skip
ROUNDS = 5
WARM_TARGET, CACHE_TARGET, COLD_TARGET, SHARE_TARGET, GROWTH_TARGET = 0.85, 0.5, 1.2, 0.25, 0.05


def run() -> tuple[str, bool]:
    """The section's text, and whether every target is met."""
    parts = [_warm(), _caches(), _cold(), _own_share(), _many()]
    return "## Sight\n\n" + "\n".join(text for text, _ in parts), all(met for _, met in parts)


def _mark(met: bool) -> str:
    return "✓" if met else "✗"


def _say(text: str) -> None:
    print(f"  {text}", flush=True)


# --- warm detection ------------------------------------------------------------------------------------------------


def _warm() -> tuple[str, bool]:
    """One client after the other against benchmark_app and a plain decode, in interleaved rounds."""
    data = ROAD.read_bytes()
    request = client.raw(client.target("/v1/process", "detect:model=yolox_nano"), data)
    ratios, times, floors = [], [], []
    with _sighted(1) as server:
        _answered(server, [request] * 20)
        for _ in range(ROUNDS):
            floor = _benchmark_app() + _decoding(data)
            took = _answered(server, [request] * 150)
            floors.append(floor)
            times += took
            ratios.append(floor / statistics.median(took))
            _say(f"detect: floor {floor * 1e3:.1f} ms, answered in {statistics.median(took) * 1e3:.1f} ms")
        together = _together(server, request)
    with _sighted(1, DARKROOM_MODEL_HINT="throughput") as server:
        _answered(server, [request] * 20)
        throughput = _together(server, request)
    p50, p99 = (float(np.percentile(times, share)) for share in (50, 99))
    ratio = statistics.median(ratios)
    met = (ratio >= WARM_TARGET, p99 <= 2 * p50)
    return _WARM.format(
        floor=statistics.median(floors) * 1e3, p50=p50 * 1e3, p99=p99 * 1e3, ratio=ratio, least=min(ratios),
        most=max(ratios), target=WARM_TARGET, tail=p99 / p50, met=_mark(met[0]), flat=_mark(met[1]),
        together=together, throughput=throughput,
    ), all(met)  # fmt: skip


_WARM = """### Warm detection

`detect:model=yolox_nano` over HTTP, a JPEG of 960×638 without a profile in, JSON out, one worker. The floor is the
median latency of OpenVINO's own `benchmark_app -hint latency -infer_precision f32` and the median of decoding it.

| | |
|---|---|
| floor, ms | {floor:.1f} |
| one client, p50 / p99, ms | {p50:.1f} / {p99:.1f} |
| floor / p50 (target ≥ {target}) | {ratio:.2f} ({least:.2f}–{most:.2f}) {met} |
| p99 / p50 (target ≤ 2) | {tail:.2f} {flat} |
| 4 clients, hint latency, answers/s | {together:.1f} |
| 4 clients, hint throughput, answers/s | {throughput:.1f} |
"""


@contextmanager
def _sighted(workers: int, **settings: str) -> Iterator[Server]:
    """A server that has the models, and keeps compiled networks in a folder of its own."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(workers, DARKROOM_MODELS_FROM=str(MODELS), DARKROOM_DATA=folder, **settings) as server,
    ):
        yield server


def _answered(server: Server, requests: list[bytes]) -> list[float]:
    """Seconds of each answer, one after the other on one connection."""
    connection = client.Connection(server.port)
    took = []
    for request in requests:
        began = time.perf_counter()
        status, body = connection.exchange(request)
        took.append(time.perf_counter() - began)
        if status != 200:
            raise RuntimeError(f"{status} {bytes(body[:300])!r}")
    connection.socket.close()
    return took


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


def _decoding(data: bytes) -> float:
    import simplejpeg

    took = []
    for _ in range(30):
        began = time.perf_counter()
        simplejpeg.decode_jpeg(data, "BGR")
        took.append(time.perf_counter() - began)
    return statistics.median(took)


# --- compile caches ------------------------------------------------------------------------------------------------

_LOADING = """
import sys, time
from pathlib import Path
from bench.sight_runtime import runtime
name, folder = sys.argv[1], sys.argv[2]
from core.models import graph
graph.core()
began = time.perf_counter()
made = runtime(Path(folder) if folder else None)
from core.limits import Deadline
made.load(name, Deadline(120), fetch=False)
print(time.perf_counter() - began)
"""


def _script(text: str, *arguments: str) -> float:
    """What a script in a process of its own prints."""
    done = subprocess.run(
        [sys.executable, "-c", text, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return float(done.stdout.split()[-1])


class Compiled(NamedTuple):
    """Seconds to load a model without and with its compiled form."""

    without: float
    kept: float


def _caches() -> tuple[str, bool]:
    rows, met = [], True
    for name in AT_HAND:
        took = _compiled(name)
        share = took.kept / took.without
        bound = name in {"yolox_nano", "mobilenet_v2"}
        met = met and (not bound or share <= CACHE_TARGET)
        mark = _mark(share <= CACHE_TARGET) if bound else ""
        rows.append(f"| `{name}` | {took.without * 1e3:.0f} | {took.kept * 1e3:.0f} | {share:.2f} {mark} |")
        _say(rows[-1])
    return _CACHES.format(target=CACHE_TARGET, rounds=ROUNDS, rows="\n".join(rows)), met


_CACHES = """### Compiled networks that are kept

Loading in a fresh process, OpenVINO imported before; medians of {rounds} interleaved rounds. Target for yolox_nano and
mobilenet_v2: ≤ {target}.

| model | compiled, ms | from the cache, ms | share |
|---|---|---|---|
{rows}
"""


def _compiled(name: str) -> Compiled:
    with tempfile.TemporaryDirectory() as folder:
        _script(_LOADING, name, folder)
        pairs = [(_script(_LOADING, name, ""), _script(_LOADING, name, folder)) for _ in range(ROUNDS)]
    return Compiled(*(statistics.median(side) for side in zip(*pairs, strict=True)))


# --- the first detection -------------------------------------------------------------------------------------------

_BARE = """
import sys, time
sys.modules["openvino_telemetry"] = None
began = time.perf_counter()
import openvino, numpy
core = openvino.Core()
network = core.compile_model(sys.argv[1], "CPU", {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"})
network(numpy.zeros((1, 3, 416, 416), numpy.float32))
print(time.perf_counter() - began)
"""


def _cold() -> tuple[str, bool]:
    request = client.raw(client.target("/v1/process", "detect:model=yolox_nano"), ROAD.read_bytes())
    pairs = []
    for _ in range(ROUNDS):
        bare = _script(_BARE, str(NETWORK))
        with _sighted(1) as server:
            pairs.append((bare, _answered(server, [request])[0]))
        _say(f"cold: bare {bare * 1e3:.0f} ms, first answer {pairs[-1][1] * 1e3:.0f} ms")
    ratio = statistics.median(first / bare for bare, first in pairs)
    bare, first = (statistics.median(side) * 1e3 for side in zip(*pairs, strict=True))
    met = ratio <= COLD_TARGET
    return _COLD.format(bare=bare, first=first, ratio=ratio, target=COLD_TARGET, met=_mark(met)), met


_COLD = """### The first detection of a process

The first `detect:model=yolox_nano` of a fresh server with an empty cache, answered in {first:.0f} ms, against import,
compile and one inference in a bare script, {bare:.0f} ms: {ratio:.2f} (target ≤ {target}) {met}.
"""


# --- our own share -------------------------------------------------------------------------------------------------


def _own_share() -> tuple[str, bool]:
    from bench.sight_runtime import shares

    found = shares(ROAD.read_bytes(), 1280, 720, 60)
    share = found.own / found.network
    met = share <= SHARE_TARGET
    return _SHARE.format(
        network=found.network * 1e3, own=found.own * 1e3, codecs=found.codecs * 1e3, share=share, target=SHARE_TARGET,
        met=_mark(met),
    ), met  # fmt: skip


_SHARE = """### What is ours in a segmentation

`segment:model=road-segmentation-adas-0001` on 1280×720, JPEG in, JSON with the share of
each class out, in the process; medians.

| | ms |
|---|---|
| the network | {network:.1f} |
| all our work outside network and codecs | {own:.1f} |
| codecs: JPEG in | {codecs:.1f} |
| ours / network (target ≤ {target}) | {share:.2f} {met} |
"""


# --- many models ---------------------------------------------------------------------------------------------------


def _many() -> tuple[str, bool]:
    """1,000 requests over four models where two fit: evicted and loaded again all the time."""
    from bench.sight_runtime import budget_for_two

    data = ROAD.read_bytes()
    requests = [client.raw(client.target("/v1/process", f"{STEPS[name]}:model={name}"), data) for name in ALTERNATING]
    with _sighted(1, DARKROOM_MODEL_MEMORY=str(budget_for_two(ALTERNATING))) as server:
        resident: list[int] = []
        pid = server.workers()[0]
        for batch in range(20):
            _answered(server, list(islice(cycle(requests), 50)))
            resident.append(_resident(pid))
            _say(f"alternating: {50 * (batch + 1)} requests, {resident[-1] / 2**20:.0f} MiB")
    least, most = min(resident[4:10]), max(resident[10:])
    growth = most / least - 1
    met = growth <= GROWTH_TARGET
    return _MANY.format(growth=growth, target=GROWTH_TARGET, most=most / 2**20, met=_mark(met)), met


_MANY = """### Four models where two fit

1,000 alternating requests, no error; every one loads a model and lets another go. The most resident memory of the
last 500 beside the least of 300 before them: {growth:+.1%} (target ≤ {target:.0%}) {met}, {most:.0f} MiB.
"""


def _resident(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0
