"""The manifest: what we know of each model. A model of a known task is one table of `models.toml` and no code."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from core.models.labels import read_names, shipped_labels
from core.models.model import Model, Task, WeightsFile


class ManifestError(ValueError):
    """What is wrong with the manifest, all of it at once."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("The manifest of models is wrong:\n" + "\n".join(f"  {problem}" for problem in problems))
        self.problems = list(problems)


class Manifest(Mapping[str, Model]):
    """The models by their names, in the order of the manifest."""

    def __init__(self, models: Iterable[Model]) -> None:
        self._models = {model.name: model for model in models}

    @classmethod
    def read(cls, *sources: tuple[str, Path]) -> "Manifest":
        """The tables of TOML texts, each with the folder that its `file`s are relative to; later tables replace.

        ManifestError names everything that is wrong.
        """
        from core.models.checks import tables_of

        models: dict[str, Model] = {}
        problems: list[str] = []
        for text, folder in sources:
            found, wrong = tables_of(_tables(text, problems))
            models |= {model.name: _complete(model, folder) for model in found}
            problems += wrong
        if problems:
            raise ManifestError(problems)
        return cls(models.values())

    def __getitem__(self, name: str) -> Model:
        return self._models[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._models)

    def __len__(self) -> int:
        return len(self._models)

    def names(self, task: Task | None = None) -> tuple[str, ...]:
        """Names of the models of a task, or of all."""
        return tuple(name for name, model in self._models.items() if task in {None, model.task})


def _tables(text: str, problems: list[str]) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problems.append(f"it is no TOML: {error}")
        return {}


def _complete(model: Model, folder: Path) -> Model:
    """A table with absolute paths, and with the names of a list of `labels/` in its place."""
    sets = [tuple(_placed(file, folder) for file in files) for files in model.sets]
    labels = shipped_labels(model.labels) if isinstance(model.labels, str) else model.labels
    return msgspec.structs.replace(
        model, files=sets[0], copies=tuple(sets[1:]), labels=model.labels if labels is None else labels
    )


def _placed(file: WeightsFile, folder: Path) -> WeightsFile:
    return file if file.file is None else msgspec.structs.replace(file, file=str(folder / file.file))


def declared_labels(model: Model, paths: Sequence[Path]) -> tuple[str, ...]:
    """Names of the model's classes; `paths` are its files as they lie here, in the order of the set they are of.

    Without a list in the table they are the `names` in an ONNX file, where it has them, else none.
    """
    if isinstance(model.labels, tuple):
        return model.labels or (read_names(paths[0]) if paths else ())
    number = next(number for number, file in enumerate(model.files) if file.name == model.labels)
    return tuple(line for line in paths[number].read_text("utf-8").splitlines() if line.strip())
