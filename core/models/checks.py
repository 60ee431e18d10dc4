"""Validation of the manifest's tables. Every problem is reported, not only the first."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from core.errors import nearest
from core.models.labels import shipped_labels, shipped_lists
from core.models.model import Input, Model, Task, WeightsFile

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}\Z")
_URL = re.compile(r"https://[^/@\s]+/\S+\Z|file:///\S+\Z|http://(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?/\S+\Z")
_DIGITS = {"sha256": 64, "sha384": 96}
_NETWORKS = (".xml", ".onnx", ".tflite")
_DECODERS = {
    "segment": {"argmax", "deeplab"},
    "classify": {"softmax"},
    "attributes": {"heads"},
}
"""Decoders of the tasks other than detection; every other decoder returns objects."""
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
            yield f'"{where}": {str(error).partition(" - at")[0]}'


def _struct_problems(kind: type[msgspec.Struct], value: Any, where: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f'"{where}" must be a table' if where else "must be a table"
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
        yield f'"{dot}{name}" is unknown.' + (f' Did you mean "{guess}"?' if guess else "")


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
            yield f'"{where}" must begin with the network: {", ".join(_NETWORKS)}'
        for place, file in enumerate(files):
            yield from (f'"{where}[{place}]" {problem}' for problem in _file_problems(file))


def _decoder_problems(model: Model) -> Iterator[str]:
    from core.models.decoders import DECODERS  # imported late: decoders import Model

    if model.decoder not in DECODERS:
        guess = nearest(model.decoder, DECODERS)
        yield f'there is no decoder "{model.decoder}".' + (f' Did you mean "{guess}"?' if guess else "")
        return
    if not fits_task(model.decoder, model.task):
        fitting = sorted(name for name in DECODERS if fits_task(name, model.task))
        yield f'decoder "{model.decoder}" does not fit the task "{model.task}": use {", ".join(fitting)}'


def _label_problems(model: Model) -> Iterator[str]:
    if isinstance(model.labels, tuple) or model.labels in {file.name for file in model.files}:
        return
    if shipped_labels(model.labels) is None:
        yield f'"labels": "{model.labels}" is neither one of its files nor a shipped list: {", ".join(shipped_lists())}'


def _input_problems(about: Input) -> Iterator[str]:
    for name in ("mean", "scale"):
        if len(getattr(about, name)) not in {1, 3}:
            yield f'"input.{name}" must be one number or three'
    if 0 in about.scale:
        yield '"input.scale" is a divisor and cannot be 0'
    if about.type != "f32" and (set(about.mean) != {0} or set(about.scale) != {1}):
        yield f'"input.type" {about.type} takes raw pixels, so "input.mean" and "input.scale" cannot be set'
    if about.dynamic and any(side % about.multiple for side in about.size):
        yield f'"input.size" must be multiples of {about.multiple}'


def _file_problems(file: WeightsFile) -> Iterator[str]:
    if (file.url is None) == (file.file is None):
        yield "must have either url or file"
    if file.url is not None and not _URL.match(file.url):
        yield "url must be https, file, or http on this machine"
    if file.file is not None and not file.name:
        yield "file has no file name"
    if (file.sha256 is None) == (file.sha384 is None):
        yield "must have either sha256 or sha384"
    elif not re.fullmatch(f"[0-9a-f]{{{_DIGITS[file.algorithm]}}}", file.checksum):
        yield f"{file.algorithm} must be {_DIGITS[file.algorithm]} lower-case hex digits"
