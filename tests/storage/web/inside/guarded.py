"""The guard at work: every address has an owner who notes each connection, and only the public one is reached."""

import itertools
from pathlib import Path

import pytest

from storage.errors import (
    BadRedirectError,
    NoBucketError,
    NotAllowedError,
    NotPublicError,
    StorageError,
)
from storage.web import lookup
from tests.storage.web.hostile import FORBIDDEN, HOSTS, UNREACHABLE
from tests.storage.web.inside.asking import get, to
from tests.storage.web.world import HOST, PICTURE, PUBLIC, PUBLIC6, World


@pytest.mark.parametrize("ips", [[PUBLIC], [PUBLIC6], [PUBLIC, PUBLIC6]], ids=["4", "6", "both"])
@pytest.mark.parametrize(("scheme", "port"), [("http", 80), ("https", 443)])
def test_a_public_host_is_reached(world: World, scheme: str, port: int, ips: list[str]) -> None:
    world.names[HOST] = ips
    assert get(f"{scheme}://{HOST}/a/ü%20b.jpg?c=d&e=%2F") == PICTURE
    (visitor,) = world.visitors
    assert (visitor.at, visitor.port) == (ips[0] if len(ips) == 1 else visitor.at, port)
    assert visitor.path == "/a/%C3%BC%20b.jpg?c=d&e=%2F"
    assert visitor.header("Host") == HOST
    assert visitor.header("Accept-Encoding") == "identity"
    assert visitor.name == (HOST if port == 443 else None)
    assert visitor.header("Authorization") is visitor.header("Cookie") is None


@pytest.mark.parametrize("ip", [PUBLIC, "1.1.1.1"])
def test_a_public_address_is_reached(world: World, ip: str) -> None:
    assert get(f"http://{ip}/a") == PICTURE
    assert [visitor.at for visitor in world.visitors] == [ip]


def test_one_look_up_is_all(world: World) -> None:
    get(f"https://{HOST}/a")
    assert sorted(world.asked) == [f"{HOST} A", f"{HOST} AAAA"]


