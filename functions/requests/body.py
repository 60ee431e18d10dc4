"""The picture, its companions and the options out of a request's body: a form, JSON or the picture itself."""

import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from flask import Request
from multipart import MultipartError, MultipartSegment, ParserLimitReached, PushMultipartParser
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from core.errors import EmptyNameError, EmptyPictureError, NoPictureError
from functions.errors import BadBase64Error, BadBodyError, BadEncodingError, TwoPicturesError
from service.errors import ConflictingOptionError
from service.options import options
from service.payload import Payload

_CHUNK = 1024 * 1024
_MOST_PARTS = 200
_MOST_HEADERS = 32
_LONGEST_HEADER = 16_384
_MOST_FIELDS = 200


class Part(msgspec.Struct, frozen=True):
    """One part of a form; a plain field has no filename."""

    name: str
    filename: str | None
    data: bytes


def unpack(request: Request) -> Payload:
    """Read a request. Errors: 400 with a code of its own for each way to be wrong, 413 `too_many_bytes`."""
    query = query_options(request.query_string)
    if request.mimetype == "multipart/form-data":
        return _from_form(list(form_parts(request)), query)
    body = b"".join(chunks(request))
    if body and request.mimetype == "application/json":
        return _from_json(body, query)
    if not body and not _elsewhere([query]):
        raise EmptyPictureError("The request has no body; send a picture.")
    return _one(Payload(body, "", {}, [query]))


def _elsewhere(places: Iterable[Mapping[str, Any]]) -> bool:
    """Whether an option says that the picture is somewhere else."""
    return any(place.get("source") is not None for place in places)


def _one(payload: Payload) -> Payload:
    """The payload, if it brings its picture or says where it is, not both. TwoPicturesError."""
    if payload.picture and _elsewhere(payload.options):
        raise TwoPicturesError("The request brings a picture and names a source; one of the two.", parameter="source")
    return payload


def chunks(request: Request) -> Iterator[bytes]:
    """The body in pieces. Werkzeug cuts a chunked body silently at its limit, which is why the limit is counted here.

    Errors: RequestEntityTooLarge (413); BadBodyError (400) where the body ends early or is framed wrongly.
    """
    most = (request.max_content_length or 1) - 1
    total = 0
    while chunk := _read(request):
        total += len(chunk)
        if total > most:
            raise RequestEntityTooLarge
        yield chunk
    if request.content_length is not None and total < request.content_length:
        raise BadBodyError("The body is shorter than its Content-Length.")


def _read(request: Request) -> bytes:
    try:
        return request.stream.read(_CHUNK)
    except HTTPException:
        raise
    except Exception:  # noqa: BLE001 - each server has its own exceptions for broken chunks
        raise BadBodyError("The body cannot be read to its end.") from None


