"""Signed uploads: an address for what is longer than a platform's requests may be, and the receiver of `file://`.

Whoever holds the address may create one object of the named type and length, until its time is over. In the clouds the
bucket's event catalogues it; what our own receiver takes is catalogued at once.
"""

from collections.abc import Iterator
from typing import BinaryIO, cast

import msgspec
from flask import Request, Response, request

from catalog.row import Row, id_of
from core.codecs import FORMATS
from core.errors import BadParameterError
from functions.app import here
from functions.errors import BadUploadError
from functions.requests.body import chunks, json_object
from functions.responses.results import json_response
from functions.routes import images
from functions.routing import Route
from service import cataloging
from service.errors import NoResultsError, UnknownOptionError
from service.images import lifecycle
from service.images.repository import ImageRepository, new_address
from storage import tokens
from storage.address import Address
from storage.errors import ChangedError, TokenError
from storage.facts import Body, ObjectMetadata, UrlGrant

SECONDS = 900
"""How long an address may be used."""
_LONGEST_BODY = 64 * 1024


class UploadRequest(msgspec.Struct, frozen=True):
    """What somebody wants to upload."""

    content_type: str
    bytes: int
    filename: str = ""


def ask_upload() -> Response:
    """A signed address for one upload."""
    storage = here().service.storage
    if storage.results is None:
        raise NoResultsError
    wanted = _upload_request()
    kind = next(name for name, known in FORMATS.items() if known.media_type == wanted.content_type and known.reads)
    address = new_address(storage.results, kind, wanted.filename)
    grant = UrlGrant(
        method="PUT", seconds=SECONDS, content_type=wanted.content_type, least=wanted.bytes, most=wanted.bytes
    )  # fmt: skip
    signed = storage.stores.of(address).sign(address, grant)
    made = {"url": signed.url, "method": signed.method, "headers": dict(signed.headers), "seconds": SECONDS}
    return json_response({**made, "id": id_of(str(address)), "source": str(address)})


def _upload_request() -> UploadRequest:
    request.max_content_length = _LONGEST_BODY + 1
    given = json_object(b"".join(chunks(request)), "The body")
    for name in given:
        if name not in UploadRequest.__struct_fields__:
            raise UnknownOptionError(name, UploadRequest.__struct_fields__)
    kinds = sorted({known.media_type for known in FORMATS.values() if known.reads})
    most = here().service.settings.max_upload_bytes
    size, kind, name = given.get("bytes"), given.get("content_type"), given.get("filename", "")
    if kind not in kinds:
        raise BadParameterError("content_type", f"one of {', '.join(kinds)}", kind)
    if type(size) is not int or not 1 <= size <= most:
        raise BadParameterError("bytes", f"a whole number from 1 to {most}", size)
    if not isinstance(name, str):
        raise BadParameterError("filename", "text", name)
    return UploadRequest(kind, size, cataloging.plain_name(name))


def receive_upload(token: str) -> Response:
    """Take an upload that was signed for. TokenError, BadUploadError, TooManyBytesError; nothing of it stays then."""
    app = here()
    allowed = tokens.unseal(app.service.storage.signing_key, token)
    if allowed.grant.method != "PUT":
        raise TokenError("This token is for reading.")
    body = _body(request, allowed.grant)
    catalog = cataloging.open_catalog(app.service.settings)
    repository = (
        ImageRepository(catalog, app.service.storage.stores, allowed.address, app.service.upload_processor)
        if catalog
        else None
    )
    row = _received(repository, allowed.address, body, allowed.grant.content_type)
    response = json_response({"id": id_of(str(allowed.address)), "source": str(allowed.address)}, 201)
    if row:
        response.headers["Location"] = f"/v1/images/{row.id}"
    return response


def _received(repository: ImageRepository | None, address: Address, body: Body, content_type: str) -> Row | None:
    about, deadline = ObjectMetadata(content_type=content_type), images.deadline()
    if repository:
        return lifecycle.receive_image(repository, address, body, about, deadline)
    try:
        here().service.storage.stores.of(address).write(address, body, about, deadline)
    except ChangedError:
        raise ChangedError("This address was used already.") from None
    return None


def _body(asked: Request, grant: UrlGrant) -> BinaryIO:
    """The body, as it comes in: of the signed type and length, or it is refused."""
    if asked.headers.get("Content-Type") != grant.content_type:
        raise BadUploadError(f"The signed type is {grant.content_type}.", expected=grant.content_type)
    asked.max_content_length = grant.most + 1
    if asked.content_length is not None and asked.content_length < grant.least:
        raise BadUploadError(f"The signed length is {grant.least}.", expected=grant.least, got=asked.content_length)
    return cast("BinaryIO", _Incoming(_counted(asked, grant)))


def _counted(asked: Request, grant: UrlGrant) -> Iterator[bytes]:
    """The body's pieces; one that is too long is refused before its last piece, one that is too short after it."""
    total = 0
    for piece in chunks(asked):
        total += len(piece)
        yield piece
    if total < grant.least:
        raise BadUploadError(f"The signed length is {grant.least}.", expected=grant.least, got=total)


class _Incoming:
    """A stream that is read once, as a file that a store reads from where it stands to its end."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def tell(self) -> int:
        return 0

    def seek(self, at: int, _whence: int = 0) -> int:
        return at

    def read(self, _count: int = -1) -> bytes:
        return next(self._pieces, b"")


ROUTES = (
    Route("/v1/uploads", ask_upload, "write", ("POST",)),
    Route("/v1/uploads/<token>", receive_upload, "process", ("PUT",)),
)
