"""A store that is watched: each operation is told, with its outcome and how often it was tried again."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from core.limits import Deadline
from storage.address import Address
from storage.facts import Body, Entry, ObjectMetadata, SignedUrl, Stat, UrlGrant
from storage.reading import Reading

if TYPE_CHECKING:
    from storage.objects import Store

StoreWatch = Callable[[str, str], AbstractContextManager[object]]
"""(scheme, operation) -> the context in which the operation runs; an operation that fails raises in it.

Operations are `stat`, `read`, `write`, `list` (its first page), `delete` and `sign`.
"""


class WatchedStore:
    """A store, each operation of which runs inside a context of the watch."""

    def __init__(self, store: "Store", watch: StoreWatch) -> None:
        self.scheme = store.scheme
        self._store = store
        self._watch = watch

    def read(self, address: Address, deadline: Deadline, *, at: Stat | None = None) -> Reading:
        """See `objects.Store`. Reading the whole body is an operation of its own; a part of it is not told."""
        if at is None:
            with self._watch(self.scheme, "stat"):
                reading = self._store.read(address, deadline)
        else:
            reading = self._store.read(address, deadline, at=at)
        reading.around_all = lambda: self._watch(self.scheme, "read")
        return reading

    def write(
        self, address: Address, body: Body, about: ObjectMetadata, deadline: Deadline, *, replaces: str | None = None
    ) -> Stat:
        """See `objects.Store`."""
        with self._watch(self.scheme, "write"):
            return self._store.write(address, body, about, deadline, replaces=replaces)

    def list(self, prefix: Address, deadline: Deadline, *, after: str = "") -> Iterator[Entry]:
        """See `objects.Store`."""
        entries = self._store.list(prefix, deadline, after=after)
        with self._watch(self.scheme, "list"):
            first = next(entries, None)
        if first is not None:
            yield first
            yield from entries

    def delete(self, address: Address, version: str, deadline: Deadline) -> None:
        """See `objects.Store`."""
        with self._watch(self.scheme, "delete"):
            self._store.delete(address, version, deadline)

    def sign(self, address: Address, grant: UrlGrant) -> SignedUrl:
        """See `objects.Store`."""
        with self._watch(self.scheme, "sign"):
            return self._store.sign(address, grant)
