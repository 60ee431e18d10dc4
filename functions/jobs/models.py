"""`make models`: fetch the weights of the named models, or list all models; `check FILE` writes a table for a network.

python -m functions.jobs.models [NAME …]
python -m functions.jobs.models check FILE [PICTURE]
"""

import os
import sys
from collections.abc import Callable, Sequence

from core.errors import DarkroomError, nearest
from core.models.files import weights_of
from core.models.manifest import Manifest
from core.models.model import Model
from functions.jobs import heed_interrupts, run
from service.checks import load_settings
from service.models import setup
from service.models.weights import WeightsStore, no_progress
from service.settings import Settings, SettingsError

_WIDTH = 30
_USAGE = """python -m functions.jobs.models                        list all models
python -m functions.jobs.models NAME …                 fetch these, by name or by task: its default
python -m functions.jobs.models check FILE [PICTURE]   write a table for a network, and what it sees in a picture

Exit code 0: done, 1: one failed, 2: wrong usage or settings.
"""


def main(arguments: Sequence[str]) -> int:
    """0 if all named models are available, 1 if one failed, 2 if a name or a setting is invalid."""
    if {"-h", "--help"} & set(arguments):
        sys.stdout.write(_USAGE)
        return 0
    if options := [word for word in arguments if word.startswith("-")]:
        _print_error(f'There is no option "{options[0]}".', _USAGE.rstrip())
        return 2
    if arguments[:1] == ["check"]:
        from functions.jobs import check_model  # imports OpenVINO's side of the models

        return check_model.main(arguments[1:])
    try:
        settings = load_settings(os.environ)
    except SettingsError as error:
        _print_error(str(error))
        return 2
    known = setup.open_manifest(settings)
    store = setup.open_weights(settings, known, draw_bar if sys.stderr.isatty() else no_progress)
    if not arguments:
        sys.stdout.write(listing(known, store))
        return 0
    names = [settings.resolve_model(name) for name in arguments]
    if unknown := [name for name in names if name not in known.names()]:
        _print_error(*(_unknown(name, known) for name in unknown))
        return 2
    try:
        return max([_fetch(known[name], store, settings) for name in dict.fromkeys(names)])
    except KeyboardInterrupt:
        _print_error("", "Stopped; completed downloads are kept.")
        return 130


def _fetch(model: Model, store: WeightsStore, settings: Settings) -> int:
    """Put the files of a model into the cache; 1 if that failed."""
    try:
        store.keep(model)
    except DarkroomError as error:
        _print_error(f"{model.name}: {error.detail}")
        return 1
    folder = settings.data_folder() / "models"
    sys.stdout.write(f"{model.name}: {human_size(_size(model))}, {model.licence}, verified; in {folder}\n")
    return 0


def listing(known: Manifest, store: WeightsStore) -> str:
    """A table of the models: name, task, size, licence, and whether their weights are available."""
    models = [known[name] for name in known.names()]
    rows = [(model.name, model.task, human_size(_size(model)), model.licence, _where(model, store)) for model in models]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]) for row in rows
    ]
    return "\n".join(
        [*lines, "", "make models NAMES='…' fetches the named models (the name of a task: its default).", ""]
    )


def _size(model: Model) -> int:
    return sum(file.bytes for file in model.files)


def _where(model: Model, store: WeightsStore) -> str:
    try:
        weights_of(model, store)
    except DarkroomError as error:
        return "absent" if error.code == "model_absent" else "wrong checksum"
    return "available"


def human_size(size: float) -> str:
    """A size for people: 3.7 MB."""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"


def draw_bar(name: str, done: int, of: int, write: Callable[[str], object] | None = None) -> None:
    """Draw a progress bar of a download over the previous one."""
    full = _WIDTH * done // max(of, 1)
    line = f"\r{name[:40]} [{'#' * full}{'.' * (_WIDTH - full)}] {human_size(done)} of {human_size(of)}"
    (write or sys.stderr.write)(line if done < of else f"\r{' ' * (len(line) + 2)}\r")


def _unknown(name: str, known: Manifest) -> str:
    guess = nearest(name, known.names())
    suggestion = f' Did you mean "{guess}"?' if guess else ""
    return f'There is no model "{name}".{suggestion}'


def _print_error(*lines: str) -> None:
    sys.stderr.write("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    heed_interrupts()
    run(main)
