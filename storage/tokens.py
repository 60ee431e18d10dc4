"""Signed uploads and downloads for the schemes without signed URLs of their own: `file://` and `memory://`.

A token is base64url(JSON) "." base64url(HMAC-SHA256), similar to RFC 7515. The upload route verifies it.
"""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Sequence

import msgspec

from storage.address import Address
from storage.errors import CannotSignError, TokenError
from storage.facts import SignedUrl, UrlGrant
from storage.options import Options

_SHORTEST_KEY = 32
_PURPOSE = b"darkroom-upload-1."
"""Part of the signed text, so that no token of another kind under the same key is valid here."""


class SignedGrant(msgspec.Struct, frozen=True):
    """What a genuine token allows. `until` is Unix time, seconds."""

    address: Address
    grant: UrlGrant
    until: float


def sign(options: Options, address: Address, grant: UrlGrant) -> SignedUrl:
    """A URL under `options.uploads` that allows what the grant says."""
    if not options.signing_key:
        raise CannotSignError("There is no signing key.")
    token = seal(options.signing_key, SignedGrant(address.check(), grant, time.time() + grant.seconds))
    headers = {"Content-Type": grant.content_type} if grant.method == "PUT" else {}
    return SignedUrl(f"{options.uploads}/{token}", grant.method, headers)


def seal(key: bytes, allowed: SignedGrant) -> str:
    """The token of what is allowed."""
    if len(key) < _SHORTEST_KEY:
        raise CannotSignError(f"The signing key needs at least {_SHORTEST_KEY} bytes.")
    text = msgspec.json.encode(allowed)
    return f"{_encode(text)}.{_encode(_mac(key, text))}"


def unseal(keys: Sequence[bytes], token: str) -> SignedGrant:
    """What a token under one of these keys allows. TokenError if it is not ours, was altered, or has expired."""
    text, dot, mac = token.partition(".")
    body = _decode(text)
    given = _decode(mac)
    if not dot or not any(hmac.compare_digest(given, _mac(key, body)) for key in keys):
        raise TokenError("This token is not genuine.")
    allowed = msgspec.json.decode(body, type=SignedGrant)
    if time.time() >= allowed.until:
        raise TokenError("This token has expired.")
    return allowed


def _mac(key: bytes, text: bytes) -> bytes:
    return hmac.new(key, _PURPOSE + text, hashlib.sha256).digest()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    """The bytes of the canonical spelling only: another one that decodes alike would be a second token."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise TokenError("This token is not genuine.") from None
    if _encode(data) != text:
        raise TokenError("This token is not genuine.")
    return data
