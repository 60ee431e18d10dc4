"""Signed uploads of our own: genuine or refused."""

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import tokens
from storage.address import Address
from storage.errors import BadAddressError, CannotSignError, TokenError
from storage.facts import UrlGrant
from storage.options import Options
from storage.tokens import SignedGrant

KEY = bytes(range(32))
ADDRESS = Address("file", "inbox", "a b/ö.jpg")
GRANT = UrlGrant(method="PUT", seconds=60, content_type="image/jpeg", least=1, most=1000)


def token(grant: UrlGrant = GRANT, key: bytes = KEY) -> str:
    return tokens.sign(Options(signing_key=key, uploads="/u"), ADDRESS, grant).url.removeprefix("/u/")


def test_a_genuine_token_tells_what_is_allowed() -> None:
    allowed = tokens.unseal((KEY,), token())
    assert (allowed.address, allowed.grant) == (ADDRESS, GRANT)


def test_it_is_one_segment_of_a_path() -> None:
    assert set(token()) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


def test_the_headers_to_send() -> None:
    signed = tokens.sign(Options(signing_key=KEY), ADDRESS, GRANT)
    assert (signed.method, signed.headers) == ("PUT", {"Content-Type": "image/jpeg"})
    assert signed.url.startswith("/v1/uploads/")


def with_another_limit() -> str:
    text, _, mac = token().partition(".")
    claims = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).replace(b"1000", b"9000")
    return f"{base64.urlsafe_b64encode(claims).rstrip(b'=').decode()}.{mac}"


TAMPERED = {
    "empty": "",
    "dot": ".",
    "no-signature": token().partition(".")[0],
    "empty-signature": token().partition(".")[0] + ".",
    "another-key": token(key=bytes(32)),
    "another-limit": with_another_limit(),
    "cut": token()[:-1],
    "longer": token() + "A",
    "padded": token() + "=",
    "space": " " + token(),
    "newline": token() + "\n",
    "not-ascii": token() + "é",
    "two-dots": token() + ".x",
    "standard-alphabet": token().replace("-", "+").replace("_", "/") + "+",
}


@pytest.mark.parametrize("name", TAMPERED)
def test_a_tampered_token_is_refused(name: str) -> None:
    with pytest.raises(TokenError):
        tokens.unseal((KEY,), TAMPERED[name])


def test_each_changed_character_is_refused() -> None:
    genuine = token()
    for at, char in enumerate(genuine):
        with pytest.raises(TokenError):
            tokens.unseal((KEY,), genuine[:at] + ("A" if char != "A" else "B") + genuine[at + 1 :])


@given(st.text())
def test_any_text_is_refused(text: str) -> None:
    with pytest.raises(TokenError):
        tokens.unseal((KEY,), text)


@pytest.mark.parametrize("seconds", [0, -1, -3600])
def test_an_expired_token_is_refused(seconds: int) -> None:
    with pytest.raises(TokenError, match="expired"):
        tokens.unseal((KEY,), token(msgspec.structs.replace(GRANT, seconds=seconds)))


def test_what_another_purpose_signed_is_refused() -> None:
    """The same key and claims, without our purpose mixed in."""
    import hashlib
    import hmac

    text = msgspec.json.encode(SignedGrant(ADDRESS, GRANT, 2e10))
    mac = hmac.new(KEY, text, hashlib.sha256).digest()
    forged = ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (text, mac))
    with pytest.raises(TokenError):
        tokens.unseal((KEY,), forged)


@pytest.mark.parametrize("key", [None, b"", b"short"], ids=["none", "empty", "short"])
def test_a_key_that_is_none(key: bytes | None) -> None:
    with pytest.raises(CannotSignError):
        tokens.sign(Options(signing_key=key), ADDRESS, GRANT)


def test_no_token_for_a_bad_address() -> None:
    with pytest.raises(BadAddressError):
        tokens.sign(Options(signing_key=KEY), ADDRESS.at("../a.jpg"), GRANT)


def test_the_other_key_of_a_rotation_is_accepted() -> None:
    other = bytes(reversed(KEY))
    assert tokens.unseal((KEY, other), token(key=other)).address == ADDRESS
    with pytest.raises(TokenError):
        tokens.unseal((KEY,), token(key=other))
