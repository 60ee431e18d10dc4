"""Tokens of a real local issuer: the right one, and every way in which one can be wrong."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator

import pytest

from core.errors import DarkroomError
from service.errors import InvalidTokenError, IssuerUnavailableError
from service.keys import jwt
from service.keys.jwt import KeySource, TokenVerifier
from tests.service.keys.issuer import AUDIENCE, Issuer, ec, ed, issuing, rsa


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as made:
        made.keys += [ec("ec"), ed("ed")]
        yield made


@pytest.fixture(scope="module")
def verifier(issuer: Issuer) -> TokenVerifier:
    return verifier_of(issuer)


def verifier_of(issuer: Issuer, audience: str = AUDIENCE) -> TokenVerifier:
    return TokenVerifier(issuer.url, audience, ("RS256", "ES256", "EdDSA"), KeySource(issuer.url))


def code(verifier: TokenVerifier, token: str) -> str | None:
    try:
        verifier.verify(token)
    except DarkroomError as error:
        return error.code
    return None


@pytest.mark.parametrize(("at", "alg"), [(0, "RS256"), (1, "ES256"), (2, "EdDSA")])
def test_a_genuine_token(issuer: Issuer, verifier: TokenVerifier, at: int, alg: str) -> None:
    assert verifier.verify(issuer.token(issuer.keys[at], alg, email="a@b.example"))["email"] == "a@b.example"


def encoded(part: object) -> str:
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def confused(issuer: Issuer) -> str:
    """Signed with HS256, the public key being the secret."""
    return by_hand(issuer, {"alg": "HS256", "kid": "one"}, issuer.keys[0].as_pem(private=False))


def by_hand(issuer: Issuer, header: dict[str, object], secret: bytes = b"") -> str:
    """A token of the right claims with any header, under an HMAC."""
    text = f"{encoded(header)}.{issuer.token().split('.')[1]}"
    return f"{text}.{encoded(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


def replaced(token: str, at: int, text: str) -> str:
    parts = token.split(".")
    return ".".join([*parts[:at], text, *parts[at + 1 :]])


NOW = int(time.time())
WRONG: dict[str, Callable[[Issuer], str]] = {
    "nothing": lambda _: "",
    "no token": lambda _: "abc",
    "two parts": lambda issuer: issuer.token().rpartition(".")[0],
    "five parts": lambda issuer: f"{issuer.token()}.a.b",
    "too long": lambda issuer: issuer.token(padding="a" * 9000),
    "not ASCII": lambda issuer: issuer.token() + "é",
    "header is no JSON": lambda issuer: replaced(issuer.token(), 0, encoded(b"{")),
    "header is a list": lambda issuer: replaced(issuer.token(), 0, encoded([])),
    "header is nested deeply": lambda issuer: replaced(issuer.token(), 0, encoded(b"[" * 3000)),
    "header with letters that are skipped": lambda issuer: by_hand(
        issuer, {"alg": "HS256", "kid": "one"}, issuer.keys[0].as_pem(private=False)
    ).replace("ey", "e!y", 1),
    "header is no base64": lambda issuer: replaced(issuer.token(), 0, "%%%"),
    "no signature": lambda issuer: replaced(issuer.token(), 2, ""),
    "another signature": lambda issuer: replaced(issuer.token(), 2, encoded(b"x" * 256)),
    "other claims": lambda issuer: replaced(issuer.token(), 1, encoded({"iss": issuer.url, "aud": AUDIENCE})),
    "algorithm none": lambda issuer: replaced(
        replaced(issuer.token(), 0, encoded({"alg": "none", "kid": "one"})), 2, ""
    ),
    "algorithm None": lambda issuer: by_hand(issuer, {"alg": "None", "kid": "one"}),
    "no algorithm": lambda issuer: by_hand(issuer, {"kid": "one"}),
    "an algorithm that is a list": lambda issuer: by_hand(issuer, {"alg": ["RS256"], "kid": "one"}),
    "HS256 with the public key": confused,
    "HS256 with nothing": lambda issuer: by_hand(issuer, {"alg": "HS256", "kid": "one"}),
    "an algorithm that is not allowed": lambda issuer: issuer.token(alg="RS512"),
    "another key's algorithm": lambda issuer: by_hand(issuer, {"alg": "ES256", "kid": "one"}),
    "no key id": lambda issuer: issuer.token(header={"kid": None}),
    "an unknown key id": lambda issuer: issuer.token(rsa("other")),
    "a key of the token's own": lambda issuer: issuer.token(
        rsa("one"), header={"jwk": issuer.keys[0].as_dict(private=False)}
    ),
    "another key of the same id": lambda issuer: issuer.token(rsa("one")),
    "a critical extension": lambda issuer: by_hand(issuer, {"alg": "RS256", "kid": "one", "crit": ["b64"]}),
    "another issuer": lambda issuer: issuer.token(iss="https://other.example"),
    "no issuer": lambda issuer: issuer.token(iss=None),
    "an issuer that is a list": lambda issuer: issuer.token(iss=[issuer.url]),
    "another audience": lambda issuer: issuer.token(aud="https://other.example"),
    "no audience": lambda issuer: issuer.token(aud=None),
    "a part of the audience": lambda issuer: issuer.token(aud=AUDIENCE[:-1]),
    "expired": lambda issuer: issuer.token(exp=NOW - 3600),
    "never expires": lambda issuer: issuer.token(exp=None),
    "expires at text": lambda issuer: issuer.token(exp="tomorrow"),
    "expires at a number too large to be a time": lambda issuer: issuer.token(exp=10**400),
    "expires at true": lambda issuer: issuer.token(exp=True),
    "not yet": lambda issuer: issuer.token(nbf=NOW + 3600),
    "issued in the future": lambda issuer: issuer.token(iat=NOW + 3600),
}


@pytest.mark.parametrize("made", WRONG.values(), ids=WRONG)
def test_a_wrong_token(issuer: Issuer, verifier: TokenVerifier, made: Callable[[Issuer], str]) -> None:
    assert code(verifier, made(issuer)) == "invalid_token"


def test_clocks_may_differ_a_little(issuer: Issuer, verifier: TokenVerifier) -> None:
    now = int(time.time())
    assert code(verifier, issuer.token(exp=now - 20, iat=now + 20, nbf=now + 20)) is None
    assert code(verifier, issuer.token(aud=["https://other.example", AUDIENCE])) is None


UNUSABLE = {
    "too weak": lambda: rsa("weak", 1024).as_dict(private=False),
    "for encryption": lambda: {**rsa("weak").as_dict(private=False), "use": "enc"},
    "for another algorithm": lambda: {**rsa("weak").as_dict(private=False), "alg": "PS256"},
    "private": lambda: rsa("weak").as_dict(private=True),
    "a shared secret": lambda: {"kty": "oct", "kid": "weak", "k": encoded(b"secret" * 8)},
    "no key at all": lambda: {"kty": "RSA", "kid": "weak"},
    "not an object": lambda: "weak",
}


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("made", UNUSABLE.values(), ids=UNUSABLE)
def test_keys_that_are_not_used(made: Callable[[], object]) -> None:
    with issuing() as issuer:
        issuer.documents["/keys"] = {"keys": [issuer.keys[0].as_dict(private=False), made()]}
        verifier = verifier_of(issuer)
        assert code(verifier, issuer.token()) is None
        assert code(verifier, issuer.token(rsa("weak"))) == "invalid_token"


def test_keys_are_asked_for_once(issuer: Issuer) -> None:
    verifier, before = verifier_of(issuer), len(issuer.asked)
    for _ in range(3):
        verifier.verify(issuer.token())
    assert issuer.asked[before:] == ["/.well-known/openid-configuration", "/keys"]
    assert code(verifier, issuer.token(rsa("unknown"))) == "invalid_token"
    assert len(issuer.asked) - before == 2, "whoever invents key ids causes no requests"


def test_a_new_key_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    with issuing() as issuer:
        verifier = verifier_of(issuer)
        old = issuer.token()
        verifier.verify(old)
        issuer.keys = [rsa("two")]
        monkeypatch.setattr(jwt, "_AGAIN_SECONDS", 0.0)
        verifier.verify(issuer.token())
        assert code(verifier, old) == "invalid_token", "the old key is gone"


def test_keys_stay_in_use_while_the_issuer_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    with issuing() as issuer:
        verifier = verifier_of(issuer)
        token = issuer.token()
        verifier.verify(token)
    monkeypatch.setattr(jwt, "_AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(jwt, "_KEPT_SECONDS", 0.0)
    verifier.verify(token)


DOCUMENTS = {
    "nothing": {"/keys": None, "/.well-known/openid-configuration": None},
    "no JSON": {"/keys": b"<html>"},
    "a list": {"/keys": []},
    "no keys": {"/keys": {"keys": []}},
    "keys that are no list": {"/keys": {"keys": "one"}},
    "another issuer": {"/.well-known/openid-configuration": {"issuer": "https://o.example", "jwks_uri": "x"}},
    "too long": {"/keys": b" " * 600_000},
}


@pytest.mark.parametrize("documents", DOCUMENTS.values(), ids=DOCUMENTS)
def test_an_issuer_that_cannot_be_read(documents: dict[str, object]) -> None:
    with issuing() as issuer:
        issuer.documents = documents
        if documents.get("/keys", "") is None:
            issuer.document = lambda _: None  # type: ignore[method-assign]
        with pytest.raises(IssuerUnavailableError):
            verifier_of(issuer).verify(issuer.token())


@pytest.mark.parametrize("url", ["http://127.0.0.1/keys", "HTTP://127.0.0.1/keys", "http://i.example/keys", "//x", ""])
def test_an_https_issuer_keeps_its_keys_at_https(url: str) -> None:
    asked = []

    def fetch(url_: str, _: object) -> bytes:
        asked.append(url_)
        return json.dumps({"issuer": "https://i.example", "jwks_uri": url, "keys": []}).encode()

    with pytest.raises(IssuerUnavailableError):
        KeySource("https://i.example", fetch=fetch).key("one")
    assert asked == ["https://i.example/.well-known/openid-configuration"]


def test_the_error_says_what_is_wrong(issuer: Issuer, verifier: TokenVerifier) -> None:
    with pytest.raises(InvalidTokenError, match="expired"):
        verifier.verify(issuer.token(exp=NOW - 3600))
