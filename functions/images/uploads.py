"""Signed uploads: an address for what is longer than a platform's requests may be, and the receiver of `file://`.

Whoever holds the address may create one object of the named type and length, until its time is over. In the clouds the
bucket's event catalogues it; what our own receiver takes is catalogued at once.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import msgspec
from flask import Request, Response, request

from catalog.row import Row, id_of
from core.codecs import FORMATS
from core.errors import BadParameterError
from functions import cataloguing
from functions.answer import to_json
from functions.images import keep, routes
from functions.images.shelf import Shelf, new_address
from functions.negotiate import JSON_TYPE
from functions.problems import BadUploadError, NoResultsError, UnknownOptionError
from functions.source import chunks, json_object
from storage import tokens
from storage.address import Address
from storage.errors import ChangedError, TokenError
from storage.objects import About, Body, Grant

if TYPE_CHECKING:
    from functions.http import Darkroom

SECONDS = 900
"""How long an address may be used."""
_LONGEST_BODY = 64 * 1024


class Wish(msgspec.Struct, frozen=True):
    """What somebody wants to upload."""

    content_type: str
    bytes: int
    filename: str = ""


def install(app: "Darkroom") -> None:
    """Add the routes of uploads. The receiver asks for nothing but the token: who signed it might write."""
    app.serve("/v1/uploads", ask_upload, "write", ("POST",))
    app.serve("/v1/uploads/<token>", receive_upload, "process", ("PUT",))


def ask_upload() -> Response:
    """A signed address for one upload."""
    storage = routes.here().storage
    if storage.results is None:
        raise NoResultsError
    wish = _wish()
    kind = next(name for name, known in FORMATS.items() if known.media_type == wish.content_type and known.reads)
    address = new_address(storage.results, kind, wish.filename)
    grant = Grant(
        method="PUT", seconds=SECONDS, content_type=wish.content_type, least=wish.bytes, most=wish.bytes
    )  # fmt: skip
    signed = storage.stores.of(address).sign(address, grant)
    made = {"url": signed.url, "method": signed.method, "headers": dict(signed.headers), "seconds": SECONDS}
    return _json({**made, "id": id_of(str(address)), "source": str(address)})


def _wish() -> Wish:
    request.max_content_length = _LONGEST_BODY + 1
    given = json_object(b"".join(chunks(request)), "The body")
    for name in given:
        if name not in Wish.__struct_fields__:
            raise UnknownOptionError(name, Wish.__struct_fields__)
    kinds = sorted({known.media_type for known in FORMATS.values() if known.reads})
    most = routes.here().settings.max_upload_bytes
    size, kind, name = given.get("bytes"), given.get("content_type"), given.get("filename", "")
    if kind not in kinds:
        raise BadParameterError("content_type", f"one of {', '.join(kinds)}", kind)
    if type(size) is not int or not 1 <= size <= most:
        raise BadParameterError("bytes", f"a whole number from 1 to {most}", size)
    if not isinstance(name, str):
        raise BadParameterError("filename", "text", name)
    return Wish(kind, size, cataloguing.plain_name(name))


def receive_upload(token: str) -> Response:
    """Take an upload that was signed for. TokenError, BadUploadError, TooManyBytesError; nothing of it stays then."""
    app = routes.here()
    allowed = tokens.unseal(app.storage.signing_key, token)
    if allowed.grant.method != "PUT":
        raise TokenError("This token is for reading.")
    body = _body(request, allowed.grant)
    catalog = cataloguing.opened(app.settings)
    shelf = Shelf(catalog, app.storage.stores, allowed.address, routes.large(app)) if catalog else None
    row = _received(shelf, allowed.address, body, allowed.grant.content_type)
    response = _json({"id": id_of(str(allowed.address)), "source": str(allowed.address)}, 201)
    if row:
        response.headers["Location"] = f"/v1/images/{row.id}"
    return response


def _received(shelf: Shelf | None, address: Address, body: Body, content_type: str) -> Row | None:
    about, deadline = About(content_type=content_type), routes.deadline()
    if shelf:
        return keep.receive(shelf, address, body, about, deadline)
    try:
        routes.here().storage.stores.of(address).write(address, body, about, deadline)
    except ChangedError:
        raise ChangedError("This address was used already.") from None
    return None


def _body(asked: Request, grant: Grant) -> BinaryIO:
    """The body, as it comes in: of the signed type and length, or it is refused."""
    if asked.headers.get("Content-Type") != grant.content_type:
        raise BadUploadError(f"The signed type is {grant.content_type}.", expected=grant.content_type)
    asked.max_content_length = grant.most + 1
    if asked.content_length is not None and asked.content_length < grant.least:
        raise BadUploadError(f"The signed length is {grant.least}.", expected=grant.least, got=asked.content_length)
    return cast("BinaryIO", _Incoming(_counted(asked, grant)))


def _counted(asked: Request, grant: Grant) -> Iterator[bytes]:
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


def _json(value: Any, status: int = 200) -> Response:
    response = Response(to_json(value), status, content_type=JSON_TYPE)
    response.headers["Cache-Control"] = "no-store"
    return response
