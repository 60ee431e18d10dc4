"""How a picture comes and goes, so that whoever is killed in between leaves nothing visible that is not there.

Put: a row that is pending, the object, the row ready. Delete: the row says so, outputs and renders, the object, the
row. What was left behind is settled by `settle`, for which each step may be done twice.
"""

import contextlib
from collections.abc import Iterator

import msgspec

from catalog.describe import name_from_address
from catalog.row import Row, id_of
from core import codecs
from core.codecs import FORMATS
from core.errors import DarkroomError
from core.limits import Deadline
from service.cataloging import name_metadata, row_of
from service.errors import ImageGoneError, NoSuchImageError
from service.images.repository import ImageRepository, below, matches, new_address
from storage.address import Address
from storage.errors import BadAddressError, ChangedError, NotAllowedError
from storage.facts import Body, ObjectMetadata, Stat
from storage.publish import find_object

_TRIES = 20
_POISON = {400, 413, 415, 422}
"""Statuses of what can never be read: no picture, a damaged one, one that is too large."""


_UNREAD = "0" * 64
"""The checksum in the row of an upload that nobody has looked at yet."""


def store_image(shelf: ImageRepository, data: bytes, name: str, deadline: Deadline) -> Row:
    """Store a picture and its row. Errors: those of core, storage and catalog; ImageGoneError."""
    kind = codecs.probe(data, shelf.processor.limits).format
    address = new_address(shelf.results, kind, name)
    about = ObjectMetadata(content_type=FORMATS[kind].media_type, metadata=name_metadata(name))
    nowhere = Stat(address=address, version="", size=len(data), modified=0.0, about=about, checksums={})
    row = shelf.catalog.put(row_of(shelf.processor, address, nowhere, data, state="pending"), over="")
    if row is None:
        raise ImageGoneError("Another picture has this address.")
    with _settled(shelf, row):
        stat = shelf.store(address).write(address, data, about, deadline)
        return made_ready(shelf, row, stat, deadline)


def receive_image(
    shelf: ImageRepository, address: Address, body: Body, about: ObjectMetadata, deadline: Deadline
) -> Row:
    """Store what comes in, and make its row of it. What is no picture does not stay. ChangedError: it is there already.

    What is not known before the picture is there stands in the pending row as nothing: `settle` looks at it then.
    """
    nothing = Row(
        id=id_of(str(address)), source=str(address), name=name_from_address(str(address)), version="", width=1,
        height=1, format="unread", bytes=0, sha256=_UNREAD,
    )  # fmt: skip
    row = shelf.catalog.put(nothing, over="")
    if row is None:
        raise ChangedError("This address is used already.")
    with _settled(shelf, row):
        stat = shelf.store(address).write(address, body, about, deadline)
        return _read(shelf, row, stat, Deadline(shelf.processor.limits.seconds))


def _read(shelf: ImageRepository, row: Row, stat: Stat, deadline: Deadline) -> Row:
    """The row of an upload, ready; what can be no picture is removed with its row, and its error raised."""
    reading = shelf.store(stat.address).read(stat.address, deadline, at=stat)
    try:
        data = bytes(reading.all(shelf.processor.limits.body_bytes))
        made = row_of(shelf.processor, stat.address, stat, data, state="pending")
    except DarkroomError as error:
        if error.status in _POISON:
            _discard(shelf, row, stat, deadline)
        raise
    pending = shelf.catalog.put(made, over=row.revision)
    if pending is None:
        raise ImageGoneError("This picture was deleted while it was being stored.")
    return made_ready(shelf, pending, stat, deadline)


def _discard(shelf: ImageRepository, row: Row, stat: Stat, deadline: Deadline) -> None:
    leaving = shelf.catalog.change(row, "deleting")
    if leaving:
        shelf.remove(stat.address, deadline, stat.version)
        shelf.catalog.delete(leaving)


@contextlib.contextmanager
def _settled(shelf: ImageRepository, row: Row) -> Iterator[None]:
    """A failure is settled at once, if it can be; else the next start does."""
    try:
        yield
    except Exception:
        with contextlib.suppress(DarkroomError):
            settle_image(shelf, row, Deadline(5.0))
        raise


def made_ready(shelf: ImageRepository, row: Row, stat: Stat, deadline: Deadline) -> Row:
    """The row, ready, once its object is there. ImageGoneError, and no object, where the row was taken away."""
    ready = shelf.catalog.put(msgspec.structs.replace(row, version=stat.version, state="ready"), over=row.revision)
    if ready is None:  # the event of this very object may have been faster
        found = shelf.catalog.get(row.id)
        ready = found if found and found.version == stat.version else None
    if ready is None:
        shelf.remove(stat.address, deadline, stat.version)
        raise ImageGoneError("This picture was deleted while it was being stored.")
    return ready


def delete_image(shelf: ImageRepository, id: str, deadline: Deadline) -> None:  # noqa: A002
    """Delete a picture with all that was made of it. NoSuchImageError where none is visible."""
    for _ in range(_TRIES):
        row = shelf.catalog.get(id)
        if row is None:
            raise NoSuchImageError(id)
        leaving = shelf.catalog.change(row, "deleting")
        if leaving is not None:
            return remove_image(shelf, leaving, deadline)
    raise ImageGoneError("Somebody else changes this picture all the time.")


def remove_image(shelf: ImageRepository, row: Row, deadline: Deadline) -> None:
    """Finish a delete whose row says so already. An object that changed since is somebody's new picture, and stays."""
    for output in row.outputs:
        with contextlib.suppress(BadAddressError):
            shelf.remove(Address.parse(output.url), deadline, output.version)
    for address in renders(shelf, row.id, deadline):
        shelf.remove(address, deadline)
    shelf.remove(Address.parse(row.source), deadline, row.version)
    shelf.catalog.delete(row)


def renders(shelf: ImageRepository, id: str, deadline: Deadline) -> list[Address]:  # noqa: A002
    """The renders that are stored of a picture."""
    folder = below(shelf.results, f"renders/{id}/")
    return [entry.address for entry in shelf.store(folder).list(folder, deadline)]


def settle_image(shelf: ImageRepository, row: Row, deadline: Deadline) -> None:
    """Bring a row that is not ready to its end: ready, if its object is there, or gone. Of several who do, one does."""
    if row.state == "deleting":
        remove_image(shelf, row, deadline)
        return
    address = Address.parse(row.source)
    stat = find_object(shelf.store(address), address, deadline)
    if stat and row.sha256 == _UNREAD:
        _read(shelf, row, stat, deadline)
    elif stat and matches(stat, row.bytes, row.sha256):
        shelf.catalog.put(msgspec.structs.replace(row, version=stat.version, state="ready"), over=row.revision)
    else:
        shelf.catalog.delete(row)


def check_ours(shelf: ImageRepository, source: str, writable: bool) -> None:
    """Refuse to delete an object that is neither ours nor in a bucket that requests may write to. NotAllowedError."""
    if not writable and not source.startswith(str(below(shelf.results, "images/"))):
        raise NotAllowedError("This picture lies in a bucket that this server only reads: delete it there.")
