"""What runs a network many times, `attributes` and `tiles`, beside so many bare runs: CPU, in the benchmark's process.

Networks run in one thread: a second one waits awake for the next run, and counts for what comes between.
"""

import hashlib
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bench import pictures
from bench.marks import mark
from bench.sight_runtime import one_thread
from bench.sight_tools import say
from core.findings.findings import Findings, Object
from core.findings.region import Region
from core.language.values import Tiles
from core.limits import Deadline
from core.models import graph
from core.models.fit import fitted, fitted_rows
from core.models.loading import RuntimeOptions
from core.models.manifest import Manifest
from core.models.model import Head, Input, Model, WeightsFile
from core.models.runtime import Runtime
from core.models.scaled import scaled_for
from core.models.tiles import windows_of
from core.models.vision import VisionInput
from core.picture import Origin, Picture, Pixels, Size

OBJECTS, ROUNDS = 20, 25
ATTRIBUTES_TARGET, TILES_TARGET = 1.15, 1.1
_WIDTHS = (12, 48, 96, 128)
"""Channels of the made networks: from a tenth of a millisecond a run to some."""
_LEAST_MS = 0.3
"""Networks quicker than that have no target: our own work an object is some hundredths of a millisecond."""


class Both(NamedTuple):
    """Milliseconds of a core: so many bare runs of the network, the step, and of that cutting out and scaling alone."""

    bare: float
    step: float
    shown: float

    @property
    def ratio(self) -> float:
        """Step / bare."""
        return self.step / self.bare


def runs() -> tuple[str, bool]:
    """The part's text, and whether its targets are met."""
    rows, met = [], True
    with tempfile.TemporaryDirectory() as folder:
        for name, models, model in _described(Path(folder)):
            both = _attributes(models, model)
            bound = both.bare / OBJECTS >= _LEAST_MS
            met = met and (not bound or both.ratio <= ATTRIBUTES_TARGET)
            rows.append(_row(f"`attributes:{name}` of {OBJECTS} objects", both, ATTRIBUTES_TARGET if bound else 0))
    models = one_thread()
    for name, bound in (("yolox_nano", True), ("shapes", False)):
        count, both = _tiles(models, models.find(None, name), Tiles(0))
        met = met and (not bound or both.ratio <= TILES_TARGET)
        rows.append(_row(f"`detect:{name},tiles=auto`, {count} runs", both, TILES_TARGET if bound else 0))
    return _TEXT.format(attributes=ATTRIBUTES_TARGET, least=_LEAST_MS, tiles=TILES_TARGET, rows="\n".join(rows)), met


def _row(name: str, both: Both, target: float) -> str:
    met = f" {mark(both.ratio <= target)}" if target else ""
    row = f"| {name} | {both.bare:.2f} | {both.step:.2f} | {both.shown:.2f} | {both.ratio:.2f}{met} |"
    say(row)
    return row


_TEXT = """### A network that runs many times

Milliseconds of a core in the benchmark's process, medians of interleaved rounds: so many bare runs of the network on
inputs that are ready, the step from pixels to findings, and the part of it that no network does without: what is shown
is cut out and scaled. Targets: attributes ≤ {attributes} for networks of {least:g} ms and more, tiles (of 4000×3000)
≤ {tiles}; `shapes` scales by means of areas, which takes half as long as its runs. A quick network looks at up to 16
objects in one run, so that bare runs of one object each are no lower bound; but between other work its runs take up to
a tenth longer than one after the other (the likely cause, not proven: caches that hold something else).

| | bare runs, ms | the step, ms | cut out and scaled, ms | ratio |
|---|---|---|---|---|
{rows}
"""


def _compared(*parts: Callable[[], object]) -> Both:
    found: list[list[float]] = []
    for _ in range(ROUNDS):
        took = []
        for run in parts:
            before = time.process_time()
            run()
            took.append((time.process_time() - before) * 1e3)
        found.append(took)
    return Both(*(statistics.median(side) for side in zip(*found[3:], strict=True)))


def _bare(models: Runtime, model: Model, images: list[Pixels]) -> Callable[[], None]:
    """Runs the network on each image, and reads nothing of what it gives."""
    with models._network(model, Deadline(60)) as network:  # noqa: SLF001 - what is measured lies below the runtime
        request = network.alone._free.queue[0]  # noqa: SLF001
    tensors = [graph.openvino().Tensor(image, shared_memory=True) for image in images]

    def run() -> None:
        for tensor in tensors:
            request.set_input_tensor(tensor)
            request.infer(share_outputs=True)

    return run


