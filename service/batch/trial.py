"""A trial run: a few objects are processed as the batch would, by the same code, but nothing is written."""

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from core.limits import Deadline
from storage.address import Address
from storage.errors import NoBucketError, NoObjectError
from storage.facts import Body, Entry, ObjectMetadata, SignedUrl, Stat, UrlGrant
from storage.options import Options
from storage.reading import Reading
from storage.registry import Stores
from storage.watched import StoreWatch, WatchedStore

if TYPE_CHECKING:
    from catalog.base import Catalog
    from storage.objects import Store

_SCRATCH = Address("file", "scratch", "x")


class TrialStores(Stores):
    """Stores that are read from, and never written to; what would be written counts as an operation.

    What would be a file is written to the folder `scratch`, so that it takes as long as it will.
    """

    def __init__(self, options: Options, watch: StoreWatch, scratch: Path) -> None:
        super().__init__(options)
        self._counted = watch
        self._scratch = Stores(Options(folders={_SCRATCH.bucket: scratch})).of(_SCRATCH)

    def of(self, address: Address) -> "Store":
        """See `Stores`."""
        scratch = self._scratch if address.scheme == _SCRATCH.scheme else None
        return cast("Store", WatchedStore(cast("Store", _TrialStore(super().of(address), scratch)), self._counted))


class _TrialStore:
    """A store whose writes and deletions have no effect. A bucket that is not there yet is empty."""

    def __init__(self, store: "Store", scratch: "Store | None") -> None:
        self.scheme = store.scheme
        self._store, self._scratch = store, scratch

    def read(self, address: Address, deadline: Deadline, *, at: Stat | None = None) -> Reading:
        """See `objects.Store`."""
        try:
            return self._store.read(address, deadline, at=at)
        except NoBucketError:
            raise NoObjectError(f'There is no object "{address}".') from None

    def write(
        self, address: Address, body: Body, about: ObjectMetadata, deadline: Deadline, *, replaces: str | None = None
    ) -> Stat:
        """What a write would return."""
        if self._scratch is not None:
            return self._scratch.write(_SCRATCH.at(secrets.token_hex(8)), body, about, deadline)
        size = len(body) if isinstance(body, bytes | bytearray | memoryview) else 0
        return Stat(address=address, version=replaces or "trial", size=size, modified=0.0, about=about, checksums={})

    def list(self, prefix: Address, deadline: Deadline, *, after: str = "") -> Iterator[Entry]:
        """See `objects.Store`."""
        return self._store.list(prefix, deadline, after=after)

    def delete(self, address: Address, version: str, deadline: Deadline) -> None:
        """Nothing."""

    def sign(self, address: Address, grant: UrlGrant) -> SignedUrl:
        """See `objects.Store`."""
        return self._store.sign(address, grant)


class TrialCatalog:
    """A catalog that is looked into, and never changed."""

    def __init__(self, catalog: "Catalog") -> None:
        self._catalog = catalog

    def get(self, identifier: str, *, hidden: bool = False) -> Any:
        """See `catalog.base`."""
        return self._catalog.get(identifier, hidden=hidden)

    def put(self, row: Any, **_: Any) -> Any:
        """What it would return."""
        return row

    def delete(self, _: Any) -> bool:
        """What it would return."""
        return True
