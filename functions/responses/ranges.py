"""Responses with stored bytes: ETag and 304, HEAD, a single range (RFC 9110, §13 and §14)."""

from collections.abc import Callable, Iterable, Iterator

import msgspec
from flask import Request, Response

from core.identity import sha256
from functions.errors import BadRangeError, PreconditionFailedError
from storage.facts import Stat
from storage.reading import Reading

CSP = "sandbox; default-src 'none'"
"""Stored bytes are data: nothing in them runs as a page of this server, whatever a browser takes them for."""
SECONDS = 600.0
"""Time limit of a stream, seconds: it depends on the client, not only on the storage."""


class Bytes(msgspec.Struct, frozen=True):
    """Bytes to send: their size, and a function that reads them from start to stop."""

    size: int
    part: Callable[[int, int], Iterable[bytes]]


def in_memory(data: bytes) -> Bytes:
    """Bytes in memory."""
    return Bytes(len(data), lambda start, stop: (data if stop - start == len(data) else data[start:stop],))


def streamed(reading: Reading) -> Bytes:
    """An object streamed from its store; a part of it is not verified by the store's checksum."""
    size = reading.stat.size

    def part(start: int, stop: int) -> Iterable[bytes]:
        return _started(_delayed(reading.pieces()) if stop - start == size else reading.part(start, stop))

    return Bytes(size, part)


def _delayed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Each chunk once the next has arrived: the last is sent only after the checksum has been verified."""
    previous = b""
    for chunk in chunks:
        if previous:
            yield previous
        previous = chunk
    if previous:
        yield previous


def _started(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Fetch the first chunk at once, so that an error can still be reported."""
    first = next(chunks, b"")

    def rest() -> Iterator[bytes]:
        yield first
        yield from chunks

    return rest()


def version_etag(stat: Stat) -> str:
    """A strong ETag of an object's version."""
    return f'"{sha256(f"{stat.address}{chr(0)}{stat.version}".encode())[:32]}"'


def check_version(request: Request, etag: str) -> None:
    """PreconditionFailedError (412) if `If-Match` names other versions only (RFC 9110, §13.1.1)."""
    if "If-Match" in request.headers and not (request.if_match.star_tag or request.if_match.is_strong(etag.strip('"'))):
        raise PreconditionFailedError


def unchanged(request: Request, etag: str) -> bool:
    """Whether the caller has this representation already. PreconditionFailedError (412) of `check_version`."""
    check_version(request, etag)
    return request.if_none_match.contains_weak(etag.strip('"')) or request.if_none_match.star_tag


def not_modified(etag: str) -> Response:
    """A 304; the caller adds the cache headers of the 200."""
    response = Response(status=304)
    del response.headers["Content-Type"]
    response.headers["ETag"] = etag
    return response


def range_response(request: Request, source: Bytes, etag: str, content_type: str, most: int | None = None) -> Response:
    """All bytes, or the requested range, of which at most `most` bytes. BadRangeError (416) if that contains no byte.

    A part of a range is a valid answer to it (RFC 9110, §15.3.7): the client requests the rest. Several ranges, an
    invalid `Range` or an `If-Range` of another version return all bytes, as the RFC allows.
    """
    span = _span(request, etag, source.size)
    start, stop = span or (0, source.size)
    if span and most is not None:
        stop = min(stop, start + most)
    body = () if request.method == "HEAD" else source.part(start, stop)
    response = Response(body, 206 if span else 200, content_type=content_type)
    response.headers["Content-Length"] = str(stop - start)
    response.headers["ETag"] = etag
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Content-Security-Policy"] = CSP
    if span:
        response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{source.size}"
    return response


def _span(request: Request, etag: str, size: int) -> tuple[int, int] | None:
    requested = request.range
    if request.method != "GET" or requested is None or requested.units != "bytes" or len(requested.ranges) != 1:
        return None
    condition = request.headers.get("If-Range")
    if condition is not None and condition.strip() != etag:
        return None
    span = requested.range_for_length(size)
    if span is None:
        raise BadRangeError(size)
    return span[0], span[1]
