"""The weights of models, found by checksum: in the operator's folders, in the cache, or downloaded into the cache.

A download is verified while it is read, written to a temporary file, flushed to the disk and only then renamed: a
process killed half-way leaves a `.part` that the next one overwrites. One process at a time fetches a file. The lock
is the kernel's, so it is released when its holder dies.
"""

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
from storage.locks import try_lock

Progress = Callable[[str, int, int], None]
"""Called with a file's name, its bytes so far, and its size."""

LOCK_TIMEOUT = 600.0
"""Seconds to wait for another process that fetches the same file."""
_RESCAN_SECONDS = 2.0
_MAX_FILES = 100_000
_CHUNK = 1024 * 1024
_logger = logging.getLogger("darkroom")


def no_progress(name: str, done: int, of: int) -> None:
    """Progress that is not shown."""


class WeightsStore:
    """Finds and fetches the files of models. `cache` is the folder of fetched ones; `owners` maps checksum to model."""

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
        """The verified path of a file. With `fetch` it is downloaded if it is missing.

        Errors: ModelAbsentError if it is missing or cannot be fetched, ModelChecksumError if it has other content.
        """
        if found := self._find(file):
            return found
        path = self._cache_path(file)
        if fetch:
            return self._fetch(file, path)
        if self._has_other_content(file, path):
            raise ModelChecksumError(f"{_name(file)} exists, but its checksum differs from the manifest.")
        model = self._owners.get(file.checksum, "…")
        raise ModelAbsentError(
            f"{_name(file)} is not on the server; fetch it with `make models NAMES={model}` there, "
            f"or with POST /v1/models/{model}/load."
        )

    def keep(self, model: Model) -> Sequence[Path]:
        """Put the files of a model into the cache, copied from the operator's folders or downloaded.

        Errors: ModelAbsentError, ModelChecksumError.
        """
        available = (files for files in model.sets if all(self._find(file) for file in files))
        return [self._keep_file(file) for file in next(available, model.files)]

    def _keep_file(self, file: WeightsFile) -> Path:
        path, found = self._cache_path(file), self._find(file)
        if found is not None and (found == path or file.file is not None):
            return found
        return self._fetch(file, path, found)

    def _find(self, file: WeightsFile) -> Path | None:
        paths = (self._cache_path(file), *self._candidates(file))
        return next((path for path in paths if self._checksums.fits(path, file)), None)

    def _cache_path(self, file: WeightsFile) -> Path:
        return self._cache / file.checksum / _name(file)

    def _candidates(self, file: WeightsFile) -> Iterator[Path]:
        """Paths where a file may be already: its own, or any name in the operator's folders."""
        if file.file is not None:
            yield Path(file.file)
        for folder in self._folders:
            yield from folder.of_size(file.bytes)

    def _has_other_content(self, file: WeightsFile, path: Path) -> bool:
        """Whether a file with its name exists that has other content."""
        own = [Path(file.file)] if file.file is not None else []
        return any(path.is_file() for path in (*own, path)) or any(
            _name(file) in folder.names() for folder in self._folders
        )

    def _fetch(self, file: WeightsFile, path: Path, copy_of: Path | None = None) -> Path:
        from service.models.download import DownloadError, fetch_chunks  # imports all of urllib

        if copy_of is None and file.url is None:
            raise ModelAbsentError(f"{_name(file)} is not on this server, and the manifest has no URL for it.")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with _locked(path.parent / ".lock"):
                if not self._checksums.fits(path, file):
                    self._write(file, path, _read(copy_of) if copy_of else fetch_chunks(str(file.url)))
        except DownloadError as error:
            _logger.warning("%s could not be fetched: %s (%r)", _name(file), error, error.__cause__)
            raise ModelAbsentError(f"{_name(file)} could not be fetched: {error}.") from None
        except OSError as error:
            _logger.warning("%s could not be saved: %s", _name(file), error)
            raise ModelAbsentError(f"{_name(file)} could not be saved: DARKROOM_DATA is not writable.") from None
        return path

    def _write(self, file: WeightsFile, path: Path, chunks: Generator[bytes]) -> None:
        """Write to a temporary file, verify it, and rename it atomically."""
        part = path.with_name(f"{path.name}.part")
        try:
            with closing(chunks), part.open("wb") as target:
                for chunk in self._verified(file, chunks):
                    target.write(chunk)
                target.flush()
                os.fsync(target.fileno())
            part.replace(path)
            _flush(path.parent)
        finally:
            part.unlink(missing_ok=True)

    def _verified(self, file: WeightsFile, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Pass the chunks on; an error if together they are not the file."""
        digest, total = hashlib.new(file.algorithm), 0
        for chunk in chunks:
            total += len(chunk)
            if total > file.bytes:
                raise ModelChecksumError(f"{_name(file)} was fetched, but is larger than the manifest says.")
            digest.update(chunk)
            self._progress(_name(file), total, file.bytes)
            yield chunk
        if total < file.bytes:
            raise ModelAbsentError(f"{_name(file)} ended after {total} of {file.bytes} bytes.")
        if digest.hexdigest() != file.checksum:
            raise ModelChecksumError(f"{_name(file)} was fetched, but its checksum differs from the manifest.")


class _Folder:
    """The files below a folder by size; scanned at most every two seconds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._scanned_at = -math.inf
        self._by_size: dict[int, list[Path]] = {}

    def of_size(self, size: int) -> list[Path]:
        """Files of exactly this size, bytes."""
        return self._files().get(size, [])

    def names(self) -> set[str]:
        """The names of all files."""
        return {path.name for paths in self._files().values() for path in paths}

    def _files(self) -> dict[int, list[Path]]:
        if time.monotonic() - self._scanned_at >= _RESCAN_SECONDS:
            self._by_size = self._scan()
            self._scanned_at = time.monotonic()
        return self._by_size

    def _scan(self) -> dict[int, list[Path]]:
        found: dict[int, list[Path]] = {}
        for number, path in enumerate(_files_below(self._folder)):
            if number == _MAX_FILES:
                _logger.warning("DARKROOM_MODELS_FROM has more than %d files; the rest is ignored", _MAX_FILES)
                break
            found.setdefault(_size(path), []).append(path)
        return found


class _Checksums:
    """Checksums of files, cached as long as the file does not change."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int, int, int, str], str] = {}

    def fits(self, path: Path, file: WeightsFile) -> bool:
        """Whether this is the file in the manifest."""
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
    """A safe name of the file, for the cache and for messages."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", file.name).strip("._")[-100:] or "weights"


def _files_below(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        yield from (Path(parent, name) for name in sorted(names))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _read(path: Path) -> Generator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _flush(folder: Path) -> None:
    """Flush a folder's entries to the disk, so that a rename survives a crash."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock among all processes; ModelAbsentError if another holds it for too long."""
    timeout_at = time.monotonic() + LOCK_TIMEOUT
    with path.open("ab") as file:
        while not try_lock(file.fileno()):
            if time.monotonic() > timeout_at:
                raise ModelAbsentError("Another process has been fetching this model for too long.")
            time.sleep(0.05)
        yield
