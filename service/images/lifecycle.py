"""How a picture is stored and deleted, so that a crash in between never leaves a visible row without its object.

Put: a pending row, the object, the row set to ready. Delete: the row set to deleting, outputs and renders, the object,
the row. `settle_image` finishes what was left behind; each step is idempotent.
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
_UNREADABLE = {400, 413, 415, 422}
"""Statuses of uploads that can never be read: not a picture, a damaged one, or one that is too large."""
_UNREAD = "0" * 64
"""The checksum in the row of an upload that has not been read yet."""


def store_image(
    repository: ImageRepository, data: bytes, name: str, deadline: Deadline, address: Address | None = None
) -> Row:
    """Store a picture and its row; without an address, at a new one.

    Errors: those of core, storage and catalog; ImageGoneError.
    """
    kind = codecs.probe(data, repository.processor.limits).format
    address = address or new_address(repository.results, kind, name)
    about = ObjectMetadata(content_type=FORMATS[kind].media_type, metadata=name_metadata(name))
    unwritten = Stat(address=address, version="", size=len(data), modified=0.0, about=about, checksums={})
    row = repository.catalog.put(row_of(repository.processor, address, unwritten, data, state="pending"), over="")
    if row is None:
        raise ImageGoneError("Another picture has this address already.")
    with _settle_on_failure(repository, row):
        stat = repository.store(address).write(address, data, about, deadline)
        return mark_ready(repository, row, stat, deadline)


def receive_image(
    repository: ImageRepository, address: Address, body: Body, about: ObjectMetadata, deadline: Deadline
) -> Row:
    """Store an upload and its row. One that is not a picture is removed. ChangedError if the address is in use.

    The pending row holds placeholders for what is known only once the picture is there; `settle_image` reads it then.
    """
    placeholder = Row(
        id=id_of(str(address)), source=str(address), name=name_from_address(str(address)), version="", width=1,
        height=1, format="unread", bytes=0, sha256=_UNREAD,
    )  # fmt: skip
    row = repository.catalog.put(placeholder, over="")
    if row is None:
        raise ChangedError("This URL has been used already; POST /v1/uploads returns another one.")
    with _settle_on_failure(repository, row):
        stat = repository.store(address).write(address, body, about, deadline)
        return _describe(repository, row, stat, Deadline(repository.processor.limits.seconds))


def _describe(repository: ImageRepository, row: Row, stat: Stat, deadline: Deadline) -> Row:
    """Read an upload and mark its row ready; one that cannot be a picture is removed with its row."""
    reading = repository.store(stat.address).read(stat.address, deadline, at=stat)
    try:
        data = bytes(reading.all(repository.processor.limits.body_bytes))
        described = row_of(repository.processor, stat.address, stat, data, state="pending")
    except DarkroomError as error:
        if error.status in _UNREADABLE:
            _discard(repository, row, stat, deadline)
        raise
    pending = repository.catalog.put(described, over=row.revision)
    if pending is None:
        raise ImageGoneError("This picture was deleted while it was being stored.")
    return mark_ready(repository, pending, stat, deadline)


def _discard(repository: ImageRepository, row: Row, stat: Stat, deadline: Deadline) -> None:
    deleting = repository.catalog.change(row, "deleting")
    if deleting:
        repository.remove(stat.address, deadline, stat.version)
        repository.catalog.delete(deleting)


@contextlib.contextmanager
def _settle_on_failure(repository: ImageRepository, row: Row) -> Iterator[None]:
    """Settle a failure at once if possible; otherwise the next start does."""
    try:
        yield
    except Exception:
        with contextlib.suppress(DarkroomError):
            settle_image(repository, row, Deadline(5.0))
        raise


def mark_ready(repository: ImageRepository, row: Row, stat: Stat, deadline: Deadline) -> Row:
    """Mark a row ready once its object is there. ImageGoneError, and no object, if the row was deleted."""
    ready = repository.catalog.put(msgspec.structs.replace(row, version=stat.version, state="ready"), over=row.revision)
    if ready is None:  # the event of this very object may have been faster
        found = repository.catalog.get(row.id)
        ready = found if found and found.version == stat.version else None
    if ready is None:
        repository.remove(stat.address, deadline, stat.version)
        raise ImageGoneError("This picture was deleted while it was being stored.")
    return ready


def delete_image(repository: ImageRepository, id: str, deadline: Deadline) -> None:  # noqa: A002
    """Delete a picture and everything described from it. NoSuchImageError if none is visible."""
    for _ in range(_TRIES):
        row = repository.catalog.get(id)
        if row is None:
            raise NoSuchImageError(id)
        deleting = repository.catalog.change(row, "deleting")
        if deleting is not None:
            return remove_image(repository, deleting, deadline)
    raise ImageGoneError("This picture keeps being changed by somebody else.")


def remove_image(repository: ImageRepository, row: Row, deadline: Deadline) -> None:
    """Finish a delete whose row is marked already. An object changed since is a new picture and stays."""
    for output in row.outputs:
        with contextlib.suppress(BadAddressError):
            repository.remove(Address.parse(output.url), deadline, output.version)
    for address in stored_renders(repository, row.id, deadline):
        repository.remove(address, deadline)
    repository.remove(Address.parse(row.source), deadline, row.version)
    repository.catalog.delete(row)


def stored_renders(repository: ImageRepository, id: str, deadline: Deadline) -> list[Address]:  # noqa: A002
    """The stored renders of a picture."""
    folder = below(repository.results, f"renders/{id}/")
    return [entry.address for entry in repository.store(folder).list(folder, deadline)]


def settle_image(repository: ImageRepository, row: Row, deadline: Deadline) -> None:
    """Finish a row: make it ready if its object is there, else remove it. Safe to run concurrently."""
    if row.state == "deleting":
        remove_image(repository, row, deadline)
        return
    address = Address.parse(row.source)
    stat = find_object(repository.store(address), address, deadline)
    if stat and row.sha256 == _UNREAD:
        _describe(repository, row, stat, deadline)
    elif stat and matches(stat, row.bytes, row.sha256):
        repository.catalog.put(msgspec.structs.replace(row, version=stat.version, state="ready"), over=row.revision)
    else:
        repository.catalog.delete(row)


def check_deletable(repository: ImageRepository, source: str, writable: bool) -> None:
    """NotAllowedError for an object that is neither the server's own nor where requests may write."""
    if not writable and not source.startswith(str(below(repository.results, "images/"))):
        raise NotAllowedError("This picture is in a bucket that this server only reads; delete it there.")
