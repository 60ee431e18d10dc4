"""What the handler works with: one for all events of a process."""

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


def _none() -> None:
    return None


class EventContext(msgspec.Struct, frozen=True, kw_only=True):
    """Rules, stores, the bench that computes, the place of our own records, and the catalog, where there is one.

    After `attempts` deliveries, or where those are not counted after `age` seconds, an event is given up. `seconds` is
    how long one event may take.
    """

    rules: Rules
    stores: Stores
    processor: Processor
    results: Address
    catalog: Callable[[], Catalog | None] = _none
    attempts: int = 10
    age: float = 6 * 3600.0
    seconds: float = 60.0

    def look(self, address: Address, deadline: Deadline) -> Stat | None:
        """What is at an address now: one metadata call; None if nothing is."""
        return find_object(self.stores.of(address), address, deadline)
