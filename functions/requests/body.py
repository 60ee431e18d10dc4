"""Request bodies: the picture, second pictures and options from a form, JSON or the raw picture."""

import binascii
import io
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

import msgspec
from flask import Request
from multipart import MultipartError, MultipartSegment, ParserLimitReached, PushMultipartParser
from werkzeug.exceptions import ClientDisconnected, HTTPException, RequestEntityTooLarge

from core.errors import DarkroomError, EmptyNameError, EmptyPictureError, NoPictureError
from functions.errors import BadBase64Error, BadBodyError, BadEncodingError, SlowBodyError, TwoPicturesError
from functions.requests.members import MAX_MEMBERS, has_more_members
from service.errors import ConflictingOptionError
from service.options import options
from service.payload import Payload

_CHUNK, _UNKNOWN_CHUNK = 1024 * 1024, 16 * 1024
_SECONDS, _SECONDS_OF_A_BYTE = 0.05, 0.02 / 1024**2
"""Seconds of CPU that reading may take; a body in chunks of a byte takes a hundred times as long as any other."""
_MAX_PARTS = 200
_MAX_HEADERS = 32
_MAX_HEADER_BYTES = 16_384
_MAX_BYTES_OF_ALL_HEADERS = 131_072
_MAX_FIELDS = 200
_EXTENDED = re.compile(r";\s*filename\*\s*=\s*\"?[\w-]*'[\w-]*'([^;\s\"]*)", re.ASCII | re.IGNORECASE)
_WHITESPACE = b" \t\r\n\v\f"


class Part(msgspec.Struct, frozen=True):
    """One part of a form; a plain field has no filename."""

    name: str
    filename: str | None
    data: bytes


def unpack(request: Request) -> Payload:
    """Read the payload of a request. Errors: 400 with a code for each mistake, 413 `too_many_bytes`."""
    query = query_options(request.query_string)
    if request.mimetype == "multipart/form-data":
        return _from_form(list(form_parts(request)), query)
    body = whole_body(request)
    if body and request.mimetype == "application/json":
        return _from_json(body, query)
    if not body and not _has_source([query]):
        raise EmptyPictureError("The request has no body; send a picture.")
    return _checked(Payload(body, "", {}, [query]))


def _has_source(places: Iterable[Mapping[str, Any]]) -> bool:
    """Whether an option names a source for the picture."""
    return any(place.get("source") is not None for place in places)


def _checked(payload: Payload) -> Payload:
    """TwoPicturesError if a payload has both a picture and a source."""
    if payload.picture and _has_source(payload.options):
        raise TwoPicturesError(
            "The request has a picture and names a source; only one of them is allowed.", parameter="source"
        )
    return payload


def chunks(request: Request) -> Iterator[bytes]:
    """The body in chunks. The limit is checked here because Werkzeug silently truncates a chunked body at its limit.

    Errors: RequestEntityTooLarge (413); BadBodyError (400) if the body ends early or has invalid framing.
    """
    most = (request.max_content_length or 1) - 1
    if (request.content_length or 0) > most:
        raise RequestEntityTooLarge
    size = _UNKNOWN_CHUNK if request.content_length is None else _CHUNK
    total, spent = 0, 0.0
    while True:
        before = time.thread_time()
        chunk = _read(request, size)
        spent += time.thread_time() - before
        if not chunk:
            break
        total += len(chunk)
        if total > most:
            raise RequestEntityTooLarge
        if spent > _SECONDS + _SECONDS_OF_A_BYTE * total:
            raise BadBodyError("The body is sent in far too many small chunks.")
        yield chunk
    if request.content_length is not None and total < request.content_length:
        raise BadBodyError("The body is shorter than its Content-Length.")


def whole_body(request: Request) -> bytes:
    """The body in one piece. Errors as `chunks`."""
    parts = chunks(request)
    first = next(parts, b"")
    second = next(parts, b"")
    if not second:
        return first  # most bodies: not copied
    body = io.BytesIO()
    for chunk in chain((first, second), parts):
        body.write(chunk)
    return body.getvalue()


def _read(request: Request, size: int) -> bytes:
    try:
        return request.stream.read(size)
    except ClientDisconnected as error:
        if isinstance(error.__context__, TimeoutError):
            raise SlowBodyError("The body did not come in time; see X-Request-Timeout.") from None
        raise BadBodyError("The client ended the connection before the body's end.") from None
    except (HTTPException, DarkroomError):
        raise
    except Exception:  # noqa: BLE001 - each server has its own exceptions for broken chunks
        raise BadBodyError("The body cannot be read to its end.") from None


