"""Batches: 16 clients and a network of dense layers, one picture a run and several, in interleaved rounds."""

import hashlib
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from bench import client
from bench.marks import mark
from bench.server import Server
from bench.sight_tools import ROAD, ROUNDS, answered, say, script, sighted

TARGET = 1.3
_CLIENTS, _MOST, _SECONDS, _WIDTH = 16, 16, 3.0, 2560


def batches() -> tuple[str, bool]:
    """The part's text, and whether its target is met."""
    request = client.raw(client.target("/v1/process", "classify:model=dense"), _picture())
    with tempfile.TemporaryDirectory() as folder:
        script(_MAKING, folder, str(_WIDTH))
        table = _table(Path(folder))
        with _serving(table, 1) as off, _serving(table, _MOST) as on:
            for server in (off, on):
                answered(server, [request] * 10)
            pairs = [(_loaded(off, request), _loaded(on, request)) for _ in range(ROUNDS)]
        network = script(_RUNNING, folder)
    for alone, several in pairs:
        say(f"batches: {alone.answers:.0f} answers/s of {alone.core * 1e3:.1f} ms, then {several.answers:.0f} of "
            f"{several.core * 1e3:.1f} ms")  # fmt: skip
    ratios = [several.answers / alone.answers for alone, several in pairs]
    cores = [several.core / alone.core for alone, several in pairs]
    off_, on_ = (_Load(*map(statistics.median, zip(*side, strict=True))) for side in zip(*pairs, strict=True))
    met = statistics.median(ratios) >= TARGET
    return _BATCHES.format(
        clients=_CLIENTS, most=_MOST, network=network * 1e3, off=off_, on=on_, off_core=off_.core * 1e3,
        on_core=on_.core * 1e3, spread=f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})",
        core=statistics.median(cores), target=TARGET, met=mark(met),
    ), met  # fmt: skip


_BATCHES = """### Batches of requests that wait

`classify` by a made network of three dense layers ({network:.1f} ms a run) over HTTP, {clients} clients, one worker,
`DARKROOM_QUEUE=32`; `DARKROOM_MODEL_BATCH={most}` beside 1, two servers in interleaved rounds, medians.

| | off | on | on / off |
|---|---|---|---|
| answers/s (target ≥ {target}) | {off.answers:.0f} | {on.answers:.0f} | {spread} {met} |
| the worker's CPU an answer, ms | {off_core:.2f} | {on_core:.2f} | {core:.2f} |
"""


class _Load(NamedTuple):
    """Answers a second, and seconds of one core that the server took for each."""

    answers: float
    core: float


def _loaded(server: Server, request: bytes) -> _Load:
    before = server.core_seconds()
    answers, seconds = client.load(server.port, [request], _CLIENTS, _SECONDS)
    return _Load(answers / seconds, (server.core_seconds() - before) / answers)


@contextmanager
def _serving(table: Path, most: int) -> Iterator[Server]:
    settings = {"DARKROOM_MODELS": str(table), "DARKROOM_QUEUE": "32", "DARKROOM_MODEL_BATCH": str(most)}
    with sighted(1, **settings) as server:
        yield server


def _picture() -> bytes:
    pixels = cv2.imdecode(np.frombuffer(ROAD.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise RuntimeError(f"{ROAD} cannot be decoded")
    return bytes(cv2.imencode(".jpg", cv2.resize(pixels, (224, 224)))[1])


def _table(folder: Path) -> Path:
    """The table of the made network."""
    files = [_FILE.format(name=name, bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
             for name in ("dense.xml", "dense.bin") for data in [(folder / name).read_bytes()]]  # fmt: skip
    path = folder / "models.toml"
    path.write_text(_TABLE + "".join(files))
    return path


_TABLE = """[dense]
title = "Dense layers"
task = "classify"
decoder = "softmax"
licence = "Apache-2.0"
source = "made"
revision = "1"
memory = 100_000_000
cost = 0.5
input = { name = "picture", size = [28, 28] }
"""
_FILE = """
[[dense.files]]
file = "{name}"
bytes = {bytes}
sha256 = "{sha256}"
"""
_MAKING = """
import sys
import numpy as np
from core.models import graph
library = graph.openvino()
from openvino import opset13 as ops
folder, width = sys.argv[1], int(sys.argv[2])
picture = ops.parameter((1, 3, 28, 28), np.float32, name="picture")
picture.output(0).set_names({"picture"})
layer, wide, random = ops.reshape(picture, ops.constant(np.array([0, 3 * 28 * 28])), True), 3 * 28 * 28, np.random.default_rng(1)
for columns in (width, width, 1000):
    matrix = random.normal(0, wide ** -0.5, (wide, columns)).astype(np.float32)
    layer, wide = ops.relu(ops.matmul(layer, ops.constant(matrix), False, False)), columns
network = library.Model([ops.result(ops.softmax(layer, 1))], [picture], "dense")
library.save_model(network, folder + "/dense.xml", compress_to_fp16=False)
print(0)
"""  # noqa: E501
_RUNNING = """
import statistics, sys, time
import numpy as np
from core.models import graph
from service.machine import cores
network = graph.core().read_model(sys.argv[1] + "/dense.xml")
request = graph.core().compile_model(network, "CPU", graph.config("CPU", "latency", "f32", cores())).create_infer_request()
picture, took = np.random.default_rng(0).random((1, 3, 28, 28), np.float32), []
for _ in range(60):
    began = time.perf_counter()
    request.infer({0: picture})
    took.append(time.perf_counter() - began)
print(statistics.median(took))
"""  # noqa: E501
