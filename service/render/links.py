"""Signed links: a valid `sig=` in the query shows that the operator made the link, so it needs no other permission.

A link is signed for its method, its path (the source or the picture's id, and the pipeline), and its whole query:
format, options, the key's id (`key`) and the time until which it is valid (`expires`, Unix time in seconds). The
signature does not depend on the order of the options or on how characters are percent-encoded; anything added to the
link, and anything else in it, makes it invalid.

The clients sign links too (clients/python/darkroom_client/links.py, clients/go/links.go), and must stay equal to this.
"""

import hashlib
import hmac
import time
from collections.abc import Sequence
from urllib.parse import parse_qsl, quote, unquote, unquote_to_bytes

import msgspec

from service.errors import BadSignatureError, ExpiredLinkError
from storage.errors import CannotSignError

SIGNATURE, EXPIRES, KEY = "sig", "expires", "key"
OPTIONS = frozenset({SIGNATURE, EXPIRES, KEY})
"""Options of a link itself, which are not options of the picture."""
_OWN = frozenset(option.encode() for option in OPTIONS)
_SIGNED = ("/v1/render/", "/v1/images/")
_PURPOSE, _ID_PURPOSE = b"darkroom-link-2.", b"darkroom-key-id."
"""Part of the signed text, so that other signatures under the same key are not valid here."""
_FIRST_PURPOSE = b"darkroom-render-1."
"""Of links without the id of a key, as earlier versions signed them: they never expire."""
_LATEST = 253402300799
"""The last second of the year 9999."""


class Link(msgspec.Struct, frozen=True):
    """A valid link. `expires` is Unix time in seconds; None: it is always valid."""

    expires: int | None = None


def key_id(key: str) -> str:
    """The name of a key in the links that it signs."""
    return hashlib.sha256(_ID_PURPOSE + key.encode()).hexdigest()[:8]


def sign_url(key: str | None, url: str, expires: int | None = None) -> str:
    """A URL, absolute or beginning with its path, with its signature for GET and HEAD.

    CannotSignError without a key, or for a URL that is neither of a render nor of a stored picture.
    """
    if not key:
        raise CannotSignError("DARKROOM_SIGNING_KEY is not set, so nothing can be signed.")
    if expires is not None and not 0 < expires <= _LATEST:
        raise CannotSignError(f"The time in expires must be Unix time in seconds, not {expires}.")
    url, hash_, fragment = url.partition("#")
    address, _, query = url.partition("?")
    path = _path(address)
    if not any(part in path for part in _SIGNED):
        raise CannotSignError(f"Only links that begin with {' or '.join(_SIGNED)} can be signed.")
    kept = [part for part in query.split("&") if part and not is_own(part.encode())]
    parts = [*kept, *([f"{EXPIRES}={expires}"] if expires is not None else []), f"{KEY}={key_id(key)}"]
    signature = _signature(key, "GET", path.encode(), "&".join(parts).encode())
    return f"{address}?{'&'.join(parts)}&{SIGNATURE}={signature}{hash_}{fragment}"


def check_link(keys: Sequence[str], method: str, path: str, query: bytes) -> Link | None:
    """The link of a request, None if it is not signed; `path` is raw, in Latin-1.

    BadSignatureError, ExpiredLinkError (403). A signature for GET is valid for HEAD.
    """
    pairs = _pairs(query)
    given = [value for name, value in pairs if name == SIGNATURE.encode()]
    if not given:
        return None
    names = [name for name, _ in pairs]
    if any(names.count(option) > 1 for option in _OWN):
        raise BadSignatureError
    if KEY.encode() not in names and EXPIRES.encode() not in names:
        return _check_first(keys, path, query)
    named = dict(pairs)
    key = next((one for one in keys if key_id(one).encode() == named.get(KEY.encode())), None)
    method = "GET" if method == "HEAD" else method
    if key is None or not _equal(given[0], _signature(key, method, path.encode("latin-1", "replace"), query)):
        raise BadSignatureError
    return _valid(named.get(EXPIRES.encode()))


def is_own(part: bytes) -> bool:
    """Whether a part of a query, `name=value`, is an option of the link itself."""
    return _decoded(part.partition(b"=")[0]) in _OWN


def _valid(expires: bytes | None) -> Link:
    """The link of a genuine signature, unless its time has passed."""
    if expires is None:
        return Link()
    if not (expires.isdigit() and len(expires) <= len(str(_LATEST))):
        raise BadSignatureError
    if int(expires) <= time.time():
        raise ExpiredLinkError
    return Link(int(expires))


def _signature(key: str, method: str, path: bytes, query: bytes) -> str:
    """128 bits in hex, over the normalised path and query: a proxy may write `~` as `%7E`."""
    segments = "/".join(quote(unquote_to_bytes(part), safe="") for part in path.split(b"/"))
    pairs = sorted(pair for pair in _pairs(query) if pair[0] != SIGNATURE.encode())
    lines = [method, segments, *(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)]
    return hmac.new(key.encode(), _PURPOSE + "\n".join(lines).encode(), hashlib.sha256).hexdigest()[:32]


def _pairs(query: bytes) -> list[tuple[bytes, bytes]]:
    """Names and values, decoded once, in their order."""
    parts = [part.partition(b"=") for part in query.split(b"&") if part]
    return [(_decoded(name), _decoded(value)) for name, _, value in parts]


def _decoded(text: bytes) -> bytes:
    return unquote_to_bytes(text.replace(b"+", b" "))


def _path(address: str) -> str:
    """The path of a URL without query and fragment. CannotSignError."""
    scheme, colon, rest = address.partition("://")
    if colon and scheme.isascii() and scheme.isalnum():
        return f"/{rest.partition('/')[2]}"
    if not address.startswith("/"):
        raise CannotSignError("The URL must be absolute, or begin with its path.")
    return address


def _equal(given: bytes, expected: str) -> bool:
    return hmac.compare_digest(given, expected.encode())


# --- links without the id of a key ---------------------------------------------------------------------------------


def _check_first(keys: Sequence[str], path: str, query: bytes) -> Link:
    """A link that an earlier version signed. BadSignatureError."""
    text = query.decode("latin-1")
    given = dict(parse_qsl(text, keep_blank_values=True))[SIGNATURE].encode()
    if not any(_equal(given, _first_signature(key, path, text)) for key in keys):
        raise BadSignatureError
    return Link()


def _first_signature(key: str, path: str, query: str) -> str:
    segments = "/".join(quote(unquote(part), safe="") for part in path.split("/"))
    kept = "&".join(part for part in query.split("&") if part.partition("=")[0] != SIGNATURE)
    pairs = sorted(parse_qsl(kept, keep_blank_values=True))
    text = "\n".join([segments, *(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)])
    return hmac.new(key.encode(), _FIRST_PURPOSE + text.encode(), hashlib.sha256).hexdigest()[:32]
