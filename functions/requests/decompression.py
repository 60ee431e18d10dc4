"""Decompresses request bodies (Content-Encoding, RFC 9110, §8.4): gzip or deflate, once."""

import zlib
from collections.abc import Iterator

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

from functions.errors import BadBodyError
from functions.requests.body import chunks, whole_body

_WINDOW = {"gzip": 31, "x-gzip": 31, "deflate": zlib.MAX_WBITS}
"""zlib's `wbits` for a gzip member, and for the zlib stream that HTTP calls deflate."""


def read_body(request: Request) -> bytes:
    """The body, decompressed if necessary.

    Errors: 413 if it exceeds the limit, compressed or not; BadBodyError (400) if it cannot be decompressed.
    """
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if coding == "identity":
        return whole_body(request)
    if coding not in _WINDOW:
        raise BadBodyError(f'The Content-Encoding "{coding[:40]}" is not supported; use gzip or deflate.')
    return decompress(chunks(request), coding, (request.max_content_length or 1) - 1)


def decompress(compressed: Iterator[bytes], coding: str, max_bytes: int) -> bytes:
    """Decompress chunks, to at most `max_bytes` bytes."""
    decompressor, result, room = zlib.decompressobj(_WINDOW[coding]), bytearray(), max_bytes + 1
    try:
        for chunk in compressed:
            if decompressor.eof:
                raise BadBodyError("The body continues after the end of the compressed data.")
            result += decompressor.decompress(chunk, room - len(result))
            if len(result) > max_bytes:
                raise RequestEntityTooLarge
    except zlib.error:
        raise BadBodyError(f"The body is not {coding}.") from None
    if not decompressor.eof or decompressor.unused_data:
        raise BadBodyError("The compressed data is incomplete, or is followed by other data.")
    return bytes(result)
