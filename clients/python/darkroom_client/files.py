"""Files in and out: pictures are streamed from disk, and output files are written atomically."""

import errno
import io
import os
import secrets
import shutil
import stat
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

Picture = bytes | bytearray | str | os.PathLike[str] | BinaryIO


@contextmanager
def opened(picture: Picture) -> Iterator[tuple[str, bytes | BinaryIO]]:
    """The name and the content to send, readable from its start again for each try.

    A stream that cannot be rewound, or is not at its start, is copied to a temporary file first, so a pipe costs disk
    and no memory.
    """
    if isinstance(picture, bytes | bytearray):
        yield "picture", bytes(picture)
    elif isinstance(picture, str | os.PathLike):
        with Path(picture).open("rb") as file, _rewindable(file) as whole:
            yield _wire_name(Path(picture).name), whole
    else:
        if not hasattr(picture, "read") or hasattr(picture, "encoding"):  # a text file has an encoding
            raise TypeError(f"A picture is bytes, a path or a binary file, not {type(picture).__name__}.")
        with _rewindable(picture) as whole:
            yield "picture", whole


@contextmanager
def _rewindable(stream: BinaryIO) -> Iterator[BinaryIO]:
    # Only these two report their true length to httpx: a gzip file reports that of the compressed file.
    honest = isinstance(stream, io.BytesIO) or isinstance(getattr(stream, "raw", None), io.FileIO)
    if honest and stream.seekable() and stream.tell() == 0:
        yield stream
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(stream, copy)
        copy.seek(0)
        yield copy


def _wire_name(name: str) -> str:
    """A file's name as valid text for a header: names on disk need not be."""
    return name.encode("utf-8", "replace").decode("utf-8") or "picture"


def _check_kind(path: Path) -> None:
    with suppress(FileNotFoundError, NotADirectoryError):
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise OSError(errno.EINVAL, "It is a special file: choose the name of a file", str(path))


class Writer:
    """Writes files atomically: to a temporary file first, which is then renamed. Safe to share between threads.

    `stop()` prevents further files and removes incomplete ones.
    """

    def __init__(self, *, force: bool = False) -> None:
        self._force = force
        self._lock = threading.Lock()
        self._half: set[Path] = set()
        self._stopped = False

    def save(self, path: Path, data: bytes) -> None:
        """Write `data` to `path`, creating its folder; FileExistsError if it exists, unless `force` is given.

        OSError if it is a device, a pipe or a socket: `force` would put a file into the place of /dev/null itself.
        """
        _check_kind(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, half = self._begin(path)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            with self._lock:
                self._check()
                self._publish(half, path)
        finally:
            half.unlink(missing_ok=True)
            self._half.discard(half)

    def stop(self) -> None:
        """Write no further file, and remove incomplete ones."""
        with self._lock:
            self._stopped = True
            for half in list(self._half):
                with suppress(OSError):  # Windows: still open; its thread removes it
                    half.unlink(missing_ok=True)

    def _begin(self, path: Path) -> tuple[int, Path]:
        half = path.with_name(f".darkroom-{secrets.token_hex(6)}.part")
        with self._lock:
            self._check()
            handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
            self._half.add(half)
        return handle, half

    def _check(self) -> None:
        if self._stopped:
            raise InterruptedError("stopped before the file was written")

    def _publish(self, half: Path, path: Path) -> None:
        if self._force:
            half.replace(path)
            return
        try:
            path.hardlink_to(half)  # fails atomically if the name is taken
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links
            if os.path.lexists(path):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
            half.replace(path)
