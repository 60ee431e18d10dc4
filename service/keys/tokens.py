"""Callers by the bearer tokens of an OpenID Connect issuer, and the scopes that their claims give them."""

from collections.abc import Mapping
from typing import Any, get_args

import msgspec

from service.errors import InvalidTokenError
from service.keys.jwt import LEEWAY, Algorithm, KeySource, TokenVerifier
from service.scopes import Scope

_ALGORITHMS: tuple[Algorithm, ...] = ("RS256", "ES256", "EdDSA", "Ed25519")
_SCOPES = frozenset(get_args(Scope)) - {"public"}


class Bearer(msgspec.Struct, frozen=True):
    """What a valid token says: who its bearer is, what it may do, and until when (Unix seconds)."""

    subject: str
    scopes: frozenset[Scope]
    until: float


class BearerTokens:
    """The tokens of one issuer for one audience. Thread-safe.

    `claim` holds the scopes: text with spaces between them, or a list; `a.b` is the member `b` of the claim `a`.
    `granted` is which of its values give which scope; without it a value is the scope of that name.
    """

    def __init__(self, issuer: str, audience: str, claim: str, granted: Mapping[str, str] | None = None) -> None:
        self._verifier = TokenVerifier(issuer, audience, _ALGORITHMS, KeySource(issuer))
        self._claim = claim
        self._granted = granted or {name: name for name in _SCOPES}

    def verify(self, text: str) -> Bearer:
        """What a token says. InvalidTokenError (401), IssuerUnavailableError (503)."""
        claims = self._verifier.verify(text)
        subject = claims.get("sub")
        if not isinstance(subject, str) or not subject:
            raise InvalidTokenError("The token has no subject (sub).")
        return Bearer(subject, self._scopes(claims), claims["exp"] + LEEWAY)

    def _scopes(self, claims: Mapping[str, Any]) -> frozenset[Scope]:
        values = _member(claims, self._claim)
        words = values.split() if isinstance(values, str) else values if isinstance(values, list) else []
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
