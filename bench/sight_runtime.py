"""The models in the benchmark's own process: loading them, and where the time of a segmentation goes."""

import statistics
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from bench.sight_tools import MODELS
from core import codecs
from core.limits import Deadline, Limits
from core.models.loading import RuntimeOptions
from core.models.runtime import Runtime
from core.output import Output
from core.pipeline import Pipeline
from core.process import process
from core.run import Context
from service.models import setup
from service.results import to_json
from service.settings import Settings
from service.timing import Timings

ROAD = "road-segmentation-adas-0001"


def runtime(data: Path | None = None) -> Runtime:
    """A runtime that finds the shared weights; `data` keeps compiled networks, None (a place that cannot be) none."""
    settings = Settings(models_from=str(MODELS), data=str(data or "/dev/null/none"))
    return setup.open_runtime(settings, setup.open_manifest(settings))


def one_thread() -> Runtime:
    """A runtime whose networks run in one thread each, and are compiled anew."""
    settings = Settings(models_from=str(MODELS), data="/dev/null/none")
    known = setup.open_manifest(settings)
    return Runtime(known, setup.open_weights(settings, known), RuntimeOptions(threads=1))


def budget_for_two(names: Iterable[str]) -> int:
    """Bytes that hold any two of these models and no three."""
    known = setup.open_manifest(Settings())
    sizes = sorted(known[name].memory for name in names)
    return max(sizes[-1] + sizes[-2], min(sum(sizes[:3]) - 1, sizes[-1] + sizes[-2]))


class Shares(NamedTuple):
    """Median seconds of one segmentation: the network's, ours, the codecs'."""

    network: float
    own: float
    codecs: float


def shares(data: bytes, width: int, height: int, times: int) -> Shares:
    """Segment a JPEG scaled to a size: all that is neither network, nor decoding, nor encoding is ours."""
    jpeg = _sized(data, width, height)
    models, limits = runtime(), Limits()
    outputs = [Output(pipeline=Pipeline.parse(f"segment:model={ROAD}"), format="png", image=False)]
    models.load(ROAD, Deadline(60), fetch=False)
    parts: list[Shares] = []
    for _ in range(times):
        timings, before = Timings(), _seconds(models)
        began = time.perf_counter()
        context = Context(limits, Deadline(60), probe=timings, models=models)
        result = next(process(jpeg, codecs.probe(jpeg, limits), outputs, context))
        to_json(result.findings())
        whole, network = time.perf_counter() - began, _seconds(models) - before
        parts.append(Shares(network, whole - network - timings.seconds["decode"], timings.seconds["decode"]))
    return Shares(*(statistics.median(part) for part in zip(*parts[5:], strict=True)))


def _seconds(models: Runtime) -> float:
    """Seconds that the network has run so far."""
    state = models.state(ROAD)
    return (state.latency_ms or 0.0) * state.runs / 1e3


def _sized(data: bytes, width: int, height: int) -> bytes:
    pixels: Any = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return bytes(cv2.imencode(".jpg", cv2.resize(pixels, (width, height)), [cv2.IMWRITE_JPEG_QUALITY, 90])[1])
