"""Memory that the processes of a container share: a file of a fixed size, under a lock of the kernel.

A process that is killed gives the lock back.
"""

import contextlib
import fcntl
import mmap
import os
import stat
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108 - a name of ours in it is opened only if we made it


def shared_folders(data: Path) -> tuple[Path, ...]:
    """Where a file may lie: the data folder, which outlives the container; else what its processes share in memory."""
    return data, *(one for one in (_MEMORY,) if one.is_dir())


class SharedMemory:
    """Bytes that are mapped by every process that has opened the same file, or was forked from one. Thread-safe.

    `head` is what they begin with; its first eight bytes say what they hold: a file that begins otherwise, or has
    another size, is emptied. OSError where there is no room for all of them.
    """

    def __init__(self, descriptor: int, size: int, head: bytes) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()
        with self.locked():
            is_whole = os.fstat(descriptor).st_size == size
            if not is_whole:
                os.ftruncate(descriptor, size)
            _reserve(descriptor, size)
            self.bytes = mmap.mmap(descriptor, size)
            if not is_whole or self.bytes[:8] != head[:8]:
                self.bytes[:] = head + bytes(size - len(head))
        os.register_at_fork(after_in_child=self._after_fork)

    @classmethod
    def open(cls, name: str, folders: tuple[Path, ...], size: int, head: bytes) -> "SharedMemory":
        """That of this name in the first folder with room for it, else memory that only forked processes share."""
        for descriptor in (_named(folder, name) for folder in folders):
            if descriptor is not None:
                try:
                    return cls(descriptor, size, head)
                except OSError:  # a full disk
                    os.close(descriptor)
        return cls(_unnamed(), size, head)

    def _after_fork(self) -> None:
        self._lock = threading.Lock()  # another thread of the parent may have held it

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else reads or writes meanwhile."""
        with self._lock:  # the kernel's lock excludes processes, not threads
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.lockf(self._descriptor, fcntl.LOCK_UN)


def _reserve(descriptor: int, size: int) -> None:
    """Take the room for a file now: where a disk is full, writing to a mapped hole of it ends the process (SIGBUS)."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)


def _named(folder: Path, name: str) -> int | None:
    """A file that only we can have made; None where there can be none."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(folder / name, flags, 0o600)
    except OSError:
        return None
    found = os.fstat(descriptor)
    if stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and found.st_nlink == 1:
        return descriptor
    os.close(descriptor)
    return None


def _unnamed() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("darkroom-shared")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
