"""Bearer tokens of an OpenID Connect issuer (RFC 7519, RFC 8725), verified by joserfc."""

import re
import time
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, get_args

import msgspec

from service.errors import WrongTokenError
from service.keys.issuer import IssuerKeys
from service.scopes import Scope

if TYPE_CHECKING:
    from joserfc.jws import JWSRegistry

ALGORITHMS = ("RS256", "ES256", "EdDSA", "Ed25519")
"""Asymmetric ones only: with `none` or HMAC anybody who knows the public keys could make tokens."""
LEEWAY_SECONDS = 60
"""By how much clocks may differ."""
_MAX_LENGTH = 8192
_TOKEN = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_SCOPES = frozenset(get_args(Scope)) - {"public"}


class VerifiedToken(msgspec.Struct, frozen=True):
    """What a valid token says: who its bearer is, and what it may do."""

    subject: str
    scopes: frozenset[Scope]


class TokenVerifier:
    """Verifies the tokens of one issuer for one audience. Thread-safe.

    `claim` holds the scopes: text with spaces between them, or a list; `a.b` is the member `b` of the claim `a`.
    `granted` is which of its values give which scope; without it a value is the scope of that name.
    """

    def __init__(
        self, issuer: str, audience: str, claim: str, granted: Mapping[str, str] | None = None,
        keys: IssuerKeys | None = None,
    ) -> None:  # fmt: skip
        self._issuer = issuer
        self._audience = audience
        self._claim = claim
        self._granted = granted or {name: name for name in _SCOPES}
        self._keys = keys or IssuerKeys(issuer)

    def verify(self, text: str) -> VerifiedToken:
        """What a token says. WrongTokenError (401), IssuerUnreachableError (503)."""
        from joserfc import jwt
        from joserfc.errors import JoseError

        if len(text) > _MAX_LENGTH or not _TOKEN.fullmatch(text):
            raise WrongTokenError("The bearer token is not a signed JSON Web Token (RFC 7519).")
        try:
            claims = jwt.decode(text, self._key_of, ALGORITHMS, _registry()).claims
        except (JoseError, ValueError, KeyError, TypeError, RecursionError):
            raise WrongTokenError("The token's signature, or algorithm, is not valid.") from None
        self._check(claims)
        subject = claims.get("sub")
        if not isinstance(subject, str) or not subject:
            raise WrongTokenError("The token has no subject (sub).")
        return VerifiedToken(subject, self._scopes(claims))

    def _key_of(self, token: Any) -> Any:
        header = token.headers()
        if header.get("alg") not in ALGORITHMS:
            raise WrongTokenError(f"The token's algorithm must be one of {', '.join(ALGORITHMS)}.")
        return self._keys.find(header.get("kid"))

    def _check(self, claims: Mapping[str, Any]) -> None:
        audience = claims.get("aud")
        audiences = [audience] if isinstance(audience, str) else audience
        if claims.get("iss") != self._issuer:
            raise WrongTokenError("The token is of another issuer.")
        if not isinstance(audiences, list) or self._audience not in audiences:
            raise WrongTokenError("The token is for another audience.")
        now, latest = time.time(), time.time() + LEEWAY_SECONDS
        ends: Any = claims.get("exp")
        if not _is_number(ends) or now - LEEWAY_SECONDS >= ends:
            raise WrongTokenError("The token has expired, or does not say when it expires (exp).")
        begins: list[Any] = [claims[name] for name in ("nbf", "iat") if name in claims]
        if not all(_is_number(moment) and moment <= latest for moment in begins):
            raise WrongTokenError("The token is not valid yet.")

    def _scopes(self, claims: Mapping[str, Any]) -> frozenset[Scope]:
        values = _member(claims, self._claim)
        words: Iterable[Any] = values.split() if isinstance(values, str) else values if isinstance(values, list) else ()
        named = {self._granted[word] for word in words if isinstance(word, str) and word in self._granted}
        return frozenset(scope for scope in _SCOPES if scope in named)


def _member(claims: Mapping[str, Any], name: str) -> Any:
    """A claim by its name, which may hold dots, else a member of one."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@cache
def _registry() -> "JWSRegistry":
    """The algorithms of joserfc; of EdDSA, which issuers still write, without a warning at each token (RFC 9864)."""
    import copy

    from joserfc.jws import JWSRegistry

    class _Registry(JWSRegistry):
        algorithms = {**JWSRegistry.algorithms, "EdDSA": copy.copy(JWSRegistry.algorithms["EdDSA"])}  # noqa: RUF012

    _Registry.algorithms["EdDSA"].security_warning = None
    return _Registry(algorithms=list(ALGORITHMS))
