"""Every route with every kind of caller, made from the list of routes: who passes, and with which code others do not.

A kind of caller is one line of CALLERS, ANYBODY or HERE; what it may do is told by the scope of the route alone.
"""

import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import httpx
import msgspec
import pytest

from functions.access.auth import SESSION_COOKIE
from functions.http import ROUTES, Darkroom
from functions.routing import Route
from service.keys.key import GRANTED_SCOPES
from service.render.links import sign_url
from tests.functions.access.support import Keys
from tests.functions.support import FlaskTransport, app_with, picture

STATIC = Route("/ui/<path:filename>", lambda: None, "public", include_in_schema=False)
VALUES = {
    "id": "0" * 32, "name": "shapes", "version": "1", "token": "e30.e30", "address": "blur/-/file/in/a.png",
    "pipeline": "blur", "filename": "style.css",
}  # fmt: skip
ASKED = [(route, method) for route in (*ROUTES, STATIC) for method in route.methods]
IDS = [f"{method} {route.path}" for route, method in ASKED]
REFUSALS = {
    "unauthorized", "wrong_key", "expired_key", "invalid_token", "wrong_scope", "local_only", "cross_site",
    "key_in_url", "bad_signature", "expired_link", "rate_limited", "budget_spent", "keys_unreadable",
    "issuer_unavailable",
}  # fmt: skip
"""Codes that are about the caller and not about what is asked for."""
CROSS = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
SIGNING_KEY = "the signing key of the matrix, 32 or more"
SAFE = {"GET", "HEAD", "OPTIONS"}


class Place(msgspec.Struct):
    """An application with keys, and what a person's browser holds."""

    app: Darkroom
    keys: Keys

    @property
    def cookie(self) -> dict[str, str]:
        """That of a new session: one that was logged out is worth nothing."""
        return {"Cookie": f"{SESSION_COOKIE}={self.app.service.authenticator.login(self.keys.texts['all'])}"}


def path_of(route: Route) -> str:
    return re.sub(r"<(?:[^:>]+:)?(\w+)>", lambda found: VALUES[found[1]], route.path)


def asked(
    app: Darkroom, route: Route, method: str, headers: Mapping[str, str], query: str = "", peer: str = "127.0.0.1",
    host: str = "localhost",
) -> httpx.Response:  # fmt: skip
    path = path_of(route)
    transport = Peer(app, peer)
    with httpx.Client(transport=transport, base_url=f"http://{host}") as client:
        return client.request(method, f"{path}{query}", headers=headers)


class Peer(FlaskTransport):
    """Requests from an address."""

    def __init__(self, app: Darkroom, address: str) -> None:
        super().__init__(app)
        self.address = address

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        client = self.app.test_client(use_cookies=False)
        client.environ_base["REMOTE_ADDR"] = self.address
        response = client.open(
            request.url.raw_path.decode(), base_url=f"http://{request.headers['host']}", method=request.method,
            headers=[(name.decode(), value.decode("latin-1")) for name, value in request.headers.raw],
            data=request.read(),
        )  # fmt: skip
        with response:
            return httpx.Response(response.status_code, headers=list(response.headers), content=response.data)


def code(response: httpx.Response) -> str:
    """The code of a refusal of the caller; empty if the caller passed, whatever became of the request."""
    if response.headers.get("content-type") != "application/problem+json":
        to = response.headers.get("location", "").partition("?")[0]
        redirected = response.status_code == 303 and to == "login" and "logout" not in str(response.url)
        return "unauthorized" if redirected else ""
    found = str(response.json()["code"])
    return found if found in REFUSALS else ""


def made(folder: Path, **settings: str) -> Place:
    for name in ("in", "own"):
        (folder / name).mkdir()
    (folder / "in" / "a.png").write_bytes(picture())
    keys = Keys(folder / "keys.json")
    app = app_with(
        keys=str(keys.path), files=str(folder), results="file://own", sources="file://in/", data=str(folder / "data"),
        log_level="error", **settings,
    )  # fmt: skip
    return Place(app, keys)


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return made(tmp_path_factory.mktemp("keyed"), auth="keys", signing_key=SIGNING_KEY)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return made(tmp_path_factory.mktemp("opened"), auth="none", local_writes="false")


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return made(tmp_path_factory.mktemp("closed"), local_writes="false")


