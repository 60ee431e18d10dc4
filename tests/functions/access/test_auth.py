"""Who is served: by peer and Host, and which other sites may send a browser here."""

import pytest
from flask import Flask, Request
from werkzeug.test import EnvironBuilder

from core.errors import DarkroomError
from functions.access.auth import allow
from functions.http import Darkroom
from service.keys.authenticator import NOBODY
from service.settings import Settings
from storage.web.loopback import is_loopback

OPEN = Settings(auth="none")
HERE = Settings()
SHARED = Settings(auth="none", cors_origins=("https://app.example",))
ANYBODY = Settings(auth="none", cors_origins=("*",))


def refusal(settings: Settings, peer: str = "127.0.0.1", method: str = "POST", **headers: str) -> str | None:
    """The code of the refusal, or None where the request passes."""
    given = {name.replace("_", "-"): value for name, value in {"Host": "localhost:8080", **headers}.items()}
    environ = EnvironBuilder(method=method, headers=given, environ_overrides={"REMOTE_ADDR": peer}).get_environ()
    environ["HTTP_HOST"] = given["Host"]
    try:
        allow(Request(environ), "process", settings, NOBODY)
    except DarkroomError as error:
        return error.code
    return None


@pytest.mark.parametrize("host", ["localhost", "LocalHost:1", "127.0.0.1:8080", "127.9.9.9", "[::1]:8080", "[::1]"])
@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_this_machine_is_served(host: str, peer: str) -> None:
    assert refusal(HERE, peer, Host=host) is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",  "",
        "localhost.evil.example", "127.0.0.1.evil.example", "127.1", "2130706433", "evil.example:80",
        "localhost@evil.example",
        "evil.example#localhost", "localhost:x", "localhost/..", "0.0.0.0", "[::1", "192.168.0.1",
        "localhost:99999", "localhost evil", "127.0.0.1%00",
    ],
)  # fmt: skip
def test_another_name_is_not(host: str) -> None:
    assert refusal(HERE, Host=host) == "unauthorized"
    assert refusal(OPEN, Host=host) is None


@pytest.mark.parametrize(
    ("protocol", "peer", "more", "code"),
    [
        pytest.param("HTTP/1.0", "127.0.0.1", {}, None, id="here"),
        pytest.param("HTTP/1.0", "192.0.2.7", {}, "unauthorized", id="another-peer"),
        pytest.param("HTTP/1.0", "127.0.0.1", {"HTTP_X_FORWARDED_FOR": "192.0.2.7"}, "unauthorized", id="forwarded"),
        pytest.param("HTTP/1.0", "127.0.0.1", {"HTTP_HOST": ""}, "unauthorized", id="an-empty-name"),
        pytest.param("HTTP/1.0", "127.0.0.1", {"HTTP_HOST": "evil.example"}, "unauthorized", id="another-name"),
        pytest.param("HTTP/1.1", "127.0.0.1", {}, "unauthorized", id="every-other-protocol-has-a-host"),
        pytest.param("HTTP/1.0", "127.0.0.1", {"HTTP_ORIGIN": "http://evil.example"}, "cross_site", id="a-page"),
    ],
)
def test_a_request_without_host(protocol: str, peer: str, more: dict[str, str], code: str | None) -> None:
    environ = EnvironBuilder(method="POST", environ_overrides={"REMOTE_ADDR": peer}).get_environ()
    del environ["HTTP_HOST"]
    environ |= {"SERVER_PROTOCOL": protocol, **more}
    try:
        allow(Request(environ), "process", HERE, NOBODY)
    except DarkroomError as error:
        assert error.code == code
    else:
        assert code is None


@pytest.mark.parametrize("peer", ["192.0.2.7", "10.0.0.1", "", "::ffff:192.0.2.7", "2001:db8::1"])
def test_another_peer_is_not(peer: str) -> None:
    assert refusal(HERE, peer, method="GET") == "unauthorized"
    assert refusal(HERE, peer, X_Forwarded_For="127.0.0.1", Forwarded="for=127.0.0.1") == "unauthorized"
    assert refusal(OPEN, peer) is None
    assert refusal(Settings(auth="platform"), peer) is None


