"""Signed links: `sig=` in the query says that we made this address, so its render may be stored."""

import hashlib
import hmac
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from service.errors import BadSignatureError
from storage.errors import CannotSignError

NAME = "sig"
_PURPOSE = b"darkroom-render-1."
"""Mixed into the signature, so that no signature of another kind under the same key is one of these."""


def sign_url(key: str | None, url: str) -> str:
    """A URL, whole or from its path on, with its signature. CannotSignError without a key."""
    parts = urlsplit(url)
    signature = _signature(key, parts.path, parts.query)
    query = "&".join(part for part in (*_others(parts.query), f"{NAME}={signature}") if part)
    return parts._replace(query=query).geturl()


def check_signature(key: str | None, path: str, query: str) -> bool:
    """Whether a raw path and query are signed. BadSignatureError (403) where they are, but wrongly."""
    given = dict(parse_qsl(query, keep_blank_values=True)).get(NAME)
    if given is None:
        return False
    if not key or not hmac.compare_digest(given.encode(), _signature(key, path, query).encode()):
        raise BadSignatureError
    return True


def _others(query: str) -> list[str]:
    return [part for part in query.split("&") if part.partition("=")[0] != NAME]


def _signature(key: str | None, path: str, query: str) -> str:
    """128 bits in hex, over the one spelling of path and query: what is on the way may write `~` as `%7E`."""
    if not key:
        raise CannotSignError("There is no key to sign with: DARKROOM_SIGNING_KEY is unset.")
    segments = "/".join(quote(unquote(part), safe="") for part in path.split("/"))
    pairs = sorted(parse_qsl("&".join(_others(query)), keep_blank_values=True))
    text = "\n".join([segments, *(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)])
    return hmac.new(key.encode(), _PURPOSE + text.encode(), hashlib.sha256).hexdigest()[:32]
