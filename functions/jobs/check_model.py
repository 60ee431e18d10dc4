"""`check FILE [PICTURE]`: a first table for a network, each guess with its reason, and what it sees in a picture."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from core import codecs
from core.errors import DarkroomError
from core.limits import Deadline, Limits
from core.models.guess import Guess, guessed
from core.models.loading import RuntimeOptions
from core.models.manifest import Manifest, declared_labels
from core.models.model import Head, Input, Model, WeightsFile
from core.models.prediction import AttributeValues, DetectionOptions, ValueOf
from core.models.runtime import Runtime
from core.models.vision import findings_of
from core.picture import Pixels, Size

_SECONDS = 600.0
_MOST = 20
_USAGE = "python -m functions.jobs.models check FILE [PICTURE]: an .onnx, .xml or .tflite, and a photograph of its kind"


def main(arguments: Sequence[str]) -> int:
    """0 if the table works, 1 if the network cannot be used, 2 if the files cannot be read."""
    if not 1 <= len(arguments) <= 2:
        sys.stderr.write(f"{_USAGE}\n")
        return 2
    path = Path(arguments[0])
    try:
        picture = _picture(Path(arguments[1])) if len(arguments) == 2 else None
        guess = guessed(path, picture)
        sys.stdout.write("".join(f"{line}\n" for line in table_lines(guess)))
        sys.stdout.write("".join(f"{line}\n" for line in _seen(guess.model, path.parent, picture)))
    except OSError as error:
        sys.stderr.write(f"{error.filename}: {error.strerror}\n")
        return 2
    except DarkroomError as error:
        sys.stderr.write(f"{error.detail}\n")
        return 1
    return 0


def _picture(path: Path) -> Pixels:
    data, limits = path.read_bytes(), Limits()
    return next(codecs.decode(data, codecs.probe(data, limits), limits=limits)).pixels


# --- the table -----------------------------------------------------------------------------------------------------


def table_lines(guess: Guess) -> Iterator[str]:
    """The table as TOML, each guess under its reason."""
    model, reasons = guess
    yield f"[{model.name}]"
    yield f"title = {_value(model.title)}"
    for name in ("task", "decoder", "outputs", "constants", "labels", "label_offset", "keypoints", "heads"):
        value = getattr(model, name)
        if name in reasons:
            yield f"# {reasons[name]}"
        if value not in ((), {}, 0):
            yield f"{name} = {_value(value)}"
    yield from _rest(model)
    for name in ("input", "input.type", "input.scale", "input.resize"):
        if name in reasons:
            yield f"# {reasons[name]}"
    yield f"input = {_input(model.input)}"
    yield f"files = [{', '.join(map(_file, model.files))}]"


def _rest(model: Model) -> Iterator[str]:
    yield "# by the size of the file; measure both once it runs"
    yield f"memory = {model.memory:_}"
    yield f"cost = {model.cost:g}"
    yield "# nothing in the file tells: write what is true"
    yield f"licence = {_value(model.licence)}"
    yield f"source = {_value(model.source)}"
    yield f"revision = {_value(model.revision)}"


def _input(about: Input) -> str:
    fields = msgspec.structs.asdict(about)
    plain = msgspec.structs.asdict(Input(name=about.name, size=about.size))
    told = {name: value for name, value in fields.items() if name in {"name", "size"} or value != plain[name]}
    return f"{{ {', '.join(f'{name} = {_value(value)}' for name, value in told.items())} }}"


def _file(file: WeightsFile) -> str:
    return f'{{ file = {_value(file.file)}, bytes = {file.bytes}, sha256 = "{file.sha256}" }}'


def _value(value: Any) -> str:
    """A value of TOML."""
    if isinstance(value, Head):
        told = {"name": value.name, "labels": value.labels, "times": value.times}
        return _value({name: one for name, one in told.items() if one not in ((), 1.0)})
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{_value(name)} = {_value(one)}' for name, one in value.items())} }}"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value, value))}]"
    return msgspec.json.encode(value).decode()  # texts and numbers are written alike


# --- what it sees --------------------------------------------------------------------------------------------------


def _seen(model: Model, folder: Path, picture: Pixels | None) -> Iterator[str]:
    """What the network sees with this table; an error where it does not load."""
    manifest = _manifest(model, folder)
    (own,) = manifest.values()
    runtime = Runtime(manifest, lambda file, _: Path(str(file.file)), RuntimeOptions(memory=own.memory, threads=2))
    runtime.load(own.name, Deadline(_SECONDS), fetch=False)
    yield ""
    yield "# It loads."
    if picture is None or own.decoder == "raw":
        return
    wanted = DetectionOptions(own.score if own.task != "classify" else 0.0, own.iou, _MOST)
    prediction, fit = runtime.see(own, picture, wanted, Deadline(_SECONDS))
    size = Size(picture.shape[1], picture.shape[0])
    labels = declared_labels(own, [Path(str(file.file)) for file in own.files])
    found = findings_of(prediction, fit, own, labels, size)
    yield f"# In the picture, {size.width}×{size.height}, it sees:"
    lines = [f"#   {one.label} {one.score:.2f}, {_place(one)}" for one in found.objects or ()]
    lines += [f"#   {one.label} {one.score:.2f}" for one in (found.labels or ())[:5]]
    if isinstance(prediction, AttributeValues):
        lines += [f"#   {one.name} {_told(one)}" for one in prediction.values]
    for segment in found.segments or ():
        lines += [f"#   {label} {share:.1%}" for label, share in segment.share().items()]
    yield from lines or ["#   nothing over the score of 0.3: try other pictures, another range or another decoder"]


def _told(value: ValueOf) -> str:
    return f"{value.number:.2f}" if value.number is not None else f"{value.label} {value.score:.2f}"


def _place(seen: Any) -> str:
    left, top, right, bottom = seen.region.bounds
    return f"{right - left:.0f}×{bottom - top:.0f} at {left:.0f}, {top:.0f}"


def _manifest(model: Model, folder: Path) -> Manifest:
    """The table as the server would read it: what is wrong with it shows here."""
    text = "\n".join(table_lines(Guess(model, {})))
    return Manifest.read(("", folder), (text, folder))
