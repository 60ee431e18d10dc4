"""What a signature is of, and what makes it invalid."""

import hashlib
import hmac
import time
from urllib.parse import parse_qsl, quote, unquote

import pytest

from core.errors import DarkroomError
from service.render import links
from storage.errors import CannotSignError

KEY, OTHER = "a secret of the tests' own, 32 or more", "another secret of the tests', 32 or more"
URL = "/v1/render/text:a~b/-/gs/photos/a%20b.jpg?format=png&quality=5"
SOON = int(time.time()) + 3600


def code(url: str, keys: tuple[str, ...] = (KEY,), method: str = "GET") -> str | None:
    """The error of a request, None if it is validly signed, "unsigned" if it is not signed."""
    path, _, query = url.removeprefix("https://photos.example").partition("?")
    try:
        found = links.check_link(keys, method, path, query.encode())
    except DarkroomError as error:
        return error.code
    return None if found else "unsigned"


SIGNED = links.sign_url(KEY, URL, SOON)
ID = links.key_id(KEY)
SAME = {
    "as it was signed": SIGNED,
    "absolute": f"https://photos.example{SIGNED}",
    "more encoded": SIGNED.replace("a~b", "a%7Eb").replace("photos", "%70hotos"),
    "less encoded": SIGNED.replace("text:a", "text%3Aa"),
    "encoded in lower case": SIGNED.replace("a~b", "a%7eb"),
    "another order": SIGNED.partition("?")[0] + "?" + "&".join(reversed(SIGNED.partition("?")[2].split("&"))),
    "empty parts": SIGNED.replace("&", "&&"),
}


@pytest.mark.parametrize("url", SAME.values(), ids=SAME)
def test_the_spelling_makes_no_difference(url: str) -> None:
    assert code(url) is None
    assert code(url, method="HEAD") is None


TAMPERED = {
    "another pipeline": SIGNED.replace("text:a~b", "text:a~c"),
    "one step more": SIGNED.replace("text:a~b", "text:a~b/blur"),
    "another picture": SIGNED.replace("a%20b.jpg", "a%20c.jpg"),
    "another bucket": SIGNED.replace("photos", "others"),
    "a slash for an encoded one": SIGNED.replace("/photos/a", "/photos%2Fa"),
    "an encoded slash for one": SIGNED.replace("photos/", "photos%2F"),
    "a slash at the end": SIGNED.replace(".jpg?", ".jpg/?"),
    "two slashes": SIGNED.replace("/v1/", "//v1/"),
    "another format": SIGNED.replace("png", "jpeg"),
    "another quality": SIGNED.replace("quality=5", "quality=6"),
    "an option less": SIGNED.replace("&quality=5", ""),
    "an option more": f"{SIGNED}&lossless=true",
    "an option twice": f"{SIGNED}&format=png",
    "an empty option more": f"{SIGNED}&x",
    "a name in upper case": SIGNED.replace("format=", "Format="),
    "a later expiry": SIGNED.replace(f"expires={SOON}", f"expires={SOON + 1}"),
    "no expiry": SIGNED.replace(f"&expires={SOON}", ""),
    "two expiries": f"{SIGNED}&expires={SOON + 1}",
    "no key": SIGNED.replace(f"&key={ID}", ""),
    "another key": SIGNED.replace(f"key={ID}", f"key={links.key_id(OTHER)}"),
    "two keys": f"{SIGNED}&key={ID}",
    "another signature": SIGNED[:-1] + ("0" if SIGNED[-1] != "0" else "1"),
    "a part of the signature": SIGNED[:-1],
    "two signatures": f"{SIGNED}&sig={SIGNED[-32:]}",
    "an encoded second signature": f"{SIGNED}&%73ig=0",
    "an empty signature": SIGNED[:-32],
    "signature in upper case": SIGNED[:-32] + SIGNED[-32:].upper(),
    "another route": SIGNED.replace("/v1/render/", "/v1/images/"),
    "bytes that are not UTF-8": SIGNED.replace("a~b", "a%FFb"),
}  # fmt: skip


