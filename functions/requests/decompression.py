"""A request's body as it was before its sender compressed it (RFC 9110, §8.4): gzip or deflate, once."""

import zlib
from collections.abc import Iterator

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

from functions.errors import BadBodyError
from functions.requests.body import chunks

_WINDOW = {"gzip": 31, "x-gzip": 31, "deflate": zlib.MAX_WBITS}
"""zlib's `wbits` for a gzip member, and for the zlib stream that HTTP calls deflate."""


def read_body(request: Request) -> bytes:
    """The body, inflated where it is compressed.

    Errors: 413 where it is longer than the limit, before or after; BadBodyError (400) where it cannot be inflated.
    """
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if coding == "identity":
        return b"".join(chunks(request))
    if coding not in _WINDOW:
        raise BadBodyError(f"The Content-Encoding «{coding[:40]}» is not read; gzip and deflate are.")
    return inflated(chunks(request), coding, (request.max_content_length or 1) - 1)


def inflated(pieces: Iterator[bytes], coding: str, most: int) -> bytes:
    """What compressed pieces hold: at most `most` bytes, however small they look."""
    engine, held, room = zlib.decompressobj(_WINDOW[coding]), bytearray(), most + 1
    try:
        for piece in pieces:
            if engine.eof:
                raise BadBodyError("The body goes on behind the end of what is compressed.")
            held += engine.decompress(piece, room - len(held))
            if len(held) > most:
                raise RequestEntityTooLarge
    except zlib.error:
        raise BadBodyError(f"The body is no {coding}.") from None
    if not engine.eof or engine.unused_data:
        raise BadBodyError("What is compressed breaks off, or something follows it.")
    return bytes(held)