Headers = Callable[[Place, Route], Mapping[str, str]]
Expected = Callable[[Route, str], str]


def unless_public(code: str) -> Expected:
    return lambda route, _: "" if route.scope == "public" else code


def passes(_route: Route, _method: str) -> str:
    return ""


def unless_safe(_route: Route, method: str) -> str:
    return "" if method in SAFE else "cross_site"


def right(place: Place, route: Route) -> Mapping[str, str]:
    """A key with the route's scope alone."""
    return place.keys.header("all" if route.scope == "public" else route.scope)


def lacking(place: Place, route: Route) -> Mapping[str, str]:
    return place.keys.header("all" if route.scope == "public" else f"all-but-{route.scope}")


def bearer(header: Mapping[str, str]) -> Mapping[str, str]:
    return {"Authorization": f"bearer  {header['X-Api-Key']}"}


CALLERS: dict[str, tuple[Headers, Expected]] = {
    "no key": (lambda _, __: {}, unless_public("unauthorized")),
    "forwarded, no key": (lambda _, __: {"X-Forwarded-For": "192.0.2.1"}, unless_public("unauthorized")),
    "a wrong key": (lambda place, _: place.keys.header("wrong"), unless_public("wrong_key")),
    "no key at all": (lambda _, __: {"X-Api-Key": "secret"}, unless_public("wrong_key")),
    "an expired key": (lambda place, _: place.keys.header("expired"), unless_public("expired_key")),
    "a revoked key": (lambda place, _: place.keys.header("revoked"), unless_public("wrong_key")),
    "a wrong bearer": (lambda place, _: bearer(place.keys.header("wrong")), unless_public("wrong_key")),
    "a foreign token": (lambda _, __: {"Authorization": "Bearer e30.e30.e30"}, unless_public("wrong_key")),
    "basic": (lambda _, __: {"Authorization": "Basic eDp5"}, unless_public("unauthorized")),
    "the wrong scope": (lacking, unless_public("wrong_scope")),
    "the right key": (right, passes),
    "the right key as bearer": (lambda place, route: bearer(right(place, route)), passes),
    "the right key, forwarded": (
        lambda place, route: {**right(place, route), "X-Forwarded-For": "192.0.2.1", "Via": "1.1 x"}, passes,
    ),
    "the right key, cross-site": (lambda place, route: {**right(place, route), **CROSS}, unless_safe),
    "a cookie": (lambda place, _: place.cookie, passes),
    "a wrong cookie": (lambda place, _: {"Cookie": place.cookie["Cookie"] + "x"}, unless_public("unauthorized")),
    "a cookie, cross-site": (
        lambda place, _: {**place.cookie, **CROSS},
        unless_safe,
    ),
    "a cookie, another origin": (
        lambda place, _: {**place.cookie, "Origin": "https://evil.example"},
        unless_safe,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("headers", "expected"), CALLERS.values(), ids=CALLERS)
@pytest.mark.parametrize(("route", "method"), ASKED, ids=IDS)
def test_with_keys(keyed: Place, route: Route, method: str, headers: Headers, expected: Expected) -> None:
    response = asked(keyed.app, route, method, headers(keyed, route))
    assert code(response) == expected(route, method), response.text[:300]
    assert (response.status_code == 401) <= ("www-authenticate" in response.headers)
    assert response.status_code != 500


def what_everybody_may(route: Route, _method: str) -> str:
    return "" if route.scope in {"public", "process", "read"} else "local_only"


ANYBODY: dict[str, tuple[Headers, Expected]] = {
    "a stranger": (lambda _, __: {}, what_everybody_may),
    "a stranger with a key": (right, passes),
    "a stranger with a wrong key": (lambda place, _: place.keys.header("wrong"), unless_public("wrong_key")),
    "a stranger's token for the platform": (
        lambda _, __: {"Authorization": "Bearer e30.e30.e30"},
        what_everybody_may,
    ),
    "cross-site": (
        lambda _, __: CROSS,
        lambda route, method: unless_safe(route, method) or what_everybody_may(route, method),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("headers", "expected"), ANYBODY.values(), ids=ANYBODY)
@pytest.mark.parametrize(("route", "method"), ASKED, ids=IDS)
def test_where_everybody_is_served(
    opened: Place, route: Route, method: str, headers: Headers, expected: Expected
) -> None:
    response = asked(opened.app, route, method, headers(opened, route), peer="192.0.2.7", host="photos.example")
    assert code(response) == expected(route, method), response.text[:300]


def here(route: Route, _method: str) -> str:
    return "local_only" if route.scope == "write" else ""


HERE: dict[str, tuple[Headers, Expected]] = {
    "this machine": (lambda _, __: {}, here),
    "this machine with a key": (right, passes),
    "a page of this machine's own": (lambda _, __: {"Sec-Fetch-Site": "same-origin"}, here),
    "another site": (
        lambda _, __: CROSS,
        unless_safe,
    ),
    **{
        name: (lambda _, __, name=name: {name: "192.0.2.1"}, unless_public("unauthorized"))
        for name in ("X-Forwarded-For", "Via", "CF-Ray")
    },
}  # fmt: skip


@pytest.mark.parametrize(("headers", "expected"), HERE.values(), ids=HERE)
@pytest.mark.parametrize(("route", "method"), ASKED, ids=IDS)
def test_from_this_machine(closed: Place, route: Route, method: str, headers: Headers, expected: Expected) -> None:
    assert code(asked(closed.app, route, method, headers(closed, route))) == expected(route, method)


@pytest.mark.parametrize(("route", "method"), ASKED, ids=IDS)
@pytest.mark.parametrize("query", ["?key=KEY", "?x=%64k_REST"])
def test_a_key_in_the_url_is_refused(keyed: Place, route: Route, method: str, query: str) -> None:
    key = keyed.keys.texts["all"]
    response = asked(
        keyed.app, route, method, keyed.keys.header("all"), query.replace("KEY", key).replace("REST", key[3:])
    )
    assert (response.status_code, code(response)) == (400, "key_in_url")
    assert key not in response.text


def signed(url: str) -> str:
    return sign_url(SIGNING_KEY, url)


LINKS: dict[str, tuple[Callable[[str], str], str]] = {
    "signed": (signed, ""),
    "signed, expired": (lambda url: sign_url(SIGNING_KEY, url, int(time.time()) - 1), "expired_link"),
    "signed by another key": (lambda url: sign_url("x" * 32, url), "bad_signature"),
    "tampered": (lambda url: signed(url) + "&quality=1", "bad_signature"),
    "tampered signature": (lambda url: signed(url)[:-1] + ("0" if signed(url)[-1] != "0" else "1"), "bad_signature"),
    "of another picture": (lambda url: f"{url}?{signed('/v1/images/x/y').partition('?')[2]}", "bad_signature"),
}  # fmt: skip


@pytest.mark.parametrize(("link", "expected"), LINKS.values(), ids=LINKS)
@pytest.mark.parametrize(("route", "method"), ASKED, ids=IDS)
@pytest.mark.parametrize("forwarded", [False, True], ids=["", "forwarded"])
def test_with_a_link(
    keyed: Place, route: Route, method: str, link: Callable[[str], str], expected: str, forwarded: bool
) -> None:
    """A link permits the one read that it names, and nothing anywhere else."""
    path, takes_links = path_of(route), route.permit == "link" and method == "GET"
    query = link(path if takes_links else "/v1/images/x/y").partition("?")[2]
    headers = {"X-Forwarded-For": "192.0.2.1", **CROSS} if forwarded and takes_links else {}
    response = asked(keyed.app, route, method, headers, f"?{query}", peer="192.0.2.7", host="photos.example")
    assert code(response) == (expected if takes_links else unless_public("unauthorized")(route, method))


@pytest.mark.parametrize(("route", "method"), ASKED, ids=IDS)
@pytest.mark.parametrize("via", ["cookie", "key"])
def test_only_what_a_browser_brings_along_is_kept_from_other_sites(
    keyed: Place, route: Route, method: str, via: Literal["cookie", "key"]
) -> None:
    headers = keyed.cookie if via == "cookie" else keyed.keys.header("all")
    policy = asked(keyed.app, route, method, headers).headers.get("cross-origin-resource-policy")
    expected = "same-origin" if via == "cookie" and route.scope != "public" else None
    assert policy == ("cross-origin" if "render" in route.path and expected is None else expected)


def test_the_matrix_is_whole() -> None:
    """Each scope has a route, so that each is tried."""
    assert {route.scope for route, _ in ASKED} >= {"public", *GRANTED_SCOPES} - {"metrics"}
    assert len(ASKED) > 35