@pytest.mark.parametrize("url", TAMPERED.values(), ids=TAMPERED)
def test_anything_else_is_refused(url: str) -> None:
    assert url != SIGNED
    assert code(url) == "bad_signature"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_of_another_method(method: str) -> None:
    assert code(SIGNED, method=method) == "bad_signature"


def test_unsigned() -> None:
    assert code(URL) == "unsigned"
    assert code(f"{URL}&expires={SOON}&key={ID}") == "unsigned"


def test_different_bytes_are_different_however_they_read() -> None:
    """Two byte strings that are not UTF-8 must not become the same text."""
    one = links.sign_url(KEY, "/v1/render/a%FF/-/gs/b/c?x=%FE", SOON)
    assert code(one) is None
    assert code(one.replace("%FF", "%FE")) == "bad_signature"
    assert code(one.replace("x=%FE", "x=%FF")) == "bad_signature"


@pytest.mark.parametrize(
    "expires", [int(time.time()) - 1, 1, int(time.time()) - 86400], ids=["now", "1970", "yesterday"]
)
def test_expired(expires: int) -> None:
    assert code(links.sign_url(KEY, URL, expires)) == "expired_link"
    assert code(links.sign_url(KEY, URL, expires).replace("png", "jpeg")) == "bad_signature", "tampered first of all"


@pytest.mark.parametrize("expires", [0, -1, 10**12])
def test_times_that_cannot_be_signed(expires: int) -> None:
    with pytest.raises(CannotSignError):
        links.sign_url(KEY, URL, expires)


@pytest.mark.parametrize("url", ["/v1/process", "/v1/images", "v1/render/a/-/gs/b/c", "", "https://a.example", "a b"])
def test_urls_that_cannot_be_signed(url: str) -> None:
    with pytest.raises(CannotSignError):
        links.sign_url(KEY, url)
    with pytest.raises(CannotSignError):
        links.sign_url("", URL)


def test_rotation() -> None:
    """Both keys are valid while they overlap; one that is gone is not."""
    old, new = links.sign_url(OTHER, URL), links.sign_url(KEY, URL)
    assert [code(url, (KEY, OTHER)) for url in (old, new)] == [None, None]
    assert [code(url, (KEY,)) for url in (old, new)] == ["bad_signature", None]
    assert [code(url, ()) for url in (old, new)] == ["bad_signature", "bad_signature"]


def test_signing_again_replaces_the_signature() -> None:
    assert links.sign_url(KEY, SIGNED, SOON) == SIGNED
    assert links.sign_url(KEY, links.sign_url(OTHER, SIGNED, 5), SOON) == SIGNED
    assert links.sign_url(KEY, f"{URL}#part").endswith("#part")


def first(key: str, path: str, query: str) -> str:
    """A link as the version before signed it."""
    segments = "/".join(quote(unquote(part), safe="") for part in path.split("/"))
    pairs = sorted(parse_qsl(query, keep_blank_values=True))
    text = "\n".join([segments, *(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)])
    made = hmac.new(key.encode(), b"darkroom-render-1." + text.encode(), hashlib.sha256).hexdigest()[:32]
    return f"{path}?{query}&sig={made}"


def test_links_of_earlier_versions_stay_valid() -> None:
    old = first(KEY, *URL.split("?"))
    assert code(old) is None
    assert code(old, (OTHER, KEY)) is None
    assert code(old.replace("quality=5", "quality=5&quality=5")) == "bad_signature"
    assert code(f"{old}&expires={SOON}") == "bad_signature"
    assert code(f"{old}&key={ID}") == "bad_signature"
    assert code(f"{old}&%73ig=0") == "bad_signature"
    assert code(first(KEY, URL.partition("?")[0], f"expires={SOON}")) == "bad_signature", "it would never have expired"
