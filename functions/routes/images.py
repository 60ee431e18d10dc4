"""The routes of stored pictures: list, store, describe, download and delete."""

import re
from typing import Annotated

from flask import Response, g, request
from msgspec import Meta

from catalog import ImageId, ImageRow, Query, Row, row_json
from catalog.query import PARAMETERS
from core.codecs import FORMATS
from core.errors import BadParameterError
from core.limits import Deadline
from functions.app import here
from functions.openapi.contents import IMAGE, PICTURE, PICTURES, range_replies
from functions.requests.body import query_options, unpack
from functions.responses import ranges
from functions.responses.caching import fresh
from functions.responses.oversize import see_other
from functions.routing import JSON_TYPE, JsonObject, Reply, Route, Schema, json_reply
from service import cataloging
from service.errors import ConflictingOptionError, NoResultsError, NoSuchImageError, UnknownOptionError
from service.images import lifecycle
from service.payload import Payload
from service.results import content_disposition
from storage.address import Address
from storage.errors import NotAllowedError, StorageError

_ID = re.compile(r"[0-9a-f]{32}\Z")


_NAME: Schema = {
    "type": "string", "description": "The picture's name, cut to 200 characters; by default, the file's",
}  # fmt: skip


class ImagePage(JsonObject):
    """One page of pictures."""

    images: list[ImageRow]
    next: Annotated[str | None, Meta(description="The next page's `cursor`; null on the last page")]


def images() -> Response:
    """Find pictures by size, format, label, name, time or similarity, one page at a time."""
    query = Query.read(query_options(request.query_string))
    page = here().service.catalog().find(query)
    distances = page.distances or (None,) * len(page.images)
    rows = [row_json(row, distance) for row, distance in zip(page.images, distances, strict=True)]
    return fresh(ImagePage(images=rows, next=page.next))


def put_image() -> Response:
    """Store a picture."""
    repository = here().service.images()
    payload = unpack(request)
    row = lifecycle.store_image(repository, payload.picture, _name(payload), g.deadline)
    response = fresh(row_json(row), 201)
    response.headers["Location"] = f"/v1/images/{row.id}"
    return response


def _name(payload: Payload) -> str:
    """The picture's name: the option `name`, else the file name."""
    given = [*payload.pictures.items(), *(pair for place in payload.options for pair in place.items())]
    for key, value in given:
        if key != "name":
            raise UnknownOptionError(key, ["name"])
        if not isinstance(value, str):
            raise BadParameterError("name", "text", "a file" if isinstance(value, bytes) else value)
    names = [value for _, value in given]
    if len(set(names)) > 1:
        raise ConflictingOptionError("name")
    return cataloging.plain_name(names[0] if names else payload.filename)


def row_of(id: str) -> Row:  # noqa: A002
    """The visible row of an id. NoSuchImageError (404)."""
    catalog = here().service.catalog()
    row = catalog.get(id) if _ID.match(id) else None
    if row is None:
        raise NoSuchImageError(id)
    return row


def image(id: ImageId) -> Response:  # noqa: A002
    """Describe a picture."""
    return fresh(row_json(row_of(id)))


def delete_image(id: ImageId) -> Response:  # noqa: A002
    """Delete a picture and everything made from it."""
    repository, row = here().service.images(), row_of(id)
    lifecycle.check_deletable(repository, row.source, writable=_writable(row.source))
    if "If-Match" in request.headers:
        address = Address.parse(row.source)
        stat = here().service.storage.stores.of(address).read(address, g.deadline).stat
        ranges.check_version(request, ranges.version_etag(stat))
    lifecycle.delete_image(repository, id, g.deadline)
    response = Response(status=204)
    del response.headers["Content-Type"]
    return response


def is_deletable(source: str) -> bool:
    """Whether a caller with the scope `write` may delete the picture at this address."""
    try:
        lifecycle.check_deletable(here().service.images(), source, writable=_writable(source))
    except (NotAllowedError, NoResultsError):
        return False
    return True


def _writable(source: str) -> bool:
    try:
        here().service.storage.targets.check(Address.parse(source))
    except StorageError:
        return False
    return True


def original(id: ImageId) -> Response:  # noqa: A002
    """Download a picture as it was stored; its file name is its id."""
    row = row_of(id)
    address = Address.parse(row.source)
    reading = here().service.storage.stores.of(address).read(address, Deadline(ranges.SECONDS))
    etag = ranges.version_etag(reading.stat)
    kind = FORMATS[row.format].media_type
    most = here().service.platform.most(kind)
    size = reading.stat.size
    if ranges.unchanged(request, etag):
        response = ranges.not_modified(etag)
    elif request.method == "GET" and request.range is None and most is not None and size > most:
        return see_other(here().service, address, size, most)
    else:
        response = ranges.range_response(request, ranges.streamed(reading), etag, kind, most)
        response.headers["Content-Disposition"] = content_disposition(
            "inline", f"{row.id}.{FORMATS[row.format].extension}"
        )
    response.headers["Cache-Control"] = "private, no-cache"
    return response


_LOOKING = (404, 503)
_READING = (404, 412, 413, 416, 502, 503, 504, 507)
STORING = (404, 409, 412, 413, 415, 422, 429, 502, 503, 504, 507)
"""Refusals of routes that store or delete."""
_BODY = {
    "multipart/form-data": {
        "type": "object", "properties": {"file": PICTURE, "name": _NAME}, "required": ["file"],
        "additionalProperties": False,
    },
    JSON_TYPE: {
        "type": "object", "properties": {"image": IMAGE, "name": _NAME}, "required": ["image"],
        "additionalProperties": False,
    },
    **PICTURES,
}  # fmt: skip
ROUTES = (
    Route("/v1/images", images, "read", query=PARAMETERS, answers=(json_reply(ImagePage),), refuses=_LOOKING),
    Route(
        "/v1/images", put_image, "write", ("POST",), heavy=True,
        query={"name": _NAME}, body=_BODY,
        answers=(json_reply(ImageRow, status=201, description="The picture is stored", headers=("Location",)),),
        refuses=STORING,
    ),
    Route("/v1/images/<id>", image, "read", answers=(json_reply(ImageRow),), refuses=_LOOKING),
    Route(
        "/v1/images/<id>", delete_image, "write", ("DELETE",),
        answers=(Reply(status=204, description="The picture is deleted"),), refuses=STORING,
    ),
    Route(
        "/v1/images/<id>/original", original, "read", permit="link",
        answers=range_replies(PICTURES), refuses=_READING,
    ),
)  # fmt: skip
