"""The manifest: what is known of each model. A model of a known task is one table of `models.toml` and no code."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from core.models.labels import read_names, shipped_labels
from core.models.model import Model, Task, WeightsFile


class ManifestError(ValueError):
    """Every problem of the manifest at once."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("The model manifest is invalid:\n" + "\n".join(f"  {problem}" for problem in problems))
        self.problems = list(problems)


class Manifest(Mapping[str, Model]):
    """The models by their names, in the order of the manifest.

    `own` names the operator's models, and `replaced` those of them that replace a shipped one of the same name.
    """

    def __init__(
        self, models: Iterable[Model], own: frozenset[str] = frozenset(), replaced: frozenset[str] = frozenset()
    ) -> None:
        self._models = {model.name: model for model in models}
        self.own = own
        self.replaced = replaced

    @classmethod
    def read(cls, *sources: tuple[str, Path]) -> "Manifest":
        """The tables of TOML texts, each with the folder that its `file`s are relative to.

        The first text is the shipped manifest; the others are the operator's, whose tables replace shipped ones of the
        same name. ManifestError names everything that is wrong, such as a name that is twice in one text.
        """
        from core.models.checks import read_tables

        texts: list[dict[str, Model]] = []
        problems: list[str] = []
        for text, folder in sources:
            found, wrong = read_tables(_tables(text, problems))
            texts.append({model.name: _complete(model, folder) for model in found})
            problems += wrong
        if problems:
            raise ManifestError(problems)
        shipped, own = texts[0], {name: model for models in texts[1:] for name, model in models.items()}
        return cls((shipped | own).values(), frozenset(own), frozenset(shipped.keys() & own.keys()))

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
        problems.append(f"not valid TOML: {error}")
        return {}


def _complete(model: Model, folder: Path) -> Model:
    """A table with absolute paths, and with the name of a shipped list of labels replaced by the list."""
    sets = [tuple(_placed(file, folder) for file in files) for files in model.sets]
    labels = shipped_labels(model.labels) if isinstance(model.labels, str) else model.labels
    return msgspec.structs.replace(
        model, files=sets[0], copies=tuple(sets[1:]), labels=model.labels if labels is None else labels
    )


def _placed(file: WeightsFile, folder: Path) -> WeightsFile:
    return file if file.file is None else msgspec.structs.replace(file, file=str(folder / file.file))


def declared_labels(model: Model, paths: Sequence[Path]) -> tuple[str, ...]:
    """Names of the model's classes; `paths` are its files on this machine, in the order of their set.

    Without a list in the table they are the `names` in an ONNX file, if it has them, else none.
    """
    if isinstance(model.labels, tuple):
        return model.labels or (read_names(paths[0]) if paths else ())
    number = next(number for number, file in enumerate(model.files) if file.name == model.labels)
    return tuple(line for line in paths[number].read_text("utf-8-sig").splitlines() if line.strip())
