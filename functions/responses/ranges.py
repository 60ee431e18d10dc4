"""Bytes that are stored, as an answer: ETag and 304, HEAD, one range (RFC 9110, §13 and §14)."""

from collections.abc import Callable, Iterable, Iterator

import msgspec
from flask import Request, Response

from core.identity import sha256
from functions.errors import BadRangeError
from storage.facts import Stat
from storage.reading import Reading

SECONDS = 600.0
"""The longest time that a stream may take: a slow reader is no slow storage."""


class Bytes(msgspec.Struct, frozen=True):
    """What can be sent: how long it is, and its bytes from start up to stop. None of it is read before that."""

    size: int
    part: Callable[[int, int], Iterable[bytes]]


def in_memory(data: bytes) -> Bytes:
    """Bytes that are in memory."""
    return Bytes(len(data), lambda start, stop: (data if stop - start == len(data) else data[start:stop],))


def streamed(reading: Reading) -> Bytes:
    """An object, as it is read from its store; a part of it is not compared with the store's checksum."""
    size = reading.stat.size

    def part(start: int, stop: int) -> Iterable[bytes]:
        return _begun(_delayed(reading.pieces()) if stop - start == size else reading.part(start, stop))

    return Bytes(size, part)


def _delayed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Each piece once the next is there: the last leaves only after the checksum was found right."""
    held_back = b""
    for piece in pieces:
        if held_back:
            yield held_back
        held_back = piece
    if held_back:
        yield held_back


def _begun(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The first piece is fetched at once, so that an error can still be the answer."""
    first = next(pieces, b"")

    def rest() -> Iterator[bytes]:
        yield first
        yield from pieces

    return rest()


def version_etag(stat: Stat) -> str:
    """A strong ETag of a version of an object."""
    return f'"{sha256(f"{stat.address}{chr(0)}{stat.version}".encode())[:32]}"'


def unchanged(request: Request, etag: str) -> bool:
    """Whether the caller has this representation already."""
    return request.if_none_match.contains_weak(etag.strip('"')) or request.if_none_match.star_tag


def not_modified(etag: str) -> Response:
    """A 304; the caller adds what the 200 would say of caching."""
    response = Response(status=304)
    del response.headers["Content-Type"]
    response.headers["ETag"] = etag
    return response


def range_response(request: Request, source: Bytes, etag: str, content_type: str) -> Response:
    """The whole, or the one range that was asked for. BadRangeError (416) where no byte of that is there.

    Several ranges, a wrong `Range` or an `If-Range` of another version mean the whole, as the RFC allows.
    """
    span = _span(request, etag, source.size)
    start, stop = span or (0, source.size)
    body = () if request.method == "HEAD" else source.part(start, stop)
    response = Response(body, 206 if span else 200, content_type=content_type)
    response.headers["Content-Length"] = str(stop - start)
    response.headers["ETag"] = etag
    response.headers["Accept-Ranges"] = "bytes"
    if span:
        response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{source.size}"
    return response


def _span(request: Request, etag: str, size: int) -> tuple[int, int] | None:
    asked = request.range
    if request.method != "GET" or asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        return None
    condition = request.headers.get("If-Range")
    if condition is not None and condition.strip() != etag:
        return None
    span = asked.range_for_length(size)
    if span is None:
        raise BadRangeError(size)
    return span[0], span[1]
