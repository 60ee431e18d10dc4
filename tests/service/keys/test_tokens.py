"""What the tokens of a real issuer let their bearers do; test_jwt.py has every way in which one can be wrong."""

from collections.abc import Iterator
from typing import Any

import pytest

from service.errors import InvalidTokenError
from service.keys.tokens import BearerTokens
from tests.service.keys.issuer import AUDIENCE, Issuer, ec, ed, issuing


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as made:
        made.keys += [ec("ec"), ed("ed")]
        yield made


@pytest.mark.parametrize(("at", "alg"), [(0, "RS256"), (1, "ES256"), (2, "EdDSA"), (2, "Ed25519")])
def test_a_bearer(issuer: Issuer, at: int, alg: str) -> None:
    found = BearerTokens(issuer.url, AUDIENCE, "scope").verify(issuer.token(issuer.keys[at], alg, scope="process read"))
    assert (found.subject, found.scopes) == ("1", {"process", "read"})


@pytest.mark.parametrize(
    ("claim", "claims", "granted", "scopes"),
    [
        ("scope", {"scope": "read write nonsense"}, None, "read write"),
        ("scope", {"scope": ""}, None, ""),
        ("scope", {}, None, ""),
        ("scope", {"scope": "READ public"}, None, ""),
        ("scp", {"scp": ["read", "admin"]}, None, "read admin"),
        ("roles", {"roles": ["Photos.Edit", "read"]}, {"Photos.Edit": "write"}, "write"),
        ("realm_access.roles", {"realm_access": {"roles": ["metrics"]}}, None, "metrics"),
        ("https://x.example/roles", {"https://x.example/roles": ["read"]}, None, "read"),
        ("a.b", {"a": "read"}, None, ""),
        ("roles", {"roles": {"read": True}}, None, ""),
        ("roles", {"roles": [["read"], 5, None, {"a": 1}]}, None, ""),
    ],
    ids=str,
)
def test_scopes(
    issuer: Issuer, claim: str, claims: dict[str, Any], granted: dict[str, str] | None, scopes: str
) -> None:
    assert BearerTokens(issuer.url, AUDIENCE, claim, granted).verify(issuer.token(**claims)).scopes == set(
        scopes.split()
    )


@pytest.mark.parametrize("subject", [None, "", 5, ["a"]], ids=str)
def test_a_token_of_nobody(issuer: Issuer, subject: object) -> None:
    with pytest.raises(InvalidTokenError):
        BearerTokens(issuer.url, AUDIENCE, "scope").verify(issuer.token(sub=subject))


@pytest.mark.parametrize("claims", [{"aud": "other"}, {"iss": "https://other.example"}, {"exp": 1}], ids=str)
def test_a_token_for_something_else(issuer: Issuer, claims: dict[str, Any]) -> None:
    with pytest.raises(InvalidTokenError):
        BearerTokens(issuer.url, AUDIENCE, "scope").verify(issuer.token(scope="admin", **claims))
