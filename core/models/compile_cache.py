"""A folder of compiled networks: verified when they are read, published only once they are complete."""

import hashlib
import logging
import os
import time
from contextlib import suppress
from pathlib import Path

_MAGIC = b"darkroom compiled network 1\n"
_DIGEST = hashlib.sha256().digest_size
_MOST = 64
_STALE = 3600.0
_logger = logging.getLogger("darkroom")


class CompileCache:
    """Compiled networks by key. Without a folder, or with one that cannot be written, nothing is cached."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    @property
    def enabled(self) -> bool:
        """Whether there is a folder."""
        return self._folder is not None

    def load(self, key: str) -> bytes | None:
        """What was saved under a key; None if nothing was, or if it is damaged (it is then deleted)."""
        if self._folder is None:
            return None
        try:
            data = _path(self._folder, key).read_bytes()
        except OSError:
            return None
        digest, blob = data[len(_MAGIC) : len(_MAGIC) + _DIGEST], data[len(_MAGIC) + _DIGEST :]
        if data.startswith(_MAGIC) and hashlib.sha256(blob).digest() == digest:
            return blob
        _logger.warning("A cached compiled network was damaged and has been deleted.")
        self.delete(key)
        return None

    def save(self, key: str, blob: bytes) -> None:
        """Save bytes under a key: written to a temporary file, flushed to disk, then renamed."""
        if self._folder is None:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            _write(_path(self._folder, key), blob)
            _tidy(self._folder)
        except OSError as error:
            _logger.info("A compiled network could not be cached: %s", error.strerror)

    def delete(self, key: str) -> None:
        """Delete what is under a key."""
        if self._folder is not None:
            with suppress(OSError):
                _path(self._folder, key).unlink(missing_ok=True)


def _path(folder: Path, key: str) -> Path:
    return folder / f"{key}.blob"


def _write(path: Path, blob: bytes) -> None:
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(_MAGIC + hashlib.sha256(blob).digest())
            file.write(blob)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _tidy(folder: Path) -> None:
    """Delete what killed processes left behind, and the oldest networks beyond the limit."""
    for part in folder.glob("*.part"):
        if time.time() - part.stat().st_mtime > _STALE:
            part.unlink(missing_ok=True)
    for path in sorted(folder.glob("*.blob"), key=lambda path: path.stat().st_mtime, reverse=True)[_MOST:]:
        path.unlink(missing_ok=True)