def test_nothing_comes_from_the_environment(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:80")
    (tmp_path / ".netrc").write_text(f"machine {HOST} login a password b\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    assert get(f"http://{HOST}/a") == get(f"https://{HOST}/a") == PICTURE
    assert world.trapped == []
    assert all(visitor.header("Authorization") is None for visitor in world.visitors)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("ip", FORBIDDEN.values(), ids=FORBIDDEN)
def test_a_name_of_a_forbidden_address(world: World, ip: str, scheme: str) -> None:
    world.names["evil.test"] = [ip]
    with pytest.raises(NotPublicError) as caught:
        get(f"{scheme}://evil.test/latest/meta-data/")
    assert ip not in str(caught.value)
    assert world.visitors == []


@pytest.mark.parametrize("ip", FORBIDDEN.values(), ids=FORBIDDEN)
def test_one_forbidden_address_among_public_ones(world: World, ip: str) -> None:
    world.names["evil.test"] = [PUBLIC, PUBLIC6, ip]
    with pytest.raises(NotPublicError):
        get("http://evil.test/a")
    assert world.visitors == []


@pytest.mark.parametrize("ip", [ip for ip in FORBIDDEN.values() if ":" not in ip])
def test_a_forbidden_address_itself(world: World, ip: str) -> None:
    with pytest.raises(NotPublicError):
        get(f"http://{ip}/a")
    assert world.visitors == []


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS)
def test_spellings(world: World, host: str, scheme: str) -> None:
    with pytest.raises(StorageError):
        get(f"{scheme}://{host}/a")
    assert world.visitors == []


@pytest.mark.parametrize("name", sorted(set(FORBIDDEN) - UNREACHABLE))
def test_without_the_guard_the_traps_are_reached(world: World, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So the tests above can fail."""
    monkeypatch.setattr(lookup, "refused", lambda _: None)
    world.names["evil.test"] = [FORBIDDEN[name]]
    assert get("http://evil.test/a") == PICTURE
    assert len(world.trapped) == 1


@pytest.mark.parametrize("first", [PUBLIC, "169.254.169.254"], ids=["public-first", "metadata-first"])
def test_a_name_that_changes_its_address(world: World, first: str) -> None:
    """The connection goes to the address that was looked at: each fetch asks once, and that answer is the one used."""
    answers = itertools.cycle([PUBLIC, "169.254.169.254"] if first == PUBLIC else ["169.254.169.254", PUBLIC])

    def turning() -> list[str]:
        return [next(answers)] if world.asked[-1].endswith(" A") else []

    world.names["turning.pictures.test"] = turning
    outcomes = []
    for _ in range(6):
        try:
            outcomes.append(get("https://turning.pictures.test/a") == PICTURE)
        except NotPublicError:
            outcomes.append(False)
    assert outcomes == [first == PUBLIC, first != PUBLIC] * 3
    assert [visitor.at for visitor in world.visitors] == [PUBLIC] * 3


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("ip", FORBIDDEN.values(), ids=FORBIDDEN)
def test_a_redirect_to_a_forbidden_address(world: World, ip: str, scheme: str) -> None:
    world.names["evil.test"] = [ip]
    literal = f"[{ip}]" if ":" in ip else ip
    world.pages = {"/name": to(f"{scheme}://evil.test/a"), "/number": to(f"{scheme}://{literal}/latest/meta-data/")}
    for path in world.pages:
        with pytest.raises((NotPublicError, BadRedirectError)):
            get(f"https://{HOST}{path}")
    assert {visitor.at for visitor in world.visitors} == {PUBLIC}


LOCATIONS = {
    "file": "file:///etc/passwd",
    "bucket": "gs://in/a.jpg",
    "ftp": "ftp://pictures.test/a",
    "gopher": "gopher://127.0.0.1:6379/_INFO",
    "script": "javascript:alert(1)",
    "data": "data:image/png;base64,AAAA",
    "another port": "http://pictures.test:22/a",
    "user": "https://a:b@pictures.test/a",
    "no host": "http:///a",
    "nothing": "",
    "brackets": "http://[::1]/a",
    "broken brackets": "http://[::1/a",
    "folder up": "/a/%2e%2e/b",
    "root": "/",
    **{name: f"http://{host}/a" for name, host in HOSTS.items() if host.isascii() and host.isprintable()},
}


@pytest.mark.parametrize("location", LOCATIONS.values(), ids=LOCATIONS)
def test_a_redirect_to_what_is_not_fetched(world: World, location: str) -> None:
    world.pages = {"/from": to(location)}
    with pytest.raises((BadRedirectError, NotPublicError, NoBucketError)):
        get(f"https://{HOST}/from")
    assert [visitor.path for visitor in world.visitors] == ["/from"]


GOOD = {"relative": "b", "rooted": "/a/b", "without scheme": f"//{HOST}/a/b", "whole": f"https://{HOST}/a/b#c",
        "upper case": f"HTTPS://{HOST.upper()}:443/a/b", "other scheme": f"http://{HOST}/a/b"}  # fmt: skip


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
@pytest.mark.parametrize("location", GOOD.values(), ids=GOOD)
def test_a_redirect_is_followed(world: World, location: str, status: str) -> None:
    world.pages = {"/a/from": to(location, status)}
    assert get(f"https://{HOST}/a/from") == PICTURE
    assert [visitor.path for visitor in world.visitors] == ["/a/from", "/a/b"]


@pytest.mark.parametrize("location", ["https://other.pictures.test/public/a", f"http://{HOST}/public/a", "/private/a"])
def test_a_redirect_must_be_on_the_list_as_well(world: World, location: str) -> None:
    world.names["other.pictures.test"] = [PUBLIC]
    world.pages = {"/public/from": to(location)}
    with pytest.raises(NotAllowedError):
        get(f"https://{HOST}/public/from", f"https://{HOST}/public/")
    assert [visitor.path for visitor in world.visitors] == ["/public/from"]


def test_the_list_is_closed_at_the_store_too(world: World) -> None:
    with pytest.raises(NotAllowedError):
        get(f"https://{HOST}/a", "https://other.pictures.test/")
    assert world.asked == []


@pytest.mark.parametrize(("count", "arrives"), [(5, True), (6, False)])
def test_redirects_are_counted(world: World, count: int, arrives: bool) -> None:
    world.pages = {f"/{n}": to(f"/{n + 1}") for n in range(count)}
    if arrives:
        assert get(f"https://{HOST}/0") == PICTURE
    else:
        with pytest.raises(BadRedirectError, match="more than 5"):
            get(f"https://{HOST}/0")
    assert len(world.visitors) == 6
