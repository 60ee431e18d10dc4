"""Where pictures are kept: the catalog, the stores, and the place of results with its folders."""

import contextlib
import re
import secrets
from pathlib import PurePosixPath

import msgspec

from catalog.base import Catalog
from core.codecs import FORMATS
from core.limits import Deadline
from service.processor import Processor
from storage.address import Address
from storage.errors import ChangedError
from storage.facts import Stat
from storage.objects import Store
from storage.publish import find_object
from storage.registry import Stores

_OTHER = re.compile(r"[^a-z0-9_]+")


class ImageRepository(msgspec.Struct, frozen=True):
    """What keeping pictures needs. `results` is what all keys of ours begin with."""

    catalog: Catalog
    stores: Stores
    results: Address
    processor: Processor

    def store(self, address: Address) -> Store:
        """The store of an address."""
        return self.stores.of(address)

    def remove(self, address: Address, deadline: Deadline, version: str | None = None) -> None:
        """See that nothing is at an address, or not this version; another one is left alone then."""
        while (stat := find_object(self.store(address), address, deadline)) is not None:
            if version is not None and stat.version != version:
                return
            with contextlib.suppress(ChangedError):
                self.store(address).delete(address, stat.version, deadline)


def new_address(results: Address, format: str, name: str) -> Address:  # noqa: A002
    """An address for a new picture: random, so that nobody guesses or meets it; of the name only what is plain."""
    stem = _OTHER.sub("-", PurePosixPath(name).stem.lower()).strip("-")[:60] or "picture"
    extension = FORMATS[format].extensions[0].lstrip(".")
    return below(results, f"images/{secrets.token_hex(16)}-{stem}.{extension}")


def below(results: Address, key: str) -> Address:
    """A key under the place of results."""
    folder = results.key.rstrip("/")
    return results.at(f"{folder}/{key}" if folder else key)


def matches(stat: Stat, size: int, sha256: str) -> bool:
    """Whether an object can be the bytes that a row describes, as far as the store tells."""
    return stat.size == size and stat.checksums.get("sha256", sha256) == sha256
