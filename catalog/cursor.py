"""Cursors: where a listing goes on, sealed so that only this catalog's own are followed, and only for their query."""

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
"""The last row's value of what is sorted by, and what tells rows of one value apart."""


def seal_cursor(place: Place, query: Query, secret: bytes) -> str:
    """The cursor of what comes after `place` in this query."""
    body = msgspec.json.encode(place)
    return _text(_seal(body, query, secret) + body)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def open_cursor(query: Query, secret: bytes, kinds: tuple[type, type]) -> Place | None:
    """The place of the query's cursor, None where it has none. BadCursorError unless we made it for this query."""
    if query.cursor is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(query.cursor + "==")
    except ValueError:
        raise BadCursorError from None
    seal, body = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
    if _text(raw) != query.cursor:  # base64 is read leniently: one cursor has one spelling
        raise BadCursorError
    if not hmac.compare_digest(seal, _seal(body, query, secret)):
        raise BadCursorError
    return _place(body, kinds)


def _seal(body: bytes, query: Query, secret: bytes) -> bytes:
    """A keyed hash over the place and all of the query but where it is and how far it goes."""
    asked = msgspec.json.encode(msgspec.structs.replace(query, cursor=None, limit=0))
    return hashlib.blake2b(
        len(asked).to_bytes(4, "big") + asked + body, digest_size=_SEAL_BYTES, key=secret, person=b"darkroom cursor"
    ).digest()


def _place(body: bytes, kinds: tuple[type, type]) -> Place:
    """Even a sealed place is read strictly: the catalog may have been another kind when it was made."""
    try:
        value, tie = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise BadCursorError from None
    if not isinstance(value, kinds[0]) or not isinstance(tie, kinds[1]):
        raise BadCursorError
    return value, tie
