"""A first table for a network that somebody brings: what it takes, what it gives, and why that is thought."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from core.errors import ModelError, ModelMismatchError
from core.limits import Deadline
from core.models import graph
from core.models.checks import fits_task
from core.models.choice import chosen, count_of, labels_for, one_kind
from core.models.fit import fitted
from core.models.labels import read_names
from core.models.model import TASKS, Head, Input, Model, Task, WeightsFile
from core.models.network import Network, Tensors, kept_tensors
from core.models.ports import Port
from core.models.trial import Fitting, fitting, outputs_told, trial_picture
from core.picture import Pixels, Size

_USUAL = 640
"""Side of a network that takes pictures of any size."""
_BODY = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
    "right_ankle",
)  # fmt: skip
_FACE = ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")
_RANGES: Mapping[str, dict[str, Any]] = {
    "BGR from 0 to 255": {},
    "RGB from 0 to 1": {"color": "RGB", "scale": (255.0,)},
    "RGB with ImageNet's mean and deviation": {
        "color": "RGB", "mean": (123.675, 116.28, 103.53), "scale": (58.395, 57.12, 57.375)
    },
    "RGB from -1 to 1": {"color": "RGB", "mean": (127.5,), "scale": (127.5,)},
}  # fmt: skip
_ANY_SIZE = {"yunet"}
"""Decoders whose networks do best on pictures that are not enlarged."""
_PATIENCE = 600.0


class Guess(NamedTuple):
    """A table, and for each of its keys that was guessed the reason."""

    model: Model
    reasons: dict[str, str]


def guessed(path: Path, picture: Pixels | None = None) -> Guess:
    """A first table for the network in this file. With a picture its range is the one that sees it most surely.

    Errors: ModelBrokenError, ModelMismatchError where it takes no picture or no decoder fits but `raw`'s.
    """
    files = tuple(_entry(part) for part in _paths(path))
    opened = graph.ports_in(_blank(path, files), _paths(path))
    about, reasons = _input(opened.inputs)
    constants = _constants(opened.inputs, about, reasons)
    plain = msgspec.structs.replace(_blank(path, files), input=about, constants=constants)
    ranged, tensors = _ranged(plain, _paths(path), picture, reasons)
    guess = _decoded(ranged, tensors, path, reasons)
    free = any(port.name == about.name and port.shape.count(-1) > 1 for port in opened.inputs)
    return _freed(guess) if free and guess.model.decoder in _ANY_SIZE else guess


def _freed(guess: Guess) -> Guess:
    """The table of a network that takes pictures of any size: up to the guessed one, and no larger than they are."""
    about = msgspec.structs.replace(guess.model.input, dynamic=True, multiple=32)
    return guess._replace(model=msgspec.structs.replace(guess.model, input=about))


def _entry(path: Path) -> WeightsFile:
    data = path.read_bytes()
    return WeightsFile(file=path.name, bytes=len(data), sha256=hashlib.sha256(data).hexdigest())


def _paths(path: Path) -> tuple[Path, ...]:
    return (path, path.with_suffix(".bin")) if path.suffix == ".xml" else (path,)


def _blank(path: Path, files: tuple[WeightsFile, ...]) -> Model:
    """A table that says nothing yet; its memory and cost are those of small networks."""
    name = "".join(char if char.isalnum() else "_" for char in path.stem.lower()).strip("_") or "mine"
    size = sum(file.bytes for file in files)
    return Model(
        name=name[:64], title=path.stem, task="detect", decoder="raw", files=files, licence="unknown", source=path.name,
        revision="1", memory=max(20_000_000, 6 * size), cost=1, input=Input(name="", size=(1, 1)),
    )  # fmt: skip


# --- what it takes -------------------------------------------------------------------------------------------------


def _input(inputs: Sequence[Port]) -> tuple[Input, dict[str, str]]:
    """The input that is a picture."""
    for port in inputs:
        if len(port.shape) == 4 and port.kind is not None and (3 in port.shape[1:] or -1 in port.shape[1:]):
            layout = "NHWC" if port.shape[3] == 3 and port.shape[1] != 3 else "NCHW"
            height, width = port.shape[1:3] if layout == "NHWC" else port.shape[2:]
            free = "; the network takes any" if -1 in {height, width} else ""
            size = (_USUAL if width == -1 else width, _USUAL if height == -1 else height)
            about = Input(name=port.name, size=size, layout=layout, type=port.kind)  # type: ignore[arg-type]
            return about, {"input": f'"{port.name}" is {list(port.shape)}, so {layout}, {size[0]}×{size[1]}{free}'}
    shapes = ", ".join(f'"{port.name}" {list(port.shape)}' for port in inputs)
    raise ModelMismatchError(f"No input is a picture of three channels: {shapes}.")


def _constants(inputs: Sequence[Port], about: Input, reasons: dict[str, str]) -> dict[str, tuple[float, ...]]:
    """Values of the further inputs: sizes are the input's, anything else is 1."""
    made: dict[str, tuple[float, ...]] = {}
    for port in inputs:
        if port.name == about.name:
            continue
        count = int(np.prod([max(side, 1) for side in port.shape]))
        sized = count == 2 and any(word in port.name.lower() for word in ("size", "shape"))
        made[port.name] = tuple(map(float, about.size[::-1])) if sized else (1.0,) * count
        reasons["constants"] = "further inputs: a size is the input's (height, width), anything else is 1"
    return made


