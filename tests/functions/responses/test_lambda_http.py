"""What Lambda gets for an answer of the application."""

import base64
from typing import Any

import pytest
from werkzeug import Response

from functions.responses.lambda_http import payload_of

BODIES: dict[str, tuple[dict[str, Any], bool]] = {
    "JSON": ({"response": '{"é": "日"}', "mimetype": "application/json"}, False),
    "a problem": ({"response": "{}", "status": 404, "mimetype": "application/problem+json"}, False),
    "a page": ({"response": "<p>", "mimetype": "text/html"}, False),
    "a picture": ({"response": b"\xff\xd8", "mimetype": "image/jpeg"}, True),
    "several parts": ({"response": b"--a", "mimetype": "multipart/mixed"}, True),
    "text that is not UTF-8": ({"response": b"\xff", "mimetype": "text/plain"}, True),
    "compressed text": ({"response": b"{}", "mimetype": "text/css", "headers": {"Content-Encoding": "gzip"}}, True),
    "text that is longer as JSON than in base64": ({"response": b'"' * 3_500_000, "mimetype": "text/plain"}, True),
}  # fmt: skip


@pytest.mark.parametrize(("answer", "in_base64"), BODIES.values(), ids=BODIES)
def test_body(answer: dict[str, Any], in_base64: bool) -> None:
    response = Response(**answer)
    payload = payload_of(response, {"REQUEST_METHOD": "GET", "wsgi.url_scheme": "https"})
    assert (payload["statusCode"], payload["isBase64Encoded"]) == (response.status_code, in_base64)
    body = base64.b64decode(payload["body"]) if in_base64 else payload["body"].encode()
    assert body == response.get_data()


def test_headers_once_and_cookies_apart() -> None:
    response = Response("{}", mimetype="application/json")
    for name, value in (("Vary", "Accept"), ("Vary", "Origin"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")):
        response.headers.add(name, value)
    payload = payload_of(response, {"REQUEST_METHOD": "GET", "wsgi.url_scheme": "https"})
    assert payload["headers"] == {"content-length": "2", "content-type": "application/json", "vary": "Accept, Origin"}
    assert payload["cookies"] == ["a=1", "b=2"]
