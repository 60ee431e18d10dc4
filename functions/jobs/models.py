"""`make models`: fetch the weights of the models that are named, or say which models there are."""

import os
import sys
from collections.abc import Callable, Sequence

from core.errors import DarkroomError, nearest
from core.models.files import weights_of
from core.models.manifest import Manifest
from core.models.model import Model
from service.checks import load_settings
from service.models import setup
from service.models.weights import WeightsStore, no_progress
from service.settings import Settings, SettingsError

_WIDTH = 30


def main(arguments: Sequence[str]) -> int:
    """0 where all that was named is here now, 1 where something failed, 2 where a name or a setting is wrong."""
    try:
        settings = load_settings(os.environ)
    except SettingsError as error:
        _say(str(error))
        return 2
    known = setup.open_manifest(settings)
    store = setup.open_weights(settings, known, bar if sys.stderr.isatty() else no_progress)
    if not arguments:
        sys.stdout.write(listing(known, store))
        return 0
    names = [settings.meant(name) for name in arguments]
    if unknown := [name for name in names if name not in known.names()]:
        _say(*(_unknown(name, known) for name in unknown))
        return 2
    try:
        return max([_keep(known[name], store, settings) for name in dict.fromkeys(names)])
    except KeyboardInterrupt:
        _say("", "Stopped; what was complete is kept.")
        return 130


def _keep(model: Model, store: WeightsStore, settings: Settings) -> int:
    """Have the files of a model in the cache; 1 where that failed."""
    try:
        store.keep(model)
    except DarkroomError as error:
        _say(f"{model.name}: {error.detail}")
        return 1
    folder = settings.data_folder() / "models"
    sys.stdout.write(f"{model.name}: {human_size(_length(model))}, {model.licence}, checked; in {folder}\n")
    return 0


def listing(known: Manifest, store: WeightsStore) -> str:
    """A table of the models: name, task, size, licence, and whether their weights are here."""
    models = [known[name] for name in known.names()]
    rows = [
        (model.name, model.task, human_size(_length(model)), model.licence, _where(model, store)) for model in models
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]) for row in rows
    ]
    return "\n".join(
        [*lines, "", "make models NAMES='…' fetches those that are named (a task's name: its default).", ""]
    )


def _length(model: Model) -> int:
    return sum(file.bytes for file in model.files)


def _where(model: Model, store: WeightsStore) -> str:
    try:
        weights_of(model, store)
    except DarkroomError as error:
        return "absent" if error.code == "model_absent" else "other bytes than the manifest names"
    return "here"


def human_size(length: float) -> str:
    """A length for people: 3.7 MB."""
    return f"{length / 1e6:.1f} MB" if length >= 1e6 else f"{length / 1e3:.0f} kB"


def bar(name: str, done: int, of: int, write: Callable[[str], object] | None = None) -> None:
    """Draw how much of a file is there, over what was drawn before."""
    full = _WIDTH * done // max(of, 1)
    shown = f"\r{name[:40]} [{'#' * full}{'.' * (_WIDTH - full)}] {human_size(done)} of {human_size(of)}"
    (write or sys.stderr.write)(shown if done < of else f"\r{' ' * (len(shown) + 2)}\r")


def _unknown(name: str, known: Manifest) -> str:
    guess = nearest(name, known.names())
    return f"There is no model «{name}».{f' Did you mean «{guess}»?' if guess else ''}"


def _say(*lines: str) -> None:
    sys.stderr.write("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
