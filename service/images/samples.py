"""Sample pictures, so that a first start shows something. They are added once, and stay away once deleted."""

import contextlib
import logging
from pathlib import Path

from catalog import Query, id_of
from core.errors import DarkroomError
from core.limits import Deadline
from service.images import lifecycle
from service.images.repository import ImageRepository, below
from storage.address import Address
from storage.errors import ChangedError

_FOLDER = "images/samples/"
_MARK = "samples-added"
_SECONDS = 30.0
_logger = logging.getLogger("darkroom")


def is_sample(source: str, results: Address | None) -> bool:
    """Whether a picture's address is that of a sample."""
    return results is not None and source.startswith(str(below(results, _FOLDER)))


def add_samples(repository: ImageRepository, pictures: Path, data: Path) -> None:
    """Store the pictures of a folder as samples, unless that was done before or other pictures are there.

    A mark in the folder `data` says so; no error leaves this function.
    """
    mark = data / _MARK
    try:
        if mark.exists():
            return
        if not repository.catalog.find(Query(limit=1)).images:
            for file in sorted(pictures.iterdir()):
                _add(repository, file)
        mark.touch()
    except (DarkroomError, OSError) as error:
        _logger.warning("The sample pictures are not there: %s", error)


def _add(repository: ImageRepository, file: Path) -> None:
    """Store one sample. One that an earlier start began is finished, not stored twice."""
    address = below(repository.results, f"{_FOLDER}{file.name}")
    if repository.catalog.get(id_of(str(address)), hidden=True) is None:
        with contextlib.suppress(ChangedError):  # the object is there already, and is given its row
            lifecycle.store_image(repository, file.read_bytes(), file.name, Deadline(_SECONDS), address)