def query_options(query: bytes) -> dict[str, str]:
    """Options of a query string, decoded exactly once; a name may be repeated only with the same value."""
    try:
        pairs = parse_qsl(query.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except UnicodeError:
        raise BadEncodingError("The query string is not percent-encoded UTF-8.") from None
    except ValueError:
        raise BadBodyError(f"The query string has more than {_MAX_FIELDS} fields.") from None
    return _unique(pairs)


def form_parts(request: Request) -> Iterator[Part]:
    """The parts of a multipart/form-data body (RFC 7578), kept in memory: temporary files in a cloud are memory too."""
    boundary = request.mimetype_params.get("boundary", "")
    if not (0 < len(boundary) <= 200 and boundary.isascii() and boundary.isprintable()):
        raise BadBodyError("The Content-Type multipart/form-data needs a valid boundary.")
    parser = PushMultipartParser(
        boundary,
        max_segment_count=_MAX_PARTS,
        max_header_count=_MAX_HEADERS,
        max_header_size=_MAX_HEADER_BYTES,
        header_charset="latin-1",  # reads any bytes; _name makes text of them
    )
    try:
        yield from _parsed(request, parser)
    except ParserLimitReached:
        raise BadBodyError(
            f"The form has more than {_MAX_PARTS} parts, or a part with too many or too long headers."
        ) from None
    except MultipartError:
        raise BadBodyError("The form cannot be read: it is incomplete, or its boundary is wrong.") from None
    finally:
        parser.error = None  # else the error keeps the parser, and the whole body, until the next garbage collection


def _with_empty_lines(body: bytes, boundary: bytes) -> bytes:
    """The body with an empty line added to parts that end after their headers (RFC 2046, 5.1.1).

    Some clients write empty fields that way, and the parser waits for the line. No other form is changed, since no part
    contains its own boundary. BadBodyError (400) if there are too many parts, or their headers are too long together.
    """
    delimiter = b"\r\n--" + boundary
    if body.count(delimiter) > _MAX_PARTS + 1:
        raise BadBodyError(f"The form has more than {_MAX_PARTS} parts.")
    pieces: list[bytes] = []
    start, place, headers = 0, len(boundary) + 2, 0
    while (end := body.find(delimiter, place)) >= 0:
        empty_line = body.find(b"\r\n\r\n", place, end + 2)
        headers += (empty_line if empty_line >= 0 else end) - place
        if headers > _MAX_BYTES_OF_ALL_HEADERS:
            raise BadBodyError("The headers of the form's parts are too long.")
        if empty_line == end - 2:
            pieces += (body[start:end], b"\r\n")
            start = end
        place = end + len(delimiter)
    return b"".join((*pieces, body[start:])) if pieces else body


def _parsed(request: Request, parser: PushMultipartParser) -> Iterator[Part]:
    segment: MultipartSegment | None = None
    data: list[bytes] = []
    body = _with_empty_lines(whole_body(request), parser.boundary)
    for chunk in (body, b"") if body else (b"",):  # an empty chunk is the end
        for event in parser.parse(chunk):
            if isinstance(event, MultipartSegment):
                segment, data = event, []
            elif event is not None:
                data.append(event)
            elif segment is not None:
                yield _part(segment, data)


def _part(segment: MultipartSegment, data: list[bytes]) -> Part:
    if not segment.name:
        raise BadBodyError("The form has a part without a name.")
    filename = _extended_filename(segment) if segment.filename is None else _name(segment.filename)
    return Part(_name(segment.name), filename, data[0] if len(data) == 1 else b"".join(data))


def _extended_filename(segment: MultipartSegment) -> str | None:
    """The name in `filename*` (RFC 8187), which forms should not have (RFC 7578, §4.2) and some clients send."""
    found = _EXTENDED.search(segment.header("Content-Disposition", ""))
    return _name(unquote_to_bytes(found[1]).decode("latin-1")) if found else None


def _name(text: str) -> str:
    """A name from a header that was read as Latin-1: clients send UTF-8, or the bytes that a file system has."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _from_form(parts: list[Part], query: dict[str, str]) -> Payload:
    files = [part for part in parts if part.filename is not None and part.name != "request"]
    fields = [part for part in parts if part.filename is None or part.name == "request"]
    requests = _request_of([part.data for part in fields if part.name == "request"])
    plain = _unique([(part.name, text_of(part)) for part in fields if part.name != "request"])
    places = [query, plain, *requests]
    files = files if _has_source(places) else _named_file(files)
    others = {part.name: part.data for part in files if part.name != "file" and part.filename}
    if _has_source(places) and not any(part.filename for part in files if part.name == "file"):
        return Payload(b"", "", others, places)
    picture = _file_part(files)
    return _checked(Payload(picture.data, picture.filename or "", others, places))


def _request_of(found: list[bytes]) -> list[dict[str, Any]]:
    """The options in the field "request"; a second one is refused before any is decoded."""
    if len(found) > 1:
        raise ConflictingOptionError("request")
    return [json_object(data, 'The field "request"') for data in found]


def _named_file(files: list[Part]) -> list[Part]:
    """The files of a form; the only one is the picture, whatever its field is called."""
    if len(files) == 1 and files[0].filename and files[0].name != "file":
        return [msgspec.structs.replace(files[0], name="file")]
    return files


def _file_part(files: list[Part]) -> Part:
    found = [part for part in files if part.name == "file"]
    if not found:
        raise NoPictureError('The form has no file in the field "file".', parameter="file")
    if len(found) > 1:
        raise ConflictingOptionError("file")
    if not found[0].filename:
        raise EmptyNameError('The field "file" has no file name: no file was chosen.', parameter="file")
    if not found[0].data:
        raise EmptyPictureError("The file has no bytes.", parameter="file")
    return found[0]


def text_of(part: Part) -> str:
    """The text of a plain field; browsers send UTF-8."""
    try:
        return part.data.decode("utf-8")
    except UnicodeError:
        raise BadEncodingError(f'The field "{part.name[:80]}" is not UTF-8.', parameter=part.name[:80]) from None


def _unique(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Each name with its value; only a list may be split over several fields, as HTML forms send it."""
    given: dict[str, str] = {}
    for name, value in pairs:
        if name in given and name in options() and options()[name].many:
            given[name] += f"+{value}"
        elif given.setdefault(name, value) != value:
            raise ConflictingOptionError(name[:80])
    return given


def _from_json(body: bytes, query: dict[str, str]) -> Payload:
    json = json_object(body, "The body")
    image, pictures = json.pop("image", None), json.pop("pictures", {})
    if not isinstance(pictures, dict):
        raise BadBodyError('"pictures" must be an object of names and base64.', parameter="pictures")
    if image is None and not _has_source([query, json]):
        raise NoPictureError('The JSON has no member "image".', parameter="image")
    picture = b"" if image is None else base64_bytes(image, "image")
    if not picture and image is not None:
        raise EmptyPictureError('The picture in "image" has no bytes.', parameter="image")
    others = {name: base64_bytes(data, f"pictures.{name[:80]}") for name, data in pictures.items()}
    return _checked(Payload(picture, "", others, [query, json]))


def json_object(data: bytes, what: str) -> dict[str, Any]:
    """Decode a JSON object; BadBodyError (400) for anything else, such as a million members, or arrays as deep."""
    if has_more_members(data):
        raise BadBodyError(f"{what} has more than {MAX_MEMBERS} members and elements.")
    try:
        value = msgspec.json.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise BadBodyError(f"{what} is not JSON.") from None
    if not isinstance(value, dict):
        raise BadBodyError(f"{what} must be a JSON object.")
    return value


def base64_bytes(text: Any, where: str) -> bytes:
    """The bytes of base64 (RFC 4648, §4; line breaks allowed) or of a base64 data URL (RFC 2397)."""
    if not isinstance(text, str):
        raise BadBase64Error(f'"{where}" must be a string of base64.', parameter=where)
    if text.startswith("data:"):
        head, comma, text = text.partition(",")
        if not comma or not head.endswith(";base64"):
            raise BadBase64Error(f'"{where}" is a data URL without base64.', parameter=where)
    try:
        encoded = text.encode("ascii")
        return binascii.a2b_base64(encoded.translate(None, _WHITESPACE), strict_mode=True)
    except ValueError:
        raise BadBase64Error(f'"{where}" is not base64.', parameter=where) from None
