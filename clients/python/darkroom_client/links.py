"""Signed links: whoever holds one may read what it names, and needs no other permission.

The server verifies them with the same secret, its DARKROOM_SIGNING_KEY; nothing is sent to it to make one.
"""

import hashlib
import hmac
import re
import time
from urllib.parse import quote, unquote_to_bytes

_OWN = {b"sig", b"expires", b"key"}
_SIGNED = ("/v1/render/", "/v1/images/")
_LATEST = 253402300799
_TIME = re.compile(r"([0-9]{1,12})([smhd]?)\Z")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def sign_url(key: str, url: str, expires: int | None = None) -> str:
    """The URL of a render, a stored picture's render or its original, with a signature.

    Args:
        key: the server's signing key, a secret.
        url: absolute, or beginning with its path.
        expires: Unix time in seconds until which the link is valid; None: always.

    Raises ValueError for a URL that cannot be signed.
    """
    if not key:
        raise ValueError("Without a signing key nothing can be signed.")
    if expires is not None and not 0 < expires <= _LATEST:
        raise ValueError(f"The time in expires must be Unix time in seconds, not {expires}.")
    url, hash_, fragment = url.partition("#")
    address, _, query = url.partition("?")
    path = _path(address)
    kept = [part for part in query.split("&") if part and _decoded(part.partition("=")[0]) not in _OWN]
    parts = [*kept, *([f"expires={expires}"] if expires is not None else []), f"key={_key_id(key)}"]
    return f"{address}?{'&'.join(parts)}&sig={_signature(key, path, parts)}{hash_}{fragment}"


def moment(text: str) -> int:
    """A time, `30m`, `12h` or `7d` from now, or Unix time in seconds. ValueError."""
    found = _TIME.match(text)
    if not found:
        raise ValueError(f"expected 30m, 12h, 7d or Unix time in seconds, got '{text}'")
    count, unit = int(found[1]), found[2]
    return int(time.time()) + count * _SECONDS[unit] if unit else count


def _path(address: str) -> str:
    scheme, colon, rest = address.partition("://")
    path = f"/{rest.partition('/')[2]}" if colon and scheme.isascii() and scheme.isalnum() else address
    if not path.startswith("/"):
        raise ValueError("The URL must be absolute, or begin with its path.")
    if not any(part in path for part in _SIGNED):
        raise ValueError(f"Only links that begin with {' or '.join(_SIGNED)} can be signed.")
    return path


def _key_id(key: str) -> str:
    return hashlib.sha256(b"darkroom-key-id." + key.encode()).hexdigest()[:8]


def _signature(key: str, path: str, parts: list[str]) -> str:
    """128 bits in hex, over the method, the normalised path and the sorted options."""
    pairs = sorted((_decoded(name), _decoded(value)) for name, _, value in (part.partition("=") for part in parts))
    segments = "/".join(quote(unquote_to_bytes(part), safe="") for part in path.split("/"))
    lines = ["GET", segments, *(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)]
    text = b"darkroom-link-2." + "\n".join(lines).encode()
    return hmac.new(key.encode(), text, hashlib.sha256).hexdigest()[:32]


def _decoded(text: str) -> bytes:
    return unquote_to_bytes(text.replace("+", " "))
