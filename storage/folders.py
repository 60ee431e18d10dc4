"""Folders of `file://`, opened one name at a time: no symbolic link, no path traversal, no race.

Each bucket has a folder `.darkroom` for files that are being written, and locks. It lies inside the bucket, so
that a part can be renamed into place even where a bucket is a file system of its own.
"""

import contextlib
import errno
import os
import random
import time
import zlib
from collections.abc import Iterator

from core.errors import ErrorTranslation
from core.limits import Deadline
from storage.address import Address
from storage.errors import (
    BadAddressError,
    DeniedError,
    FullError,
    NoBucketError,
    NoObjectError,
    OccupiedError,
    StorageError,
)
from storage.locks import try_lock
from storage.retry import check_deadline

OURS = ".darkroom"
LONGEST_NAME = 255
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LOCKS = 64
_ABANDONED = 60.0
"""A part that is not locked is removed at this age, seconds: its writer is dead."""


def check_bucket(address: Address) -> list[str]:
    """The segments of a key, checked to be a valid path. BadAddressError."""
    segments = address.check().key.split("/")
    if "" in segments or segments[0] == OURS or any(len(name.encode()) > LONGEST_NAME for name in segments):
        detail = f'"{address}" cannot be a file: a segment of its key is empty, too long or reserved.'
        raise BadAddressError(detail, got=str(address))
    return segments


@contextlib.contextmanager
def bucket(path: str, name: str) -> Iterator[int]:
    """The open folder of a bucket. NoBucketError."""
    try:
        folder = os.open(path, _FOLDER)
    except (FileNotFoundError, NotADirectoryError):
        raise NoBucketError(f'There is no bucket "file://{name}".') from None
    try:
        yield folder
    finally:
        os.close(folder)


@contextlib.contextmanager
def inside(folder: int, names: list[str], *, make: bool = False) -> Iterator[int]:
    """The open folder below an open one. NoObjectError if missing, BadAddressError if a name is not a folder."""
    here = os.dup(folder)
    try:
        for name in names:
            below = _enter(here, name, make=make)
            os.close(here)
            here = below
        yield here
    finally:
        os.close(here)


def _enter(folder: int, name: str, *, make: bool) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=folder)
    except FileNotFoundError:
        if not make:
            raise NoObjectError("There is no such object.") from None
    except NotADirectoryError:
        raise OccupiedError(f'"{name}" is a file or a symbolic link, not a folder.') from None
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, 0o755, dir_fd=folder)
        os.fsync(folder)
    return _enter(folder, name, make=False)


@contextlib.contextmanager
def part(folder: int, token: str) -> Iterator[tuple[int, int, str]]:
    """A new file in the bucket's own folder: (that folder, the file, its name). Removed at the end, if still there.

    It is locked while it is written, so that it does not count as abandoned.
    """
    with inside(folder, [OURS], make=True) as ours:
        name = f"part-{token}"
        file = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644, dir_fd=ours)
        try:
            try_lock(file)
            yield ours, file, name
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=ours)
            os.close(file)


def tidy(folder: int) -> None:
    """Remove the parts that killed writers left behind."""
    with inside(folder, [OURS], make=True) as ours:
        for name in os.listdir(ours):  # noqa: PTH208 - of an open folder, not of a path
            if name.startswith("part-"):
                with contextlib.suppress(OSError):
                    _remove_abandoned(ours, name)


def _remove_abandoned(ours: int, name: str) -> None:
    file = os.open(name, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=ours)
    try:
        if try_lock(file) and time.time() - os.fstat(file).st_mtime > _ABANDONED:
            os.unlink(name, dir_fd=ours)
    finally:
        os.close(file)


@contextlib.contextmanager
def locked(folder: int, address: Address, deadline: Deadline) -> Iterator[None]:
    """A lock for changing an object, across threads and processes; a killed process releases it."""
    with inside(folder, [OURS], make=True) as ours:
        name = f"lock-{zlib.crc32(address.key.encode()) % _LOCKS:02d}"
        file = os.open(name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644, dir_fd=ours)
        try:
            while not try_lock(file):
                check_deadline(deadline, address)
                time.sleep(random.uniform(0.001, 0.01))  # noqa: S311 - not a secret
            yield
        finally:
            os.close(file)


def folder_errors(address: Address) -> ErrorTranslation:
    """The system's errors as ours."""
    return ErrorTranslation(lambda error: _ours(error, address) if isinstance(error, OSError) else None)


def _ours(error: OSError, address: Address) -> StorageError:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return FullError(f'There is no space left for "{address}".')
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return DeniedError(f'The file system denies access to "{address}".')
        case errno.ENOENT:
            return NoObjectError(f'There is no object "{address}".')
        case errno.EISDIR | errno.ENOTDIR | errno.ELOOP | errno.EXDEV | errno.ENOTEMPTY | errno.EEXIST:
            return OccupiedError(f'"{address}" conflicts with a folder, a link or another file system.')
        case errno.ENOTSUP:
            return DeniedError("The file system does not support extended attributes.")
        case _:
            return StorageError(f'The file system failed at "{address}".')
