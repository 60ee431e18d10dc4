"""Sight: detection against its floor, compile caches, cold starts, our own share, many models in little memory."""

import re
import statistics
import tempfile
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

from bench import client
from bench.marks import mark
from bench.sight_batch import batches
from bench.sight_runs import runs
from bench.sight_tools import NETWORK, ROAD, ROUNDS, answered, say, script, sighted
from bench.sight_warm import warm

AT_HAND = (
    "yolox_nano", "mobilenet_v2", "deeplabv3", "road-segmentation-adas-0001", "face-detection-retail-0005",
    "person-detection-retail-0013", "yunet",
)  # fmt: skip
ALTERNATING = ("yolox_nano", "mobilenet_v2", "road-segmentation-adas-0001", "face-detection-retail-0005")
STEPS = {"yolox_nano": "detect", "mobilenet_v2": "classify", "road-segmentation-adas-0001": "segment",
         "face-detection-retail-0005": "faces"}  # fmt: skip
CACHE_TARGET, COLD_TARGET, SHARE_TARGET, GROWTH_TARGET = 0.5, 1.2, 0.25, 0.05


def run() -> tuple[str, bool]:
    """The section's text, and whether every target is met."""
    parts = [warm(), batches(), runs(), _caches(), _cold(), _own_share(), _many()]
    return "## Sight\n\n" + "\n".join(text for text, _ in parts), all(met for _, met in parts)


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
        met_here = mark(share <= CACHE_TARGET) if bound else ""
        rows.append(f"| `{name}` | {took.without * 1e3:.0f} | {took.kept * 1e3:.0f} | {share:.2f} {met_here} |")
        say(rows[-1])
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
        script(_LOADING, name, folder)
        pairs = [(script(_LOADING, name, ""), script(_LOADING, name, folder)) for _ in range(ROUNDS)]
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
        bare = script(_BARE, str(NETWORK))
        with sighted(1) as server:
            pairs.append((bare, answered(server, [request])[0]))
        say(f"cold: bare {bare * 1e3:.0f} ms, first answer {pairs[-1][1] * 1e3:.0f} ms")
    ratio = statistics.median(first / bare for bare, first in pairs)
    bare, first = (statistics.median(side) * 1e3 for side in zip(*pairs, strict=True))
    met = ratio <= COLD_TARGET
    return _COLD.format(bare=bare, first=first, ratio=ratio, target=COLD_TARGET, met=mark(met)), met


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
        met=mark(met),
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
    with sighted(1, DARKROOM_MODEL_MEMORY=str(budget_for_two(ALTERNATING))) as server:
        resident: list[int] = []
        pid = server.workers()[0]
        for batch in range(20):
            answered(server, list(islice(cycle(requests), 50)))
            resident.append(_resident(pid))
            say(f"alternating: {50 * (batch + 1)} requests, {resident[-1] / 2**20:.0f} MiB")
    least, most = min(resident[4:10]), max(resident[10:])
    growth = most / least - 1
    met = growth <= GROWTH_TARGET
    return _MANY.format(growth=growth, target=GROWTH_TARGET, most=most / 2**20, met=mark(met)), met


_MANY = """### Four models where two fit

1,000 alternating requests, no error; every one loads a model and lets another go. The most resident memory of the
last 500 beside the least of 300 before them: {growth:+.1%} (target ≤ {target:.0%}) {met}, {most:.0f} MiB.
"""


def _resident(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0