def query_options(query: bytes) -> dict[str, str]:
    """Options of a query string, decoded exactly once; each name at most once, or with the same value."""
    try:
        pairs = parse_qsl(query.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except UnicodeError:
        raise BadEncodingError("The query string is not percent-encoded UTF-8.") from None
    except ValueError:
        raise BadBodyError(f"The query string has more than {_MOST_FIELDS} fields.") from None
    return _once(pairs)


def form_parts(request: Request) -> Iterator[Part]:
    """The parts of a multipart/form-data body (RFC 7578), kept in memory: a cloud's temporary files are memory too."""
    boundary = request.mimetype_params.get("boundary", "")
    if not (0 < len(boundary) <= 200 and boundary.isascii() and boundary.isprintable()):
        raise BadBodyError("The Content-Type multipart/form-data needs a boundary.")
    parser = PushMultipartParser(
        boundary, max_segment_count=_MOST_PARTS, max_header_count=_MOST_HEADERS, max_header_size=_LONGEST_HEADER
    )
    try:
        yield from _parsed(request, parser)
    except ParserLimitReached:
        raise BadBodyError(
            f"The form has more than {_MOST_PARTS} parts, or a part with too many or too long headers."
        ) from None
    except MultipartError:
        raise BadBodyError("The form cannot be read: it breaks off, or its boundary is another one.") from None


def _mended(body: bytes, boundary: bytes) -> bytes:
    """The body with one line more behind the headers of a part that ends with them (RFC 2046, 5.1.1).

    Some senders write empty fields so, and the parser waits for the line that would be the body's. Nobody else's form
    is changed: no part holds its own boundary.
    """
    mark = b"--" + boundary
    if b"\r\n\r\n" + mark not in body:
        return body
    mark = re.escape(mark)
    headers = rb"(?:[^\r\n]{1,%d}+\r\n){1,%d}+" % (_LONGEST_HEADER, _MOST_HEADERS)  # possessive: no second thoughts
    return re.sub(rb"(%b\r\n%b\r\n)(?=%b)" % (mark, headers, mark), rb"\1\r\n", body)


def _parsed(request: Request, parser: PushMultipartParser) -> Iterator[Part]:
    segment: MultipartSegment | None = None
    held: list[bytes] = []
    body = _mended(b"".join(chunks(request)), parser.boundary)
    for chunk in (body, b"") if body else (b"",):  # an empty chunk is the end
        for event in parser.parse(chunk):
            if isinstance(event, MultipartSegment):
                segment, held = event, []
            elif event is not None:
                held.append(event)
            elif segment is not None:
                yield _part(segment, held)


def _part(segment: MultipartSegment, held: list[bytes]) -> Part:
    if not segment.name:
        raise BadBodyError("The form has a part without a name.")
    return Part(segment.name, segment.filename, held[0] if len(held) == 1 else b"".join(held))


def _from_form(parts: list[Part], query: dict[str, str]) -> Payload:
    files = [part for part in parts if part.filename is not None and part.name != "request"]
    fields = [part for part in parts if part.filename is None or part.name == "request"]
    requests = [json_object(part.data, "The field «request»") for part in fields if part.name == "request"]
    plain = _once([(part.name, text_of(part)) for part in fields if part.name != "request"])
    others = {part.name: part.data for part in files if part.name != "file" and part.filename}
    places = [query, plain, *requests]
    if _elsewhere(places) and not any(part.filename for part in files if part.name == "file"):
        return Payload(b"", "", others, places)
    picture = _the_file(files)
    return _one(Payload(picture.data, picture.filename or "", others, places))


def _the_file(files: list[Part]) -> Part:
    found = [part for part in files if part.name == "file"]
    if not found:
        raise NoPictureError("The form has no file in a field «file».", parameter="file")
    if len(found) > 1:
        raise ConflictingOptionError("file")
    if not found[0].filename:
        raise EmptyNameError("The field «file» has no file name: no file was chosen.", parameter="file")
    if not found[0].data:
        raise EmptyPictureError("The file has no bytes.", parameter="file")
    return found[0]


def text_of(part: Part) -> str:
    """A plain field's text; forms of browsers send UTF-8."""
    try:
        return part.data.decode("utf-8")
    except UnicodeError:
        raise BadEncodingError(f"The field «{part.name[:80]}» is not UTF-8.", parameter=part.name[:80]) from None


def _once(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Each name with its value; only a list may come in several fields, as HTML forms send it."""
    given: dict[str, str] = {}
    for name, value in pairs:
        if name in given and name in options() and options()[name].many:
            given[name] += f"+{value}"
        elif given.setdefault(name, value) != value:
            raise ConflictingOptionError(name[:80])
    return given


def _from_json(body: bytes, query: dict[str, str]) -> Payload:
    members = json_object(body, "The body")
    image, pictures = members.pop("image", None), members.pop("pictures", {})
    if not isinstance(pictures, dict):
        raise BadBodyError("«pictures» is an object of names and base64.", parameter="pictures")
    if image is None and not _elsewhere([query, members]):
        raise NoPictureError("The JSON has no member «image».", parameter="image")
    picture = b"" if image is None else base64_bytes(image, "image")
    if not picture and image is not None:
        raise EmptyPictureError("The picture in «image» has no bytes.", parameter="image")
    others = {name: base64_bytes(data, f"pictures.{name[:80]}") for name, data in pictures.items()}
    return _one(Payload(picture, "", others, [query, members]))


def json_object(data: bytes, what: str) -> dict[str, Any]:
    """A JSON object; BadBodyError (400) for anything else, such as arrays nested a million deep."""
    try:
        value = msgspec.json.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise BadBodyError(f"{what} is not JSON.") from None
    if not isinstance(value, dict):
        raise BadBodyError(f"{what} is JSON, but no object.")
    return value


def base64_bytes(text: Any, where: str) -> bytes:
    """The bytes of base64 (RFC 4648, §4; line breaks allowed) or of a base64 data URL (RFC 2397)."""
    if not isinstance(text, str):
        raise BadBase64Error(f"«{where}» is no text of base64.", parameter=where)
    if text.startswith("data:"):
        head, comma, text = text.partition(",")
        if not comma or not head.endswith(";base64"):
            raise BadBase64Error(f"«{where}» is a data URL without base64.", parameter=where)
    try:
        return binascii.a2b_base64("".join(text.split()), strict_mode=True)
    except ValueError:
        raise BadBase64Error(f"«{where}» is not base64.", parameter=where) from None
