"""The routes of the catalog: list, put, look at, read and delete pictures."""

import re
from typing import TYPE_CHECKING, Any

import msgspec
from flask import Response, request

from catalog import Query, Row, shown
from catalog.base import Catalog
from core.codecs import FORMATS
from core.errors import BadParameterError
from core.limits import Deadline
from functions import cataloguing, ranges
from functions.answer import disposition, to_json
from functions.images import keep
from functions.images.finish import Finisher
from functions.images.shelf import Shelf
from functions.negotiate import JSON_TYPE
from functions.problems import (
    CatalogOffError,
    ConflictingOptionError,
    NoResultsError,
    NoSuchImageError,
    UnknownOptionError,
)
from functions.source import Parcel, query_options, unpack
from functions.work import Bench
from storage.address import Address
from storage.errors import StorageError

if TYPE_CHECKING:
    from functions.http import Darkroom

_ID = re.compile(r"[0-9a-f]{32}\Z")
_UNSAFE = re.compile(r'["\\\x00-\x1f\x7f]')


def install(app: "Darkroom") -> None:
    """Add the routes of the catalog."""
    app.serve("/v1/images", images, "read")
    app.serve("/v1/images", put_image, "write", ("POST",))
    app.serve("/v1/images/<id>", image, "read")
    app.serve("/v1/images/<id>", delete_image, "write", ("DELETE",))
    app.serve("/v1/images/<id>/original", original, "read")


def here() -> "Darkroom":
    """The application of the request at hand."""
    from functions.http import here as application

    return application()


def catalog() -> Catalog:
    """The server's catalog. CatalogOffError (404)."""
    found = cataloguing.opened(here().settings)
    if found is None:
        raise CatalogOffError
    return found


def shelf() -> Shelf:
    """Where pictures are kept. CatalogOffError (404), NoResultsError (503)."""
    kept = catalog()
    storage = here().storage
    if storage.results is None:
        raise NoResultsError
    return Shelf(kept, storage.stores, storage.results, large(here()))


def large(app: "Darkroom") -> Bench:
    """The bench for pictures that are kept: an upload may be longer than a request."""
    longest = max(app.settings.max_upload_bytes, app.bench.limits.body_bytes)
    return msgspec.structs.replace(app.bench, limits=msgspec.structs.replace(app.bench.limits, body_bytes=longest))


def finisher(app: "Darkroom") -> Finisher:
    """What finishes the pictures whose storing or deleting was cut off; it does nothing where none can be."""

    def kept() -> Shelf | None:
        found = cataloguing.opened(app.settings)
        if found is None or app.storage.results is None:
            return None
        return Shelf(found, app.storage.stores, app.storage.results, large(app))

    return Finisher(kept if app.storage.results else None)


def deadline() -> Deadline:
    """What one request may take."""
    return Deadline(here().reader.limits.seconds)


def images() -> Response:
    """Rows that match, a page at a time."""
    query = Query.read(query_options(request.query_string))
    page = catalog().find(query)
    rows = [shown(row) for row in page.images]
    for row, distance in zip(rows, page.distances or (), strict=False):
        row["distance"] = distance
    return _fresh({"images": rows, "next": page.next})


def put_image() -> Response:
    """Keep a picture: its row, with where it is in `Location`."""
    kept = shelf()
    parcel = unpack(request)
    row = keep.put(kept, parcel.picture, _name(parcel), deadline())
    response = _fresh(shown(row), 201)
    response.headers["Location"] = f"/v1/images/{row.id}"
    return response


def _name(parcel: Parcel) -> str:
    """The picture's name: the option `name`, else that of the file."""
    given = [*parcel.parts.items(), *(pair for place in parcel.places for pair in place.items())]
    for key, value in given:
        if key != "name":
            raise UnknownOptionError(key, ["name"])
        if not isinstance(value, str):
            raise BadParameterError("name", "text", "a file" if isinstance(value, bytes) else value)
    names = [value for _, value in given]
    if len(set(names)) > 1:
        raise ConflictingOptionError("name")
    return cataloguing.plain_name(names[0] if names else parcel.filename)


def row_of(id: str) -> Row:  # noqa: A002
    """The row of an id, if it is visible. NoSuchImageError (404)."""
    kept = catalog()
    row = kept.get(id) if _ID.match(id) else None
    if row is None:
        raise NoSuchImageError(id)
    return row


def image(id: str) -> Response:  # noqa: A002
    """What is known of a picture."""
    return _fresh(shown(row_of(id)))


def delete_image(id: str) -> Response:  # noqa: A002
    """Delete a picture with all that was made of it."""
    kept, row = shelf(), row_of(id)
    keep.check_ours(kept, row.source, writable=_writable(row.source))
    keep.delete(kept, id, deadline())
    response = Response(status=204)
    del response.headers["Content-Type"]
    return response


def _writable(source: str) -> bool:
    try:
        here().storage.targets.check(Address.parse(source))
    except StorageError:
        return False
    return True


def original(id: str) -> Response:  # noqa: A002
    """The picture itself, as it was stored."""
    row = row_of(id)
    address = Address.parse(row.source)
    reading = here().storage.stores.of(address).read(address, Deadline(ranges.SECONDS))
    etag = ranges.version_etag(reading.stat)
    if ranges.unchanged(request, etag):
        response = ranges.not_modified(etag)
    else:
        response = ranges.answer(request, ranges.streamed(reading), etag, FORMATS[row.format].media_type)
        response.headers["Content-Disposition"] = disposition("inline", _UNSAFE.sub("_", row.name))
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _fresh(value: Any, status: int = 200) -> Response:
    """JSON that is never kept: rows change."""
    response = Response(to_json(value), status, content_type=JSON_TYPE)
    response.headers["Cache-Control"] = "no-store"
    return response