def _seen(models: Runtime, model: Model, pixels: Pixels, findings: Findings) -> VisionInput:
    height, width, channels = pixels.shape
    origin = Origin(format="png", size=Size(width, height), channels=channels)
    picture = Picture(pixels=pixels, origin=origin, findings=findings)
    return VisionInput(picture, model, models.labels(model) if model.labels else (), models, Deadline(600))


# --- attributes ----------------------------------------------------------------------------------------------------


def _attributes(models: Runtime, model: Model) -> Both:
    pixels = pictures.sized(pictures.sources()[0], 2.0)
    boxes = [(60 * n, 20 + 40 * n, 60 * n + 90 + 3 * n, 130 + 40 * n) for n in range(OBJECTS)]
    objects = tuple(Object(label="x", index=0, score=0.9, region=Region.box(*box), model="x") for box in boxes)
    view = _seen(models, model, pixels, Findings(objects=objects))
    view.described((), 0.0, OBJECTS)
    crops = [pixels[top:bottom, left:right] for left, top, right, bottom in boxes]
    bare = _bare(models, model, [fitted(crop, model.input)[0][np.newaxis] for crop in crops])
    shown = partial(fitted_rows, crops, model.input)
    return _compared(bare, lambda: view.described((), 0.0, OBJECTS), shown)


def _described(folder: Path) -> list[tuple[str, Runtime, Model]]:
    """The network that ships, and made ones of several sizes."""
    shipped = one_thread()
    found = [("shape_style", shipped, shipped.find(None, "shape_style"))]
    for width in _WIDTHS:
        model = _made(folder, width)
        options = RuntimeOptions(memory=10**9)
        found.append((model.name, Runtime(Manifest([model]), lambda file, _: Path(str(file.file)), options), model))
    return found


def _made(folder: Path, width: int) -> Model:
    """A network of five convolutions that tells a number and one of three labels."""
    library = graph.openvino()
    from openvino import opset13 as ops

    random, pads = np.random.default_rng(width), np.array([1, 1])
    picture = ops.parameter((1, 3, 64, 64), np.float32, name="picture")
    picture.output(0).set_names({"picture"})
    layer, channels = picture, 3
    for stride in (2, 1, 2, 1, 1):
        kernel = random.normal(0, (9 * channels) ** -0.5, (width, channels, 3, 3)).astype(np.float32)
        strides, ones = np.array([stride, stride]), np.array([1, 1])
        layer = ops.relu(ops.convolution(layer, ops.constant(kernel), strides, pads, pads, ones))
        channels = width
    pooled = ops.reduce_mean(layer, ops.constant(np.array([2, 3])))
    outputs = []
    for place, count in enumerate((1, 3)):
        matrix = ops.constant(random.normal(0, 0.01, (width, count)).astype(np.float32))
        outputs.append(ops.result(ops.matmul(pooled, matrix, False, False)))
        outputs[-1].output(0).set_names({f"out{place}"})
    path = folder / f"made_{width}.xml"
    library.save_model(library.Model(outputs, [picture], path.stem), path, compress_to_fp16=False)
    heads: Any = (Head(name="age"), Head(name="mood", labels=("calm", "glad", "sad")))
    return Model(
        name=path.stem, title="", task="attributes", decoder="heads", licence="", source="", revision="1",
        files=(_file(path), _file(path.with_suffix(".bin"))), memory=10**8, cost=1,
        input=Input(name="picture", size=(64, 64)), heads=heads,
    )  # fmt: skip


def _file(path: Path) -> WeightsFile:
    data = path.read_bytes()
    return WeightsFile(file=str(path), bytes=len(data), sha256=hashlib.sha256(data).hexdigest())


# --- tiles ---------------------------------------------------------------------------------------------------------


def _tiles(models: Runtime, model: Model, tiles: Tiles) -> tuple[int, Both]:
    pixels = pictures.sized(pictures.sources()[0], 12.0)
    view = _seen(models, model, pixels, Findings())
    wanted = view.wanted(None, None, 100)
    view.see(wanted, tiles)
    windows = windows_of(tiles, view.picture.size, model.input)
    parts = [pixels[window.top : window.bottom, window.left : window.right] for window in windows]
    bare = _bare(models, model, [fitted(part, model.input)[0][np.newaxis] for part in parts])

    def shown() -> None:
        scaled = scaled_for(pixels, windows[-1].size, model.input)
        for window in windows:
            part = pixels if scaled is None or window.size == view.picture.size else scaled.cut(window)[0]
            fitted(part, model.input)

    return len(windows), _compared(bare, lambda: view.see(wanted, tiles), shown)
