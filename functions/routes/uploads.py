"""Signed uploads: URLs for files larger than a platform's request limit, and the receiver for `file://`.

Whoever holds the URL may create one object of the signed type and length, until it expires. In a cloud, the bucket's
event adds it to the catalog; our own receiver does so at once.
"""

from collections.abc import Iterator
from typing import Annotated, BinaryIO, Literal, cast

import msgspec
from flask import Request, Response, g, request
from msgspec import Meta

from catalog import ImageId, Row, id_of
from core.codecs import FORMATS
from core.errors import BadParameterError
from core.limits import Deadline
from functions.app import here
from functions.errors import BadUploadError
from functions.openapi.contents import PICTURES, READABLE, range_replies
from functions.requests.body import chunks, json_object, whole_body
from functions.responses import ranges
from functions.responses.results import json_response
from functions.routes.images import STORING
from functions.routing import JSON_TYPE, JsonObject, Route, json_reply
from service import cataloging
from service.errors import NoResultsError, UnknownOptionError
from service.images import lifecycle
from service.images.repository import ImageRepository, new_address
from service.settings import Settings
from storage import tokens
from storage.address import Address
from storage.errors import ChangedError, TokenError
from storage.facts import Body, ObjectMetadata, UrlGrant

SECONDS = 900
"""How long a URL is valid, seconds."""
_MAX_BODY = 64 * 1024


class UploadRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The upload that a caller requests; the operator limits its size."""

    content_type: Literal[READABLE]  # type: ignore[valid-type]
    bytes: Annotated[int, Meta(ge=1, le=Settings().max_upload_bytes, description="The exact size")]
    filename: Annotated[str, Meta(description="Becomes part of the object's name")] = ""


class Uploaded(JsonObject):
    """The uploaded picture."""

    id: ImageId
    source: Annotated[str, Meta(description="Its address in storage")]


class Upload(JsonObject):
    """A signed URL for one upload, and where the picture will be stored."""

    url: Annotated[str, Meta(description="Where to send the bytes; relative to this server if it begins with /")]
    method: Literal["PUT"]
    headers: Annotated[dict[str, str], Meta(description="Headers to send with the bytes")]
    seconds: Annotated[int, Meta(ge=0, description="How long the URL is valid")]
    id: ImageId
    source: Annotated[str, Meta(description="Its address in storage")]


def ask_upload() -> Response:
    """Create a signed URL for one upload."""
    storage = here().service.storage
    if storage.results is None:
        raise NoResultsError
    upload = _upload_request()
    kind = next(name for name, known in FORMATS.items() if known.media_type == upload.content_type and known.reads)
    address = new_address(storage.results, kind, upload.filename)
    grant = UrlGrant(
        method="PUT", seconds=SECONDS, content_type=upload.content_type, least=upload.bytes, most=upload.bytes
    )  # fmt: skip
    signed = storage.stores.of(address).sign(address, grant)
    return json_response(
        Upload(
            url=signed.url,
            method="PUT",
            headers=dict(signed.headers),
            seconds=SECONDS,
            id=id_of(str(address)),
            source=str(address),
        )
    )


def _upload_request() -> UploadRequest:
    request.max_content_length = _MAX_BODY + 1
    given = json_object(whole_body(request), "The body")
    for name in given:
        if name not in UploadRequest.__struct_fields__:
            raise UnknownOptionError(name, UploadRequest.__struct_fields__)
    kinds = sorted({known.media_type for known in FORMATS.values() if known.reads})
    limit = here().service.settings.max_upload_bytes
    size, kind, name = given.get("bytes"), given.get("content_type"), given.get("filename", "")
    if kind not in kinds:
        raise BadParameterError("content_type", f"one of {', '.join(kinds)}", kind)
    if type(size) is not int or not 1 <= size <= limit:
        raise BadParameterError("bytes", f"a whole number from 1 to {limit}", size)
    if not isinstance(name, str):
        raise BadParameterError("filename", "text", name)
    return UploadRequest(kind, size, cataloging.plain_name(name))


UploadToken = Annotated[str, Meta(pattern="^[A-Za-z0-9_.-]{1,2000}$", description="The end of the signed URL")]


def receive_upload(token: UploadToken) -> Response:
    """Receive a signed upload to `file://`.

    TokenError, BadUploadError, TooManyBytesError; nothing is stored then.
    """
    app = here()
    allowed = tokens.unseal(app.service.storage.valid_keys, token)
    if allowed.grant.method != "PUT":
        raise TokenError("This token is valid for reading only.")
    body = _body(request, allowed.grant)
    catalog = cataloging.open_catalog(app.service.settings)
    repository = (
        ImageRepository(catalog, app.service.storage.stores, allowed.address, app.service.upload_processor)
        if catalog
        else None
    )
    row = _received(repository, allowed.address, body, allowed.grant.content_type)
    response = json_response(Uploaded(id=id_of(str(allowed.address)), source=str(allowed.address)), 201)
    if row:
        response.headers["Location"] = f"/v1/images/{row.id}"
    return response


def download(token: UploadToken) -> Response:
    """Download what a signed URL to `file://` allows. TokenError."""
    app = here()
    allowed = tokens.unseal(app.service.storage.valid_keys, token)
    if allowed.grant.method != "GET":
        raise TokenError("This token is valid for an upload only.")
    reading = app.service.storage.stores.of(allowed.address).read(allowed.address, Deadline(ranges.SECONDS))
    etag, kind = ranges.version_etag(reading.stat), reading.stat.about.content_type
    if ranges.unchanged(request, etag):
        response = ranges.not_modified(etag)
    else:
        response = ranges.range_response(request, ranges.streamed(reading), etag, kind, app.service.platform.most(kind))
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _received(repository: ImageRepository | None, address: Address, body: Body, content_type: str) -> Row | None:
    about, deadline = ObjectMetadata(content_type=content_type), g.deadline
    if repository:
        return lifecycle.receive_image(repository, address, body, about, deadline)
    try:
        here().service.storage.stores.of(address).write(address, body, about, deadline)
    except ChangedError:
        raise ChangedError("This URL has been used already.") from None
    return None


def _body(upload: Request, grant: UrlGrant) -> BinaryIO:
    """The body as a stream, refused unless it has the signed type and length."""
    if upload.headers.get("Content-Type") != grant.content_type:
        raise BadUploadError(f"The Content-Type must be {grant.content_type}, as signed.", expected=grant.content_type)
    upload.max_content_length = grant.most + 1
    if upload.content_length is not None and upload.content_length < grant.least:
        raise BadUploadError(
            f"The length must be {grant.least} bytes, as signed.", expected=grant.least, got=upload.content_length
        )
    return cast("BinaryIO", _BodyStream(_counted(upload, grant)))


def _counted(upload: Request, grant: UrlGrant) -> Iterator[bytes]:
    """The chunks of the body; one that is too long is refused before its last chunk, a short one after it."""
    total = 0
    for chunk in chunks(upload):
        total += len(chunk)
        yield chunk
    if total < grant.least:
        raise BadUploadError(f"The length must be {grant.least} bytes, as signed.", expected=grant.least, got=total)


class _BodyStream:
    """A stream that is read once, as a file that a store reads from its current position to its end."""

    def __init__(self, body: Iterator[bytes]) -> None:
        self._chunks = body

    def tell(self) -> int:
        return 0

    def seek(self, at: int, _whence: int = 0) -> int:
        return at

    def read(self, _count: int = -1) -> bytes:
        return next(self._chunks, b"")


ROUTES = (
    Route(
        "/v1/uploads/<token>", download, "public",
        answers=range_replies(PICTURES), refuses=(404, 416, 502, 503, 504),
    ),
    Route(
        "/v1/uploads", ask_upload, "write", ("POST",),
        body={JSON_TYPE: UploadRequest}, answers=(json_reply(Upload),), refuses=(413, 501, 502, 503),
    ),
    Route(
        "/v1/uploads/<token>", receive_upload, "public", ("PUT",), heavy=True,
        body=PICTURES,
        answers=(
            json_reply(Uploaded, status=201, description="The picture is stored", optional_headers=("Location",)),
        ),
        refuses=STORING,
    ),
)  # fmt: skip