def _ranged(
    plain: Model, paths: tuple[Path, ...], picture: Pixels | None, reasons: dict[str, str]
) -> tuple[Model, Tensors]:
    """The table whose range of pixels makes the network surest, and what it gives then."""
    if plain.input.type != "f32":
        about = msgspec.structs.replace(plain.input, color="RGB")
        model = msgspec.structs.replace(plain, input=about)
        reasons["input.type"] = f"it takes {plain.input.type}, so pixels as they are; TensorFlow's are RGB"
        return model, _run(model, paths, picture)
    tried: dict[str, tuple[float, Model, Tensors]] = {}
    for name, fields in _RANGES.items():
        model = msgspec.structs.replace(plain, input=msgspec.structs.replace(plain.input, **fields))
        tensors = _run(model, paths, picture)
        tried[name] = (_sureness(model, tensors), model, tensors)
    best = max(tried, key=lambda name: tried[name][0]) if picture is not None else next(iter(tried))
    told = ", ".join(f"{name} {sure:.2f}" for name, (sure, _, _) in tried.items())
    reasons["input.scale"] = f"{best} sees the picture most surely ({told})" if picture is not None else (
        f"{best}, by no more than custom: hand a picture over to have ranges tried"
    )  # fmt: skip
    return tried[best][1], tried[best][2]


def _run(model: Model, paths: tuple[Path, ...], picture: Pixels | None) -> Tensors:
    network = graph.compiled(model, graph.read_network(model, paths), "CPU", graph.config("CPU", "latency", "f32", 2))
    pixels = trial_picture(model.input) if picture is None else fitted(picture, model.input)[0]
    return Network(model, network, 10.0).run(pixels[np.newaxis], Deadline(_PATIENCE), kept_tensors)[0]


def _sureness(model: Model, tensors: Tensors) -> float:
    """How sure the best of what is seen is, by the decoder that is likely; 0 where there is none."""
    try:
        fits = list(_fits(model, tensors))
        return chosen(fits, tensors, model).sure if fits else 0.0
    except ModelError:
        return 0.0


# --- what it gives -------------------------------------------------------------------------------------------------


