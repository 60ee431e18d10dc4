"""Stored pictures: the catalog, the stores, and the prefix of the server's own objects."""

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

_NOT_PLAIN = re.compile(r"[^a-z0-9_]+")


class ImageRepository(msgspec.Struct, frozen=True):
    """What storing pictures needs. `results` is the prefix of all the server's own keys."""

    catalog: Catalog
    stores: Stores
    results: Address
    processor: Processor

    def store(self, address: Address) -> Store:
        """The store of an address."""
        return self.stores.of(address)

    def remove(self, address: Address, deadline: Deadline, version: str | None = None) -> None:
        """Remove the object at an address. With `version`, only if it is still that version."""
        while (stat := find_object(self.store(address), address, deadline)) is not None:
            if version is not None and stat.version != version:
                return
            with contextlib.suppress(ChangedError):
                self.store(address).delete(address, stat.version, deadline)


def new_address(results: Address, format: str, name: str) -> Address:  # noqa: A002
    """An address for a new picture: random, so that it is unique and unguessable, with the plain part of its name."""
    stem = _NOT_PLAIN.sub("-", PurePosixPath(name).stem.lower()).strip("-")[:60] or "picture"
    extension = FORMATS[format].extensions[0].lstrip(".")
    return below(results, f"images/{secrets.token_hex(16)}-{stem}.{extension}")


def below(results: Address, key: str) -> Address:
    """An address below the prefix of results."""
    folder = results.key.rstrip("/")
    return results.at(f"{folder}/{key}" if folder else key)


def matches(stat: Stat, size: int, sha256: str) -> bool:
    """Whether an object may hold the bytes that a row describes, by its size and the store's checksum."""
    return stat.size == size and stat.checksums.get("sha256", sha256) == sha256
