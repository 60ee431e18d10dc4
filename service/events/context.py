"""The context of the event handler: one for all events of a process."""

from collections.abc import Callable

import msgspec

from catalog.base import Catalog
from core.limits import Deadline
from service.processor import Processor
from service.rules.model import Rules
from storage.address import Address
from storage.facts import Stat
from storage.publish import find_object
from storage.registry import Stores


def _no_catalog() -> None:
    return None


class EventContext(msgspec.Struct, frozen=True, kw_only=True):
    """Rules, stores, the processor, the prefix of the records, and the catalog, if there is one.

    An event is given up after `attempts` deliveries, or after `age` seconds if deliveries are not counted. `seconds` is
    how long one event may take.
    """

    rules: Rules
    stores: Stores
    processor: Processor
    results: Address
    catalog: Callable[[], Catalog | None] = _no_catalog
    attempts: int = 10
    age: float = 6 * 3600.0
    seconds: float = 60.0

    def knows(self, address: Address) -> bool:
        """Whether a rule takes objects from this address's bucket, or the server keeps its own objects there."""
        place = (address.scheme, address.bucket)
        return place in self.rules.buckets() or place == (self.results.scheme, self.results.bucket)

    def find(self, address: Address, deadline: Deadline) -> Stat | None:
        """The object at an address, or None: one metadata call."""
        return find_object(self.stores.of(address), address, deadline)
