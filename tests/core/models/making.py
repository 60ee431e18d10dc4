"""Small networks made on the spot, real files of them, and tables that name these."""

import hashlib
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from core.errors import ModelAbsentError
from core.limits import Deadline
from core.models import graph
from core.models.loading import RuntimeOptions
from core.models.manifest import Manifest
from core.models.model import Input, Model, WeightsFile
from core.models.prediction import Classification, DetectionOptions
from core.models.runtime import Runtime

SIDE = 8
ALL = DetectionOptions(score=0.0, iou=0.5, most=100)
LABELS = ("blue", "green", "red")


def soon() -> Deadline:
    return Deadline(60)


def sums(path: Path) -> WeightsFile:
    """The entry of a file as it is."""
    data = path.read_bytes()
    return WeightsFile(file=str(path), sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))


def at_hand(file: WeightsFile, fetch: bool = False) -> Path:
    """The plainest resolver: `file` where it lies, unchecked."""
    path = Path(str(file.file))
    if not path.is_file():
        raise ModelAbsentError(f"{file.name} is not here")
    return path


def saved(
    folder: Path, name: str, build: Callable[[Any, Any], Any], shape: tuple[int, ...] = (1, 3, SIDE, SIDE)
) -> Path:
    """A network in OpenVINO's own format; `build(ops, picture)` makes its output or outputs of the f32 picture."""
    library = graph.openvino()
    from openvino import opset13 as ops

    picture = ops.parameter(shape, np.float32, name="picture")
    picture.output(0).set_names({"picture"})
    made = build(ops, picture)
    results = []
    for place, output in enumerate(made if isinstance(made, list) else [made]):
        result = ops.result(output)
        result.output(0).set_names({f"out{place}"})
        results.append(result)
    path = folder / f"{name}.xml"
    library.save_model(library.Model(results, [picture], name), path, compress_to_fp16=False)
    return path


def means(ops: Any, picture: Any) -> Any:
    """Mean of each channel, [1, 3]: a classifier by colour."""
    return ops.reduce_mean(picture, ops.constant(np.array([2, 3])))


def planes(ops: Any, picture: Any) -> Any:
    """The channels as scores of three classes, [1, 3, H, W], through a constant that lies in the .bin."""
    return ops.multiply(picture, ops.constant(np.ones((1, 3, 1, 1), np.float32)))


def heavy(ops: Any, picture: Any) -> Any:
    """What takes some time a run: a matrix product many times over."""
    flat = ops.reshape(picture, ops.constant(np.array([1, 3 * SIDE * SIDE])), False)
    matrix = ops.constant(np.random.default_rng(1).normal(0, 0.05, (192, 4096)).astype(np.float32))
    back = ops.constant(np.random.default_rng(2).normal(0, 0.01, (4096, 4096)).astype(np.float32))
    grown = ops.matmul(flat, matrix, False, False)
    for _ in range(6):
        grown = ops.tanh(ops.matmul(grown, back, False, False))
    return ops.softmax(ops.slice(grown, *(ops.constant(np.array([n])) for n in (0, 3, 1, 1))), 1)


def a_table(path: Path, **fields: Any) -> Model:
    """The table of a saved network: classifies into three unless told otherwise."""
    about = {"name": "picture", "size": (SIDE, SIDE)} | fields.pop("input", {})
    files = [sums(path)] + ([sums(path.with_suffix(".bin"))] if path.suffix == ".xml" else [])
    given = {
        "name": path.stem, "title": "made", "task": "classify", "decoder": "softmax", "licence": "MIT", "source": "",
        "revision": "1", "memory": 1_000_000, "cost": 1, "labels": LABELS, "files": tuple(files),
    }  # fmt: skip
    return Model(**{**given, "input": Input(**about), **fields})  # type: ignore[arg-type]


def a_runtime(*models: Model, files: Any = at_hand, lend: Any = nullcontext, **options: Any) -> Runtime:
    chosen = RuntimeOptions(**{"threads": 1, "memory": 10_000_000, **options})
    return Runtime(Manifest(models), files, chosen, lend=lend)


def copied(model: Model, name: str) -> Model:
    return msgspec.structs.replace(model, name=name)


def coloured(channel: int, side: int = SIDE) -> Any:
    """A picture of one channel's colour."""
    pixels = np.zeros((side, side, 3), np.uint8)
    pixels[:, :, channel] = 200
    return pixels


def best(runtime: Runtime, model: Model, channel: int, deadline: Deadline | None = None) -> str:
    """The name of what a classifier sees in a colour."""
    seen, _ = runtime.see(model, coloured(channel), ALL, deadline or soon())
    assert isinstance(seen, Classification)
    return runtime.labels(model)[seen.classes[0]]