FORWARDING = (
    "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Anything", "Forwarded", "Via", "X-Real-Ip",
    "CF-Connecting-IP", "CF-Ray", "True-Client-IP", "X-Envoy-External-Address", "X-Client-IP", "Forwarded-For",
    "X-Original-Forwarded-For", "X-Cluster-Client-Ip", "Fastly-Client-IP", "CDN-Loop", "X-ProxyUser-Ip",
    "X-Remote-Addr", "X-Forwarded", "CF-Visitor", "X-Envoy-Original-Path",
    "X-Vercel-Forwarded-For", "X-Appengine-User-IP", "X-Appengine-Country", "X-Forward-For", "X-Forwarder", "Forward",
    "X-Original-Host", "X-Original-URL", "X-Real-Host", "X-Azure-ClientIP", "X-Nf-Client-Connection-Ip",
    "Do-Connecting-Ip", "Fastly-SSL", "Fly-Region", "Fly-Client-IP", "Azure-Forwarded-Host", "X-Azure-SocketIP",
    "X-Azure-FDID", "X-Rewrite-URL", "X-Varnish", "X-Amz-Cf-Id", "X-ARR-SSL", "X-ARR-LOG-ID",
)  # fmt: skip
NOT_FORWARDING = (
    "User-Agent",
    "Accept",
    "X-Api-Key",
    "X-Request-Id",
    "X-Viatico",
    "Service",
    "X-Ip-Hint",
    "Cfg",
    "X-Amz-Date",
    "X-Amzn-Trace-Id",
    "X-Cloud-Trace-Context",
    "X-Arrow",
    "X-Varnished",
)


@pytest.mark.parametrize("name", FORWARDING)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_a_proxy_passes_on_is_not_from_here(name: str, method: str) -> None:
    for value in ("127.0.0.1", "", "for=127.0.0.1"):
        assert refusal(HERE, method=method, **{name.replace("-", "_"): value}) == "unauthorized"
        assert refusal(OPEN, method=method, **{name.replace("-", "_"): value}) is None


@pytest.mark.parametrize("name", NOT_FORWARDING)
def test_other_headers_are_no_proxys(name: str) -> None:
    assert refusal(HERE, **{name.replace("-", "_"): "127.0.0.1"}) is None


@pytest.mark.parametrize(
    ("settings", "headers", "code"),
    [
        (OPEN, {}, None),
        (OPEN, {"Sec_Fetch_Site": "same-origin"}, None),
        (OPEN, {"Sec_Fetch_Site": "none"}, None),
        (OPEN, {"Sec_Fetch_Site": "cross-site"}, "cross_site"),
        (OPEN, {"Origin": "http://localhost:8080"}, None),
        (OPEN, {"Origin": "https://LOCALHOST:8080"}, None),
        (OPEN, {"Origin": "http://localhost:8080", "Sec_Fetch_Site": "cross-site"}, "cross_site"),
        (OPEN, {"Origin": "http://localhost:9999"}, "cross_site"),
        (OPEN, {"Origin": "http://evil.example", "Sec_Fetch_Site": "same-origin"}, "cross_site"),
        (OPEN, {"Origin": "null"}, "cross_site"),
        (OPEN, {"Origin": ""}, "cross_site"),
        (OPEN, {"Origin": "ftp://localhost:8080"}, "cross_site"),
        (OPEN, {"Origin": "http://[::1"}, "cross_site"),
        (SHARED, {"Origin": "https://app.example", "Sec_Fetch_Site": "cross-site"}, None),
        (SHARED, {"Origin": "https://other.example"}, "cross_site"),
        (SHARED, {"Sec_Fetch_Site": "cross-site"}, "cross_site"),
        (ANYBODY, {"Origin": "https://any.example"}, None),
        (HERE, {"Origin": "http://localhost:8080"}, None),
        (HERE, {"Origin": "http://evil.example"}, "cross_site"),
    ],
    ids=str,
)
def test_other_sites(settings: Settings, headers: dict[str, str], code: str | None) -> None:
    assert refusal(settings, **headers) == code
    assert refusal(settings, method="GET", **headers) is None


def test_every_route_declares_its_scope(app: Darkroom) -> None:
    assert isinstance(app, Flask)
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == set(app.by_endpoint)
    assert {endpoint for endpoint, route in app.by_endpoint.items() if route.scope == "process"} == {
        "upload",
        "process",
        "form_sent",
        "once",
        "infer",
        "stream_socket",
        "stream_frames",
    }
    assert {endpoint for endpoint, route in app.by_endpoint.items() if route.scope == "public"} == {
        "static", "health", "ready", "description", "docs", "login", "login_sent", "logout", "receive_upload",
        "download",
    }  # fmt: skip
    assert {endpoint for endpoint, route in app.by_endpoint.items() if route.scope == "admin"} == {
        "load", "unload", "repository_load", "repository_unload",
    }  # fmt: skip
    assert {endpoint for endpoint, route in app.by_endpoint.items() if route.scope == "write"} >= {
        "put_image",
        "delete_image",
        "ask_upload",
    }


@pytest.mark.parametrize(("text", "ours"), [("::1", True), ("localhost", True), ("x", False), ("127.0.0.0", True)])
def test_loopback(text: str, ours: bool) -> None:
    assert is_loopback(text) == ours
