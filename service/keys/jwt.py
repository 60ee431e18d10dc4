"""JSON web tokens of an OpenID Connect issuer: signature, issuer, audience and times (RFC 7519, RFC 8725).

Only algorithms with a public key are known here, so no token can be signed with what everybody can read.
"""

import base64
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from core.errors import DarkroomError
from core.limits import Deadline
from service.errors import InvalidTokenError, IssuerUnavailableError
from storage.web.document import fetch_document

if TYPE_CHECKING:  # imported only where a token is checked
    from joserfc.jwk import Key

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
LEEWAY = 60
"""Seconds by which an issuer's clock may differ from ours."""
_LONGEST = 8192
"""Characters of a token."""
_KEPT_SECONDS, _AGAIN_SECONDS = 3600.0, 60.0
"""How long keys are used without asking again, and the shortest time between two requests."""
_FETCH_SECONDS = 5.0
_LEAST_RSA_BITS = 2048
_MOST_KEYS = 100
_logger = logging.getLogger("darkroom")


class KeySource:
    """The public keys of an issuer, asked for when they are first needed, every hour, and at an unknown key id.

    `url` is the JWKS document; without it, the issuer's discovery document names it. At most one request a minute is
    sent, whatever tokens arrive. Thread-safe.
    """

    def __init__(
        self, issuer: str, url: str | None = None, fetch: Callable[[str, Deadline], bytes] = fetch_document
    ) -> None:
        self._issuer, self._url = issuer, url
        self._fetch = fetch
        self._lock = threading.Lock()
        self._keys: dict[str, Key] = {}
        self._fetched = self._asked = float("-inf")

    def key(self, kid: str) -> "Key":
        """The key with this id. InvalidTokenError (401) if the issuer has none; IssuerUnavailableError (503)."""
        known = self._keys.get(kid)
        if known is not None and time.monotonic() - self._fetched <= _KEPT_SECONDS:
            return known  # without the lock: nobody waits for a request that another token has caused
        with self._lock:
            now = time.monotonic()
            is_due = kid not in self._keys or now - self._fetched > _KEPT_SECONDS
            if is_due and now - self._asked > _AGAIN_SECONDS:
                self._asked = now
                self._renew(now)
            if not self._keys:
                raise IssuerUnavailableError(f'The keys of "{self._issuer}" cannot be read; try again later.')
            if kid not in self._keys:
                raise InvalidTokenError("The token is signed with a key that its issuer does not have.")
            return self._keys[kid]

    def _renew(self, now: float) -> None:
        """Read the keys anew. If that fails, those that are known stay in use."""
        deadline = Deadline(_FETCH_SECONDS)
        try:
            document = _json_object(self._fetch(self._url or self._discover(deadline), deadline))
            found = document.get("keys")
            listed = found[:_MOST_KEYS] if isinstance(found, list) else []
            keys = {one["kid"]: key for one in listed if (key := _usable_key(one))}
        except DarkroomError as error:
            _logger.warning("The keys of %s cannot be read: %s", self._issuer, error.detail)
            return
        if keys:
            self._keys, self._fetched = keys, now

    def _discover(self, deadline: Deadline) -> str:
        """The JWKS document's URL (OpenID Connect Discovery 1.0, §4)."""
        document = _json_object(self._fetch(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration", deadline))
        url = document.get("jwks_uri")
        if document.get("issuer") != self._issuer or not isinstance(url, str):
            raise IssuerUnavailableError(f'"{self._issuer}" has no valid discovery document.')
        if not url.startswith("https://") and self._issuer.startswith("https://"):
            raise IssuerUnavailableError(f'The keys of "{self._issuer}" are not at an https:// URL.')
        return url


class TokenVerifier:
    """Verifies the tokens of one issuer for one audience. Thread-safe."""

    def __init__(self, issuer: str, audience: str, algorithms: Sequence[Algorithm], keys: KeySource) -> None:
        self._issuer, self._audience, self._algorithms, self._keys = issuer, audience, tuple(algorithms), keys

    def verify(self, token: str) -> dict[str, Any]:
        """The claims of a token. InvalidTokenError (401) says what is wrong; IssuerUnavailableError (503)."""
        from joserfc import jwt
        from joserfc.errors import JoseError

        header = self._header(token)
        key = self._keys.key(header["kid"])
        try:
            if key.alg not in {None, header["alg"]}:
                raise ValueError("a key for another algorithm")  # noqa: TRY301 - reported like every other mismatch
            decoded = jwt.decode(token, key, registry=_registry(self._algorithms))
        except (JoseError, ValueError, TypeError, RecursionError):
            raise InvalidTokenError("The token's signature is not valid.") from None
        return self._checked(decoded.claims)

    def _header(self, token: str) -> Mapping[str, Any]:
        """The header, before its signature is checked: only which key and which algorithm it names."""
        if len(token) > _LONGEST or token.count(".") != 2 or not token.isascii():
            raise InvalidTokenError("This is not a signed JSON web token.")
        header = _header_of(token)
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in self._algorithms:
            allowed = ", ".join(self._algorithms)
            raise InvalidTokenError(f"The token's algorithm is not one of {allowed}.")
        if not isinstance(kid, str) or "crit" in header:
            raise InvalidTokenError("The token's header names no key, or an extension that is not supported.")
        return header

    def _checked(self, claims: Mapping[str, Any]) -> dict[str, Any]:
        """The claims, once issuer, audience and times are right (RFC 7519, §4.1)."""
        now = time.time()
        if claims.get("iss") != self._issuer:
            raise InvalidTokenError("The token is of another issuer.")
        audience = claims.get("aud")
        if self._audience not in (audience if isinstance(audience, list) else [audience]):
            raise InvalidTokenError("The token is for another audience.")
        expires = _moment(claims, "exp")
        if expires is None or expires <= now - LEEWAY:
            raise InvalidTokenError("The token has expired, or never does.")
        for name in ("nbf", "iat"):
            moment = _moment(claims, name)
            if moment is not None and moment > now + LEEWAY:
                raise InvalidTokenError("The token is not valid yet.")
        return dict(claims)


def _moment(claims: Mapping[str, Any], name: str) -> float | None:
    """A time of the claims, Unix seconds; None if it is absent. InvalidTokenError if it is no number."""
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # noqa: PLR0124 - NaN
        raise InvalidTokenError(f'The token\'s "{name}" is not a time.')
    try:
        return float(value)
    except OverflowError:
        raise InvalidTokenError(f'The token\'s "{name}" is not a time.') from None


def _header_of(token: str) -> dict[str, Any]:
    try:
        header = msgspec.json.decode(_unbase64(token.partition(".")[0]))
    except (ValueError, RecursionError):
        raise InvalidTokenError("This is not a signed JSON web token.") from None
    if not isinstance(header, dict):
        raise InvalidTokenError("This is not a signed JSON web token.")
    return header


def _json_object(data: bytes) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(data)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise IssuerUnavailableError("The issuer's document is not a JSON object.")
    return document


def _usable_key(data: Any) -> "Key | None":
    """A public key for signatures with an id; None for every other: encryption keys, shared secrets, weak ones."""
    from joserfc.errors import JoseError
    from joserfc.jwk import import_key

    if not isinstance(data, dict) or not isinstance(data.get("kid"), str) or data.get("use", "sig") != "sig":
        return None
    if data.get("kty") not in {"RSA", "EC", "OKP"} or "d" in data:
        return None
    try:
        if data["kty"] == "RSA" and int.from_bytes(_unbase64(data["n"])).bit_length() < _LEAST_RSA_BITS:
            return None
        return import_key(data)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _unbase64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@cache
def _registry(allowed: tuple[Algorithm, ...]) -> Any:
    """These algorithms of joserfc, without its warnings: they are the caller's choice."""
    from joserfc.errors import UnsupportedAlgorithmError
    from joserfc.jws import JWSRegistry

    class Registry(JWSRegistry):
        def get_alg(self, name: str) -> Any:
            if name not in allowed:
                raise UnsupportedAlgorithmError(name)
            return self.algorithms[name]

    return Registry(strict_check_header=False)