def _fits(model: Model, tensors: Tensors) -> Iterator[Fitting]:
    yield from fitting(tensors, model, Size(*model.input.size))
    for points in {tensor.shape[1] for tensor in tensors.values() if tensor.ndim == 4} | {len(_BODY)}:
        named = msgspec.structs.replace(model, keypoints=_points(points))
        yield from (fit for fit in fitting(tensors, named, Size(*model.input.size)) if fit.decoder in _POINTED)


def _heads(tensors: Tensors) -> tuple[Head, ...]:
    """What a network of attributes tells, if it may be one: few numbers for each output."""
    few = all(one.dtype.kind == "f" and 1 <= one.size == max(one.shape, default=1) <= _FEW for one in tensors.values())
    if not few:
        return ()
    names = (re.sub("[^a-z0-9_]", "_", name.lower()) for name in tensors)
    called = (name[:32] if "a" <= name[:1] <= "z" else f"head_{name}"[:32] for name in names)
    sizes = (one.size for one in tensors.values())
    return tuple(
        Head(name=name, labels=tuple(map(str, range(size))) if size > 1 else ())
        for name, size in zip(called, sizes, strict=True)
    )


_FEW = 64
"""Most labels of one attribute."""
_POINTED = {"heatmaps", "yolo_pose"}


def _points(count: int) -> tuple[str, ...]:
    return _BODY if count == len(_BODY) else tuple(f"point{number}" for number in range(count))


def _decoded(model: Model, tensors: Tensors, path: Path, reasons: dict[str, str]) -> Guess:
    fits = [fit for fit in _fits(model, tensors) if fit.decoder not in {"raw", "heads"}]
    gives = outputs_told(tensors)
    if told := _heads(tensors) if not fits else ():
        reasons["decoder"] = f"it gives {gives}: each a number, or a score for each of few labels"
        reasons["heads"] = "what each output tells, in their order: call it, and its labels, what they are"
        return Guess(msgspec.structs.replace(model, task="attributes", decoder="heads", heads=told), reasons)
    if not fits:
        reasons["decoder"] = f"it gives {gives}, which no decoder reads: its tensors are at /v2"
        return Guess(model, reasons)
    best = chosen(fits, tensors, model)
    others = sorted({fit.decoder for fit in fits} - {best.fit.decoder})
    also = f"; {', '.join(others)} would read them too" if others else ""
    reasons["decoder"] = f"it gives {gives}: {best.reason}{also}"
    count = count_of(best.fit, tensors, model)
    labels, reasons["labels"] = labels_for(count, read_names(path), path)
    beside = path.parent / labels if isinstance(labels, str) and labels.endswith(".txt") else None
    task: Task = next(task for task in TASKS if fits_task(best.fit.decoder, task))
    if best.fit.decoder == "yunet":
        task, labels, reasons["labels"] = "faces", ("face",), "YuNet finds faces"
    elif kind := one_kind(best.fit, count, path):
        task, labels, reasons["labels"] = kind[0], (kind[1],), f"its file is called as if it found a {kind[1]} each"
    order = best.fit.outputs
    pointed = best.fit.decoder in _POINTED or best.fit.decoder == "movenet"
    first = tensors[order[0]]
    points = _points(first.shape[1] if best.fit.decoder == "heatmaps" else len(_BODY)) if pointed else ()
    points = _FACE if best.fit.decoder == "yunet" else points
    offset = -1 if best.fit.decoder in {"ssd", "ssd_scores"} else 0
    resize = "letterbox" if best.fit.decoder.startswith(("yolo", "nanodet", "yunet")) else "stretch"
    if resize == "letterbox":
        reasons["input.resize"] = "networks of this kind are trained on letterboxed pictures"
    table = msgspec.structs.replace(
        model, task=task, decoder=best.fit.decoder, labels=labels, keypoints=points, label_offset=offset,
        files=(*model.files, _entry(beside)) if beside else model.files,
        outputs=order if order != tuple(tensors) else (), input=msgspec.structs.replace(model.input, resize=resize),
    )  # fmt: skip
    return Guess(table, reasons)
