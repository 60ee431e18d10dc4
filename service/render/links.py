"""Signed links: a valid `sig=` in the query shows that the operator made the link, so its render may be stored."""

import hashlib
import hmac
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from service.errors import BadSignatureError
from storage.errors import CannotSignError

NAME = "sig"
_PURPOSE = b"darkroom-render-1."
"""Part of the signed text, so that other signatures under the same key are not valid here."""


def sign_url(key: str | None, url: str) -> str:
    """A URL, absolute or beginning with its path, with its signature. CannotSignError without a key."""
    parts = urlsplit(url)
    signature = _signature(key, parts.path, parts.query)
    query = "&".join(part for part in (*_without_signature(parts.query), f"{NAME}={signature}") if part)
    return parts._replace(query=query).geturl()


def check_signature(key: str | None, path: str, query: str) -> bool:
    """Whether a raw path and query are signed. BadSignatureError (403) if the signature is invalid."""
    given = dict(parse_qsl(query, keep_blank_values=True)).get(NAME)
    if given is None:
        return False
    if not key or not hmac.compare_digest(given.encode(), _signature(key, path, query).encode()):
        raise BadSignatureError
    return True


def _without_signature(query: str) -> list[str]:
    return [part for part in query.split("&") if part.partition("=")[0] != NAME]


def _signature(key: str | None, path: str, query: str) -> str:
    """128 bits in hex, over the normalised path and query: a proxy may write `~` as `%7E`."""
    if not key:
        raise CannotSignError("DARKROOM_SIGNING_KEY is not set, so nothing can be signed.")
    segments = "/".join(quote(unquote(part), safe="") for part in path.split("/"))
    pairs = sorted(parse_qsl("&".join(_without_signature(query)), keep_blank_values=True))
    text = "\n".join([segments, *(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)])
    return hmac.new(key.encode(), _PURPOSE + text.encode(), hashlib.sha256).hexdigest()[:32]
