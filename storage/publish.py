"""Write an object with certain bytes and metadata over whatever version is there now."""

import msgspec

from core.limits import Deadline
from storage.address import Address
from storage.errors import ChangedError, NoObjectError, SlowError
from storage.facts import Body, ObjectMetadata, Stat
from storage.objects import Store


class Published(msgspec.Struct, frozen=True):
    """The object as it is, and whether this call wrote it: False if it was there already."""

    stat: Stat
    written: bool


def find_object(store: Store, address: Address, deadline: Deadline) -> Stat | None:
    """The object at an address, by one metadata call; None if there is none."""
    try:
        return store.read(address, deadline).stat
    except NoObjectError:
        return None


def publish(
    store: Store, address: Address, body: Body, about: ObjectMetadata, deadline: Deadline, *, known: Stat | None
) -> Published:
    """Write by compare-and-swap against the known version, and start over if another writer was faster.

    Nothing is written if the object has the same metadata already, so `about` must name everything that determines the
    bytes (source, its version, digest). A file as body must be at the position to read from.
    """
    while deadline.remaining() > 0:
        if known and known.about == about:
            return Published(known, written=False)
        try:
            stat = store.write(address, body, about, deadline, replaces=known.version if known else None)
        except ChangedError:
            known = find_object(store, address, deadline)
        else:
            return Published(stat, written=True)
    raise SlowError(f'The deadline passed before "{address}" was written.')
