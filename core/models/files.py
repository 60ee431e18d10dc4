"""Which files of a model are on this machine."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from core.errors import ModelAbsentError, ModelChecksumError
from core.models.model import Model, WeightsFile

Files = Callable[[WeightsFile, bool], Path]
"""Returns a file's path; the second argument says whether it may be fetched. ModelAbsentError, ModelChecksumError."""


class WeightsFiles(NamedTuple):
    """A set of a model's files, and their paths."""

    files: tuple[WeightsFile, ...]
    paths: tuple[Path, ...]


def weights_of(model: Model, files: Files, *, fetch: bool = False) -> WeightsFiles:
    """The first set of files that is complete; with `fetch` the first set is fetched if none is.

    Errors: ModelAbsentError, ModelChecksumError.
    """
    errors: list[ModelAbsentError | ModelChecksumError] = []
    for candidates in model.sets:
        try:
            return WeightsFiles(candidates, tuple(files(file, False) for file in candidates))
        except (ModelAbsentError, ModelChecksumError) as error:
            # its traceback would keep every frame of this load alive, and with them the network, until a collection
            errors.append(error.with_traceback(None))
    if not fetch:
        raise errors.pop(0)
    return WeightsFiles(model.files, tuple(files(file, True) for file in model.files))


def verify_file(model: Model, weights: WeightsFiles) -> None:
    """Raise ModelChecksumError if a file does not match the manifest: it may have changed since it was found."""
    for file, path in zip(*weights, strict=True):
        try:
            same = path.stat().st_size == file.bytes and _checksum(path, file.algorithm) == file.checksum
        except OSError:
            raise ModelAbsentError(f'"{model.name}": {file.name} has disappeared.') from None
        if not same:
            raise ModelChecksumError(f'"{model.name}": {file.name} does not match its checksum in the manifest.')


def _checksum(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def file_checksums(files: Sequence[WeightsFile]) -> list[str]:
    """The checksums, each with its algorithm."""
    return [f"{file.algorithm}:{file.checksum}" for file in files]
