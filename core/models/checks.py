"""Validation of the manifest's tables. Every problem is reported, not only the first."""

import re
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from core.errors import meant, nearest
from core.models.labels import shipped_labels, shipped_lists
from core.models.model import Input, Model, Task, WeightsFile

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_URL = re.compile(r"https://[^/@\s]+/\S+\Z|file:///\S+\Z|http://(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?/\S+\Z")
_LARGEST = 1e6
"""Of `mean` and `scale`, which are of pixels from 0 to 255."""
_DIGITS = {"sha256": 64, "sha384": 96}
_NETWORKS = (".xml", ".onnx", ".tflite")
_ELSEWHERE = {
    "pt": "PyTorch's", "pth": "PyTorch's", "ckpt": "a checkpoint of a training", "safetensors": "weights only",
    "engine": "TensorRT's, of one GPU", "trt": "TensorRT's, of one GPU", "pb": "TensorFlow's", "h5": "Keras's",
    "keras": "Keras's", "mlmodel": "Core ML's", "param": "ncnn's", "bin": "weights only, whose .xml stands first",
}  # fmt: skip
"""Endings of networks that OpenVINO does not read, and whose they are."""
_DECODERS = {
    "segment": {"argmax", "deeplab"},
    "classify": {"softmax"},
    "attributes": {"heads"},
}
"""Decoders of the tasks other than detection; every other decoder returns objects."""
_LAID_OUT = {
    "yolov7": "yolo_v5", "yolov9": "yolo_v8", "yolo11": "yolo_v8", "yolov11": "yolo_v8", "yolo12": "yolo_v8",
    "yolov10": "yolo_end2end",
}  # fmt: skip
"""Networks that have no decoder of their name, and the one of their layout."""
RAW = "raw"
"""The decoder that fits any network, since it decodes nothing."""


def fits_task(decoder: str, task: Task) -> bool:
    """Whether what a decoder returns is what the task is about."""
    if decoder == RAW:
        return True
    own = _DECODERS.get(task)
    return decoder in own if own is not None else not any(decoder in others for others in _DECODERS.values())


def read_tables(tables: Mapping[str, Any]) -> tuple[list[Model], list[str]]:
    """The models of a manifest's tables, and every problem found; no models if there are any."""
    models: list[Model] = []
    problems: list[str] = []
    for name, table in tables.items():
        wrong = list(_table_problems(name, table))
        if not wrong:
            model = msgspec.convert({**table, "name": name}, Model)
            wrong = [f"[{name}] {problem}" for problem in _consistency_problems(model)]
            models.append(model)
        problems += wrong
    return ([] if problems else models), problems


def _table_problems(name: str, table: Any) -> Iterator[str]:
    """What is wrong with the form of a table."""
    if not _NAME.match(name):
        yield f"[{name}] is not a valid name: use lower-case letters, digits, _ . and -"
    if isinstance(table, dict) and table and all(isinstance(value, dict) for value in table.values()):
        whole = f"{name}.{next(iter(table))}"
        yield f'[{name}] holds tables only: a name with a dot stands in quotes, ["{whole}"]'
        return
    if isinstance(table, dict) and "name" in table:
        yield f'[{name}] must not have a "name": the table\'s own name is used'
    if not _fits(name, table):
        yield from (f"[{name}] {problem}" for problem in _type_problems(Model, table, ""))


def _fits(name: str, table: Any) -> bool:
    """Whether a table has the form of a model: a quick test, whereas naming each problem reads all annotations."""
    try:
        msgspec.convert({**table, "name": name}, Model)
    except (msgspec.ValidationError, TypeError):
        return False
    return True


