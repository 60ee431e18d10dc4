"""HTTP events of Lambda as the requests they stand for."""

import base64
from typing import Any

import pytest

from functions.errors import BadEventError
from functions.requests.lambda_http import environ_of, is_http
from functions.requests.raw_path import raw_path, segments

URL = "abc.lambda-url.eu-west-1.on.aws"
API = "abc.execute-api.eu-west-1.amazonaws.com"


def http_event(
    path: str = "/", method: str = "GET", body: bytes = b"", query: str = "", domain: str = URL, **changed: Any
) -> dict[str, Any]:
    """An event as a function URL, or with another domain an HTTP API, sends it; header names are lower case there."""
    http = {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.7", "userAgent": "test"}
    event = {
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query,
        "headers": {"host": domain, "x-forwarded-for": "192.0.2.7", "x-forwarded-proto": "https"},
        "requestContext": {"http": http, "domainName": domain, "stage": "$default", "requestId": "1"},
        "isBase64Encoded": bool(body),
    }  # fmt: skip
    if body:
        event["body"] = base64.b64encode(body).decode()
    headers = {**event["headers"], **changed.pop("headers", {})}  # type: ignore[dict-item]
    return {**event, "headers": headers, **changed}


PATHS: dict[str, tuple[dict[str, Any], str, str]] = {  # the event; the path as sent; decoded
    "a URL's is as it was sent": ({"path": "/v1/a%2Fb%20c"}, "/v1/a%2Fb%20c", "/v1/a/b c"),
    "an API's is decoded": ({"path": "/v1/a b", "domain": API}, "/v1/a%20b", "/v1/a b"),
    "a percent sign behind an API is one": ({"path": "/v1/50%25", "domain": API}, "/v1/50%2525", "/v1/50%25"),
    "beyond Latin-1 behind an API": ({"path": "/v1/日", "domain": API}, "/v1/%E6%97%A5", "/v1/日"),
    "a question mark behind an API": ({"path": "/v1/a?b", "domain": API}, "/v1/a%3Fb", "/v1/a?b"),
    "beyond ASCII though a URL says it encodes": ({"path": "/v1/é"}, "/v1/%C3%A9", "/v1/é"),
    "none": ({"path": ""}, "/", "/"),
}


@pytest.mark.parametrize(("event", "sent", "decoded"), PATHS.values(), ids=PATHS)
def test_path(event: dict[str, Any], sent: str, decoded: str) -> None:
    environ = environ_of(http_event(**event))
    assert raw_path(environ) == sent
    assert environ["PATH_INFO"].encode("latin-1").decode() == decoded
    assert environ["SCRIPT_NAME"] == ""


def test_a_stage_is_not_part_of_the_path() -> None:
    event = http_event("/prod/v1/render/-/x", domain=API)
    event["requestContext"]["stage"] = "prod"
    environ = environ_of(event)
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("/prod", "/v1/render/-/x")
    assert segments(environ, "/v1/render") == ["-", "x"]


def test_headers_and_cookies() -> None:
    environ = environ_of(
        http_event(
            headers={"content-type": "image/png", "content-length": "999", "accept": "a/b,c/d", "x_api_key": "no"},
            cookies=["a=1", "b=2"], query="pipeline=blur%3A15",
        )
    )  # fmt: skip
    assert environ["CONTENT_TYPE"] == "image/png"
    assert environ["HTTP_ACCEPT"] == "a/b,c/d"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"
    assert environ["QUERY_STRING"] == "pipeline=blur%3A15"
    assert environ["RAW_URI"] == "/?pipeline=blur%3A15"
    assert environ["CONTENT_LENGTH"] == "0", "that of the body which is there"
    assert "HTTP_X_API_KEY" not in environ, "another header must not pose as it"


BODIES: dict[str, tuple[dict[str, Any], bytes]] = {
    "bytes": ({"body": base64.b64encode(b"\0\xff").decode(), "isBase64Encoded": True}, b"\0\xff"),
    "text": ({"body": '{"é": 1}', "isBase64Encoded": False}, '{"é": 1}'.encode()),
    "none": ({"body": None}, b""),
}


@pytest.mark.parametrize(("body", "data"), BODIES.values(), ids=BODIES)
def test_body(body: dict[str, Any], data: bytes) -> None:
    environ = environ_of({**http_event(), **body})
    assert environ["wsgi.input"].read() == data
    assert environ["CONTENT_LENGTH"] == str(len(data))


def test_nobody_is_this_machine() -> None:
    """Though an event says so and names no proxy."""
    event = http_event(headers={"host": "localhost"})
    event["requestContext"]["http"]["sourceIp"] = "127.0.0.1"
    del event["headers"]["x-forwarded-for"]
    assert environ_of(event)["HTTP_X_FORWARDED_FOR"] == "127.0.0.1"


WRONG: dict[str, dict[str, Any]] = {
    "no address": {"requestContext": {"http": {"method": "GET"}}},
    "no path": {"rawPath": 1},
    "no base64": {"body": "*", "isBase64Encoded": True},
    "a number as body": {"body": 1},
    "a list of headers": {"headers": ["a"]},
}


@pytest.mark.parametrize("changed", WRONG.values(), ids=WRONG)
def test_what_is_none(changed: dict[str, Any]) -> None:
    with pytest.raises(BadEventError):
        environ_of({**http_event(), **changed})


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (http_event(), True), ({"Records": []}, False), ({}, False), (None, False), ([], False),
        ({"requestContext": {"elb": {}}, "httpMethod": "GET"}, False), ({"requestContext": 1}, False),
    ],
    ids=["2.0", "records", "nothing", "null", "a list", "1.0", "no context"],
)  # fmt: skip
def test_is_http(event: Any, expected: bool) -> None:
    assert is_http(event) is expected
