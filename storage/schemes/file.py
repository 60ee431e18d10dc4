"""file://bucket/key: the file `root/bucket/key`, written atomically and never outside its root.

A write goes to a part, gets its extended attribute (metadata, a random version) and is synced; then, under the object's
lock, the version is compared and the part renamed into place. A process killed in between leaves the old object, and a
part that is removed later. Files that others put there can be read; their version is made of the inode's times.
"""

import contextlib
import heapq
import os
import secrets
import threading
import time
from collections.abc import Iterator
from typing import ClassVar, NamedTuple

from core.limits import Deadline
from storage import attributes, bodies, folders, tokens
from storage.address import Address
from storage.attributes import StoredAttributes
from storage.checksums import SUMS
from storage.errors import BadAddressError, ChangedError, NoBucketError, NoObjectError
from storage.facts import Body, Entry, ObjectMetadata, SignedUrl, Stat, UrlGrant
from storage.options import Options
from storage.reading import CHUNK, Reading
from storage.registry import scheme
from storage.retry import check_deadline

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""Not blocking, so that a pipe of that name does not hang."""
_SORTED = 32_768
"""Names of one folder that a listing holds and sorts at a time."""


@scheme
class FileStore:
    """Buckets are the folders directly in `options.root`, and those that `options.folders` names."""

    scheme: ClassVar[str] = "file"

    def __init__(self, options: Options) -> None:
        self._options = options
        self._paths = {name: str(path) for name, path in options.folders.items()}
        self._tidied: set[str] = set()
        self._lock = threading.Lock()

    def read(self, address: Address, deadline: Deadline, *, at: Stat | None = None) -> Reading:
        """See `objects.Store`."""
        check_deadline(deadline, address)
        stat = at or self._stat(address)
        return Reading(stat, lambda start, stop: self._opened(stat, start, stop), deadline)

    def write(
        self, address: Address, body: Body, about: ObjectMetadata, deadline: Deadline, *, replaces: str | None = None
    ) -> Stat:
        """See `objects.Store`."""
        check_deadline(deadline, address)
        about.check()
        names = folders.check_bucket(address)
        with folders.folder_errors(address), self._bucket(address) as bucket:
            self._tidy(address.bucket, bucket)
            token = secrets.token_hex(16)
            with folders.part(bucket, token) as (ours, file, part):
                _fill(file, body, about, token, deadline)
                with folders.locked(bucket, address, deadline), folders.inside(bucket, names[:-1], make=True) as folder:
                    _compare(folder, names[-1], address, replaces)
                    _place(ours, part, folder, names[-1], new=replaces is None)
                return attributes.stat(file, address)

    def list(self, prefix: Address, deadline: Deadline, *, after: str = "") -> Iterator[Entry]:
        """See `objects.Store`."""
        check_deadline(deadline, prefix)
        prefix.check_prefix()
        with folders.folder_errors(prefix), self._bucket(prefix) as bucket:
            walk = _Walk(prefix.key, after.encode(), self._options.nameless)
            for key, found, is_nameless in walk.files(bucket, ""):
                check_deadline(deadline, prefix)
                yield Entry(prefix.at(key), found.st_size, found.st_mtime, is_nameless)

    def delete(self, address: Address, version: str, deadline: Deadline) -> None:
        """See `objects.Store`."""
        check_deadline(deadline, address)
        names = folders.check_bucket(address)
        with (
            contextlib.suppress(NoObjectError),
            folders.folder_errors(address),
            self._bucket(address) as bucket,
            folders.locked(bucket, address, deadline),
            folders.inside(bucket, names[:-1]) as folder,
        ):
            if _found(folder, names[-1], address) is not None:
                _compare(folder, names[-1], address, version)
                os.unlink(names[-1], dir_fd=folder)
                os.fsync(folder)

    def sign(self, address: Address, grant: UrlGrant) -> SignedUrl:
        """See `objects.Store`: a URL of our own upload route."""
        folders.check_bucket(address)
        return tokens.sign(self._options, address, grant)

    def _bucket(self, address: Address) -> contextlib.AbstractContextManager[int]:
        path = self._paths.get(address.bucket)
        if path is None:
            if self._options.root is None:
                raise NoBucketError("There is no file:// storage: no root folder is set.")
            path = f"{self._options.root}{os.sep}{address.bucket}"
        return folders.bucket(path, address.bucket)

    def _tidy(self, name: str, bucket: int) -> None:
        """Once per bucket and process."""
        with self._lock:
            if name not in self._tidied:
                folders.tidy(bucket)
                self._tidied.add(name)

    @contextlib.contextmanager
    def _file(self, address: Address) -> Iterator[int]:
        names = folders.check_bucket(address)
        with (
            folders.folder_errors(address),
            self._bucket(address) as bucket,
            folders.inside(bucket, names[:-1]) as folder,
        ):
            file = os.open(names[-1], _OPEN, dir_fd=folder)
            try:
                yield file
            finally:
                os.close(file)

    def _stat(self, address: Address) -> Stat:
        with self._file(address) as file:
            return attributes.stat(file, address)

    @contextlib.contextmanager
    def _opened(self, stat: Stat, start: int, stop: int) -> Iterator[Iterator[bytes]]:
        """Our files never change in place; a change by another program meanwhile is detected at the end."""
        try:
            with self._file(stat.address) as file:
                _same(file, stat)
                yield _pieces(file, start, stop)
                _same(file, stat)
        except NoObjectError:
            raise ChangedError(f'"{stat.address}" no longer exists.') from None


def _same(file: int, stat: Stat) -> None:
    if attributes.stat(file, stat.address).version != stat.version:
        raise ChangedError(f'"{stat.address}" is a different version.')


def _pieces(file: int, start: int, stop: int) -> Iterator[bytes]:
    while start < stop and (piece := os.pread(file, min(CHUNK, stop - start), start)):
        yield piece
        start += len(piece)


def _fill(file: int, body: Body, about: ObjectMetadata, token: str, deadline: Deadline) -> None:
    """Write and sync the bytes, attribute and times of a part."""
    running = SUMS["sha256"]()
    size = 0
    for piece in bodies.pieces(body):
        check_deadline(deadline, "write")
        running.update(piece)
        at = 0
        while at < len(piece):
            at += os.write(file, piece[at:])
        size += len(piece)
    now = time.time_ns()
    os.utime(file, ns=(now, now))
    changed = os.fstat(file).st_mtime_ns
    attributes.put(file, StoredAttributes(token, changed, size, running.hexdigest(), about))
    os.fsync(file)


def _found(folder: int, name: str, address: Address) -> Stat | None:
    try:
        file = os.open(name, _OPEN, dir_fd=folder)
    except FileNotFoundError:
        return None
    try:
        return attributes.stat(file, address)
    finally:
        os.close(file)


def _compare(folder: int, name: str, address: Address, version: str | None) -> None:
    found = _found(folder, name, address)
    if (found.version if found else None) != version:
        raise ChangedError(f'"{address}" is a different version.')


def _place(ours: int, part: str, folder: int, name: str, *, new: bool) -> None:
    """Give a part its name. A new one is linked, which fails if a program without our locks was first."""
    if new:
        try:
            os.link(part, name, src_dir_fd=ours, dst_dir_fd=folder, follow_symlinks=False)
        except FileExistsError:
            raise ChangedError("There is already an object.") from None
    else:
        os.rename(part, name, src_dir_fd=ours, dst_dir_fd=folder)
    os.fsync(folder)


class _Walk(NamedTuple):
    """What a listing is asked for: keys that begin with `prefix` and come after `after`, of which files."""

    prefix: str
    after: bytes
    nameless: bool

    def files(self, folder: int, path: str, *, nameless: bool = False) -> Iterator[tuple[str, os.stat_result, bool]]:
        """Key, stat and whether it is nameless, of the regular files below a folder.

        In the order of their keys: a folder sorts as its name with a slash.
        """
        for key, name in self._sorted(folder, path):
            is_nameless = nameless or not _utf8(name)
            if key.endswith("/"):
                with contextlib.suppress(NoObjectError, BadAddressError), folders.inside(folder, [name]) as below:
                    yield from self.files(below, key, nameless=is_nameless)
            else:
                with contextlib.suppress(FileNotFoundError):
                    yield key, os.stat(name, dir_fd=folder, follow_symlinks=False), is_nameless

    def _sorted(self, folder: int, path: str) -> Iterator[tuple[str, str]]:
        """Key and name of what is in a folder, sorted. A large one is read several times rather than held in memory."""
        past = b""
        while True:
            with os.scandir(folder) as entries:
                found = (self._keyed(path, entry) for entry in entries)
                wanted = (one for one in found if one[0] > past and _is_asked(one[0], self.prefix, self.after))
                batch = heapq.nsmallest(_SORTED, wanted)
            yield from ((key.decode(), name) for key, name in batch)
            if len(batch) < _SORTED:
                return
            past = batch[-1][0]

    def _keyed(self, path: str, entry: "os.DirEntry[str]") -> tuple[bytes, str]:
        """The key of a file, or of a folder with a slash, and its name; an empty key is of nothing that is listed."""
        is_folder = entry.is_dir(follow_symlinks=False)
        is_listed = (is_folder or entry.is_file(follow_symlinks=False)) and (self.nameless or _utf8(entry.name))
        name = entry.name if _utf8(entry.name) else os.fsencode(entry.name).decode(errors="backslashreplace")
        key = f"{path}{name}" + "/" * is_folder
        return (key.encode() if is_listed and key != f"{folders.OURS}/" else b""), entry.name


def _is_asked(key: bytes, prefix: str, after: bytes) -> bool:
    """Whether a file, or any file of a folder, begins with the prefix and comes after `after`."""
    if not key.endswith(b"/"):
        return key.startswith(prefix.encode()) and key > after
    return (key.startswith(prefix.encode()) or prefix.encode().startswith(key)) and not _past(key, after)


def _past(folder: bytes, after: bytes) -> bool:
    """Whether all keys of a folder come before `after`."""
    return not after.startswith(folder) and folder < after


def _utf8(key: str) -> bool:
    try:
        key.encode()
    except UnicodeEncodeError:
        return False
    return True