def _type_problems(kind: Any, value: Any, where: str) -> Iterator[str]:
    """Every way in which a value does not fit a type; structs and tuples are checked recursively."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield from _struct_problems(kind, value, where)
    elif get_origin(kind) is tuple and get_args(kind)[-1] is Ellipsis and isinstance(value, list):
        for number, item in enumerate(value):
            yield from _type_problems(get_args(kind)[0], item, f"{where}[{number}]")
    else:
        try:
            msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            yield f'"{where}": {str(error).partition(" - at")[0]}{_advice(kind, value)}'


def _advice(kind: Any, value: Any) -> str:
    """What to write in the place of a value of another kind: one of the words, or a list."""
    if get_origin(kind) is Annotated:
        return _advice(get_args(kind)[0], value)
    if get_origin(kind) in {Union, UnionType}:
        return next((told for part in get_args(kind) if (told := _advice(part, value))), "")
    if get_origin(kind) is Literal:
        return f": use {', '.join(get_args(kind))}"
    if get_origin(kind) is tuple and not isinstance(value, list | dict):
        item, *rest = get_args(kind)
        if rest != [...]:
            return ": write [width, height]"
        if isinstance(item, type) and issubclass(item, msgspec.Struct):
            return ": write a list of tables"
        return f": write a list, [{value}]" if isinstance(value, int | float) else ": write a list"
    return ""


def _struct_problems(kind: type[msgspec.Struct], value: Any, where: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f'"{where}" must be a table' if where else "must be a table, in single brackets"
        return
    hints = get_type_hints(kind, include_extras=True)
    dot = f"{where}." if where else ""
    for field in msgspec.structs.fields(kind):
        if field.name in value:
            yield from _type_problems(hints[field.name], value[field.name], f"{dot}{field.name}")
        elif field.required:
            yield f'"{dot}{field.name}" is missing'
    for name in value.keys() - set(kind.__struct_fields__):
        guess = nearest(name, kind.__struct_fields__)
        known = ", ".join(known for known in kind.__struct_fields__ if (dot, known) != ("", "name"))
        yield f'"{dot}{name}" is unknown.' + (meant(guess) if guess else f" There are {known}.")


def _consistency_problems(model: Model) -> Iterator[str]:
    """Problems that no single field shows."""
    yield from _decoder_problems(model)
    yield from _label_problems(model)
    if model.takes_tensors and model.decoder != RAW:
        yield '"input" is missing'
    if model.cost_at and not model.takes_tensors:
        yield '"cost_at" is of networks that take tensors, without "input"'
    yield from _input_problems(model.input)
    for number, files in enumerate(model.sets):
        where = f"copies[{number - 1}]" if number else "files"
        if len(files) != len(model.files):
            yield f'"{where}" has {len(files)} files, but "files" has {len(model.files)}'
        if not files or not files[0].name.endswith(_NETWORKS):
            yield f'"{where}" must begin with the network: {", ".join(_NETWORKS)}{_made_by(files)}'
        elif files[0].name.endswith(".xml") and not any(file.name.endswith(".bin") for file in files):
            yield f'"{where}" must have the weights of the .xml too, a .bin'
        for place, file in enumerate(files):
            yield from (f'"{where}[{place}]" {problem}' for problem in _file_problems(file))


def _decoder_problems(model: Model) -> Iterator[str]:
    from core.models.decoders import DECODERS  # imported late: decoders import Model

    if model.decoder not in DECODERS:
        guess = nearest(model.decoder, dict.fromkeys(DECODERS) | _LAID_OUT)
        known = [name for name in DECODERS if fits_task(name, model.task)]
        told = f"{meant(guess)} Of this task there are {', '.join(known)}."
        yield f'there is no decoder "{model.decoder}".{told}'
        return
    if not fits_task(model.decoder, model.task):
        fitting = sorted(name for name in DECODERS if fits_task(name, model.task))
        yield f'decoder "{model.decoder}" does not fit the task "{model.task}": use {", ".join(fitting)}'


def _label_problems(model: Model) -> Iterator[str]:
    if model.heads and model.decoder != "heads":
        yield '"heads" are of the decoder "heads" only'
    for name in ("outputs", "keypoints"):
        twice = [one for place, one in enumerate(getattr(model, name)) if one in getattr(model, name)[:place]]
        yield from (f'"{name}" names "{one}" twice' for one in twice)
    if isinstance(model.labels, tuple):
        empty = [place for place, label in enumerate(model.labels) if not label.strip() or _CONTROL.search(label)]
        yield from (f'"labels[{place}]" must be a name, without control characters' for place in empty[:1])
    elif model.labels not in {file.name for file in model.files} and shipped_labels(model.labels) is None:
        told = f"neither one of its files nor a shipped list: {', '.join(shipped_lists())}"
        guess = meant(nearest(model.labels, shipped_lists()))
        yield f'"labels": "{model.labels}" is {told}.{guess} Names stand in a list: ["cat", "dog"]'


def _input_problems(about: Input) -> Iterator[str]:
    for name in ("mean", "scale"):
        if len(getattr(about, name)) not in {1, 3}:
            yield f'"input.{name}" must be one number or three'
        if not all(isfinite(value) and abs(value) <= _LARGEST for value in getattr(about, name)):
            yield f'"input.{name}" must be finite, and a million at most'
    if any(0 < abs(scale) < 1 for scale in about.scale):
        yield (
            '"input.scale" divides pixels from 0 to 255 and cannot be under 1: for pixels × 1/255 write 255, and what '
            'a recipe says of pixels from 0 to 1 times 255, "input.mean" too'
        )
    if 0 in about.scale:
        yield '"input.scale" is a divisor and cannot be 0'
    if about.type != "f32" and (set(about.mean) != {0} or set(about.scale) != {1}):
        yield f'"input.type" {about.type} takes raw pixels, so "input.mean" and "input.scale" cannot be set'
    if about.dynamic and any(side % about.multiple for side in about.size):
        yield f'"input.size" must be multiples of {about.multiple}'


def _made_by(files: Sequence[WeightsFile]) -> str:
    """How what stands first in the place of a network becomes one."""
    name = files[0].name if files else ""
    ending = name.rpartition(".")[2] if "." in name else ""
    if ending in _ELSEWHERE:
        return f'; "{name}" is {_ELSEWHERE[ending]}: export the network to ONNX'
    return f', not "{name}"' if name else ""


def _file_problems(file: WeightsFile) -> Iterator[str]:
    if (file.url is None) == (file.file is None):
        yield "must have either url or file"
    if file.url is not None and not _URL.match(file.url):
        yield "url must be https, file, or http on this machine"
    if file.file is not None and (not file.name or file.file.endswith("/")):
        yield "file is a folder: name the file in it"
    if file.file is not None and "://" in file.file:
        yield 'file is an address: write it as "url"'
    if (file.sha256 is None) == (file.sha384 is None):
        yield "must have either sha256 or sha384"
    elif not re.fullmatch(f"[0-9a-f]{{{_DIGITS[file.algorithm]}}}", file.checksum):
        yield f"{file.algorithm} must be {_DIGITS[file.algorithm]} lower-case hex digits"
