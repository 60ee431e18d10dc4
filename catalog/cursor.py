"""Cursors: where a listing continues, signed so that they are valid only for this catalog and their query."""

import base64
import hashlib
import hmac

import msgspec

from catalog.errors import BadCursorError
from catalog.query import Query

SECRET_BYTES = 32
_SEAL_BYTES = 16

_decode = msgspec.json.Decoder(tuple[int | str, int | str]).decode

Place = tuple[int | str, int | str]
"""The last row's sort key, and its tie-breaker."""


def seal_cursor(place: Place, query: Query, secret: bytes) -> str:
    """The cursor for the rows after `place` in this query."""
    body = msgspec.json.encode(place)
    return _text(_seal(body, query, secret) + body)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def open_cursor(query: Query, secret: bytes, kinds: tuple[type, type]) -> Place | None:
    """The place in the query's cursor, None if it has none. BadCursorError unless it was made for this query."""
    if query.cursor is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(query.cursor + "==")
    except ValueError:
        raise BadCursorError from None
    seal, body = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
    if _text(raw) != query.cursor:  # base64 decoding is lenient: only the canonical spelling is accepted
        raise BadCursorError
    if not hmac.compare_digest(seal, _seal(body, query, secret)):
        raise BadCursorError
    return _place(body, kinds)


def _seal(body: bytes, query: Query, secret: bytes) -> bytes:
    """A keyed hash over the place and the query without its cursor and limit."""
    query_bytes = msgspec.json.encode(msgspec.structs.replace(query, cursor=None, limit=0))
    return hashlib.blake2b(
        len(query_bytes).to_bytes(4, "big") + query_bytes + body,
        digest_size=_SEAL_BYTES,
        key=secret,
        person=b"darkroom cursor",
    ).digest()


def _place(body: bytes, kinds: tuple[type, type]) -> Place:
    """Even a signed place is checked: the catalog may have been of another kind when it was made."""
    try:
        value, tie = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise BadCursorError from None
    if not isinstance(value, kinds[0]) or not isinstance(tie, kinds[1]):
        raise BadCursorError
    return value, tie
