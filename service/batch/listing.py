"""The listing of a batch, streamed in the order of the keys, and the share of it that a task takes."""

import zlib
from collections.abc import Iterator

import msgspec

from core.codecs import FORMATS
from core.limits import Deadline
from service.batch.row import Item
from service.rules.model import Rules
from storage.address import Address
from storage.facts import Entry
from storage.objects import Store

PATIENCE = 120.0
"""Seconds in which the next part of a listing must come; the whole of it is read as the work goes on."""
PAGE = 1000
"""Objects that clouds list in one operation."""
_SUFFIXES = frozenset(suffix for known in FORMATS.values() for suffix in known.extensions)


class Share(msgspec.Struct, frozen=True):
    """The share of one task of `count`: by the key's checksum, so that tasks agree although each lists on its own."""

    index: int = 0
    count: int = 1

    def takes(self, key: str) -> bool:
        """Whether an object belongs to this task."""
        return self.count == 1 or zlib.crc32(key.encode()) % self.count == self.index

    def __str__(self) -> str:
        return f"{self.index:05d}-of-{self.count:05d}"


class Selection(msgspec.Struct, frozen=True):
    """Which objects a batch takes: those below a prefix that a rule matches, named as pictures unless `any_name`."""

    prefix: Address
    rules: Rules
    any_name: bool = False

    def takes(self, address: Address) -> bool:
        """Whether the batch processes this object."""
        suffix = address.key.rpartition(".")[2].lower()
        return (self.any_name or suffix in _SUFFIXES) and bool(self.rules.matching(address))

    def entries(self, store: Store, share: Share, after: str = "") -> Iterator[Entry]:
        """The objects of a task past a key, in order, read from the store as they are asked for."""
        deadline = Deadline(PATIENCE)
        listed = store.list(self.prefix, deadline, after=after)
        while True:
            deadline.renew()  # whoever takes the entries may take its time
            entry = next(listed, None)
            if entry is None:
                return
            if share.takes(entry.address.key) and self.takes(entry.address):
                yield entry


def items(entries: Iterator[Entry]) -> Iterator[Item]:
    """Entries in the form in which processes are told of them."""
    for number, entry in enumerate(entries):
        yield Item(number, entry.address.key, entry.size, nameless=entry.nameless)
