"""The files of models, found by their checksum: in the operator's folders, in the cache, or fetched into the cache.

What is fetched is checked while it is read, written beside its place, flushed to the disk and only then named: whoever
is killed half-way leaves a `.part` that the next one overwrites. One process at a time fetches a file. The lock is the
kernel's, so it goes when its holder does.
"""

import fcntl
import hashlib
import logging
import math
import os
import re
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from core.errors import ModelAbsentError, ModelChecksumError
from core.models.model import Model, WeightsFile

Progress = Callable[[str, int, int], None]
"""Is told a file's name, how many of its bytes are there, and how many it has."""

LOCKED = 600.0
"""Seconds that one waits for another process that fetches the same file."""
_FRESH = 2.0
_MOST_FILES = 100_000
_CHUNK = 1024 * 1024
_logger = logging.getLogger("darkroom")


def no_progress(name: str, done: int, of: int) -> None:
    """The progress that nobody watches."""


class WeightsStore:
    """Gives the path of a file of a model. `cache` is where fetched ones are kept; `owners` maps checksum to model."""

    def __init__(
        self,
        folders: Sequence[Path],
        cache: Path,
        owners: Mapping[str, str] | None = None,
        progress: Progress = no_progress,
    ) -> None:
        self._folders = [_Folder(folder) for folder in folders]
        self._cache = cache
        self._owners = owners or {}
        self._progress = progress
        self._checksums = _Checksums()

    def __call__(self, file: WeightsFile, fetch: bool = False) -> Path:
        """The file, checked. With `fetch` it is downloaded where it is nowhere.

        Errors: ModelAbsentError where it is not here or cannot be fetched, ModelChecksumError where it is another one.
        """
        if found := self._found(file):
            return found
        place = self._place(file)
        if fetch:
            return self._fetch(file, place)
        if self._others(file, place):
            raise ModelChecksumError(f"{_name(file)} is there, but is not what the manifest names.")
        model = self._owners.get(file.checksum, "…")
        how = f"«make models NAMES={model}» there fetches it, or POST /v1/models/{model}/load."
        raise ModelAbsentError(f"{_name(file)} is not on the server: {how}")

    def keep(self, model: Model) -> Sequence[Path]:
        """The files of a model to stay: copied into the cache from the operator's folders, downloaded, or as they ship.

        Errors: ModelAbsentError, ModelChecksumError.
        """
        at_hand = (files for files in model.sets if all(self._found(file) for file in files))
        return [self._kept(file) for file in next(at_hand, model.files)]

    def _kept(self, file: WeightsFile) -> Path:
        place, found = self._place(file), self._found(file)
        if found is not None and (found == place or file.file is not None):
            return found
        return self._fetch(file, place, found)

    def _found(self, file: WeightsFile) -> Path | None:
        places = (self._place(file), *self._lying(file))
        return next((path for path in places if self._checksums.fits(path, file)), None)

    def _place(self, file: WeightsFile) -> Path:
        return self._cache / file.checksum / _name(file)

    def _lying(self, file: WeightsFile) -> Iterator[Path]:
        """Where it may lie already: at its own path, or in the operator's folders under any name."""
        if file.file is not None:
            yield Path(file.file)
        for folder in self._folders:
            yield from folder.of_length(file.bytes)

    def _others(self, file: WeightsFile, place: Path) -> bool:
        """Whether a file of its name is here that is not it."""
        own = [Path(file.file)] if file.file is not None else []
        return any(path.is_file() for path in (*own, place)) or any(
            _name(file) in folder.names() for folder in self._folders
        )

    def _fetch(self, file: WeightsFile, place: Path, copy_of: Path | None = None) -> Path:
        from service.models.download import DownloadError, fetch_chunks  # and with it all of urllib

        if copy_of is None and file.url is None:
            raise ModelAbsentError(f"{_name(file)} is not on this server, and the manifest names no address for it.")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with _locked(place.parent / ".lock"):
                if not self._checksums.fits(place, file):
                    self._write(file, place, _read(copy_of) if copy_of else fetch_chunks(str(file.url)))
        except DownloadError as error:
            _logger.warning("%s could not be fetched: %s (%r)", _name(file), error, error.__cause__)
            raise ModelAbsentError(f"{_name(file)} could not be fetched: {error}.") from None
        except OSError as error:
            _logger.warning("%s could not be kept: %s", _name(file), error)
            raise ModelAbsentError(f"{_name(file)} could not be kept: DARKROOM_DATA cannot be written.") from None
        return place

    def _write(self, file: WeightsFile, place: Path, pieces: Generator[bytes]) -> None:
        """Write the pieces under a name of their own, check them, and give them their true name at once."""
        part = place.with_name(f"{place.name}.part")
        try:
            with closing(pieces), part.open("wb") as target:
                for piece in self._checked(file, pieces):
                    target.write(piece)
                target.flush()
                os.fsync(target.fileno())
            part.replace(place)
            _flush(place.parent)
        finally:
            part.unlink(missing_ok=True)

    def _checked(self, file: WeightsFile, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """The pieces as they pass; an error where, all together, they are not the file."""
        seen, total = hashlib.new(file.algorithm), 0
        for piece in pieces:
            total += len(piece)
            if total > file.bytes:
                raise ModelChecksumError(f"{_name(file)} came, but is longer than the manifest says.")
            seen.update(piece)
            self._progress(_name(file), total, file.bytes)
            yield piece
        if total < file.bytes:
            raise ModelAbsentError(f"{_name(file)} broke off after {total} of {file.bytes} bytes.")
        if seen.hexdigest() != file.checksum:
            raise ModelChecksumError(f"{_name(file)} came, but is not what the manifest names.")


class _Folder:
    """The files below a folder by their length; looked at anew every two seconds at most."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._looked = -math.inf
        self._by_length: dict[int, list[Path]] = {}

    def of_length(self, length: int) -> list[Path]:
        """Files of exactly this many bytes."""
        return self._files().get(length, [])

    def names(self) -> set[str]:
        """The names of all files."""
        return {path.name for paths in self._files().values() for path in paths}

    def _files(self) -> dict[int, list[Path]]:
        if time.monotonic() - self._looked >= _FRESH:
            self._by_length = self._look()
            self._looked = time.monotonic()
        return self._by_length

    def _look(self) -> dict[int, list[Path]]:
        found: dict[int, list[Path]] = {}
        for number, path in enumerate(_files_below(self._folder)):
            if number == _MOST_FILES:
                _logger.warning("DARKROOM_MODELS_FROM has more than %d files; the rest is not looked at", _MOST_FILES)
                break
            found.setdefault(_length(path), []).append(path)
        return found


class _Checksums:
    """Checksums of files, each computed once as long as the file stays as it is."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int, int, int, str], str] = {}

    def fits(self, path: Path, file: WeightsFile) -> bool:
        """Whether this is the file that the manifest means."""
        try:
            stat = path.stat()
            if stat.st_size != file.bytes or not path.is_file():
                return False
            key = (str(path), stat.st_ino, stat.st_size, stat.st_mtime_ns, file.algorithm)
            if key not in self._known:
                self._known[key] = _digest(path, file.algorithm)
        except OSError:
            return False
        return self._known[key] == file.checksum


def _name(file: WeightsFile) -> str:
    """A name for the file in the cache and in answers: its own, of harmless letters."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", file.name).strip("._")[-100:] or "weights"


def _files_below(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        yield from (Path(parent, name) for name in sorted(names))


def _length(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _read(path: Path) -> Generator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            yield piece


def _flush(folder: Path) -> None:
    """Make a rename last: the folder's own entry goes to the disk too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock of this file, alone among all processes; ModelAbsentError where another holds it for too long."""
    ends = time.monotonic() + LOCKED
    with path.open("ab") as file:
        while not _lock(file.fileno()):
            if time.monotonic() > ends:
                raise ModelAbsentError("Another process has been fetching this model for too long.")
            time.sleep(0.05)
        yield


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
