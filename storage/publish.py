"""See that an object is there with certain bytes and metadata, over whatever version is there now."""

import msgspec

from core.limits import Deadline
from storage.address import Address
from storage.errors import ChangedError, NoObjectError, SlowError
from storage.facts import Body, ObjectMetadata, Stat
from storage.objects import Store


class Published(msgspec.Struct, frozen=True):
    """The object as it is, and whether this call wrote it: False where it was there already."""

    stat: Stat
    written: bool


def find_object(store: Store, address: Address, deadline: Deadline) -> Stat | None:
    """What is at an address now: one metadata call; None if nothing is."""
    try:
        return store.read(address, deadline).stat
    except NoObjectError:
        return None


def publish(
    store: Store, address: Address, body: Body, about: ObjectMetadata, deadline: Deadline, *, seen: Stat | None
) -> Published:
    """Write by compare and swap against what was seen first, and begin anew where somebody else was faster.

    Nothing is written where an object says the same of itself already: `about` must therefore name all that settles
    the bytes (source, its version, digest). A file as body must stand where it should be read from.
    """
    while deadline.remaining() > 0:
        if seen and seen.about == about:
            return Published(seen, written=False)
        try:
            stat = store.write(address, body, about, deadline, replaces=seen.version if seen else None)
        except ChangedError:
            seen = find_object(store, address, deadline)
        else:
            return Published(stat, written=True)
    raise SlowError(f"The time was over before «{address}» was written.")
