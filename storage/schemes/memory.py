"""memory://bucket/key: this process's memory, for tests and experiments. Every bucket exists."""

import contextlib
import secrets
import threading
import time
from bisect import bisect_right
from collections.abc import Iterator
from typing import ClassVar

from core.limits import Deadline
from storage import bodies, tokens
from storage.address import Address
from storage.checksums import checksum
from storage.errors import ChangedError, NoObjectError
from storage.facts import Body, Entry, ObjectMetadata, SignedUrl, Stat, UrlGrant
from storage.options import Options
from storage.reading import CHUNK, Reading
from storage.registry import scheme
from storage.retry import check_deadline


@scheme
class MemoryStore:
    """Objects in a dictionary; one lock makes each call atomic."""

    scheme: ClassVar[str] = "memory"

    def __init__(self, options: Options) -> None:
        self._options = options
        self._objects: dict[Address, tuple[bytes, Stat]] = {}
        self._lock = threading.Lock()

    def read(self, address: Address, deadline: Deadline, *, at: Stat | None = None) -> Reading:
        """See `objects.Store`."""
        check_deadline(deadline, address)
        stat = at or self._find(address.check())[1]
        return Reading(stat, lambda start, stop: self._opened(stat, start, stop), deadline)

    def write(
        self, address: Address, body: Body, about: ObjectMetadata, deadline: Deadline, *, replaces: str | None = None
    ) -> Stat:
        """See `objects.Store`."""
        check_deadline(deadline, address)
        about.check()
        data = b"".join(bodies.pieces(body))
        mark = secrets.token_hex(16)
        stat = Stat(
            address=address.check(), version=mark, size=len(data), modified=time.time(), about=about,
            checksums={"sha256": checksum("sha256", data)}, token=mark,
        )  # fmt: skip
        with self._lock:
            self._compare(address, replaces)
            self._objects[address] = (data, stat)
        return stat

    def list(self, prefix: Address, deadline: Deadline, *, after: str = "") -> Iterator[Entry]:
        """See `objects.Store`."""
        check_deadline(deadline, prefix)
        prefix.check_prefix()
        with self._lock:
            found = [stat for _, stat in self._objects.values() if stat.address.bucket == prefix.bucket]
        found.sort(key=_order)
        for stat in found[bisect_right(found, after.encode(), key=_order) :]:
            if stat.address.key.startswith(prefix.key):
                yield Entry(stat.address, stat.size, stat.modified)

    def delete(self, address: Address, version: str, deadline: Deadline) -> None:
        """See `objects.Store`."""
        check_deadline(deadline, address)
        with self._lock:
            if address.check() in self._objects:
                self._compare(address, version)
                del self._objects[address]

    def sign(self, address: Address, grant: UrlGrant) -> SignedUrl:
        """See `objects.Store`: a URL of our own upload route."""
        return tokens.sign(self._options, address, grant)

    def _compare(self, address: Address, version: str | None) -> None:
        found = self._objects.get(address)
        if (found[1].version if found else None) != version:
            raise ChangedError(f'"{address}" is a different version.')

    def _find(self, address: Address) -> tuple[bytes, Stat]:
        with self._lock:
            if address not in self._objects:
                raise NoObjectError(f'There is no object "{address}".')
            return self._objects[address]

    @contextlib.contextmanager
    def _opened(self, stat: Stat, start: int, stop: int) -> Iterator[Iterator[bytes]]:
        try:
            data, now = self._find(stat.address)
        except NoObjectError:
            raise ChangedError(f'"{stat.address}" no longer exists.') from None
        if now.version != stat.version:
            raise ChangedError(f'"{stat.address}" is a different version.')
        yield (data[at : min(at + CHUNK, stop)] for at in range(start, stop, CHUNK))


def _order(stat: Stat) -> bytes:
    return stat.address.key.encode()
