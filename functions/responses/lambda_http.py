"""Answers to HTTP events of AWS Lambda: the payload of format 2.0 that a WSGI application's response becomes.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads
"""

import base64
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from werkzeug import Response

from service.platform import fits_as_text, is_text


class _Application(Protocol):
    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]: ...


def payload_of(app: _Application, environ: dict[str, Any]) -> dict[str, Any]:
    """What the application answers to an environment."""
    response = Response.from_app(app, environ)
    try:
        data = response.get_data()
    finally:
        response.close()
    return {
        "statusCode": response.status_code,
        "headers": _headers(response),
        "cookies": response.headers.getlist("Set-Cookie"),
        **_body(data, response),
    }


def _headers(response: Response) -> Mapping[str, str]:
    """Each header once: the format has one value a name, and cookies apart (RFC 9110, §5.2)."""
    names = {name.lower() for name in response.headers.keys()} - {"set-cookie"}  # noqa: SIM118 - iterating gives pairs
    return {name: ", ".join(response.headers.getlist(name)) for name in sorted(names)}


def _body(data: bytes, response: Response) -> dict[str, Any]:
    """As text if it is some, else in base64, which has a third more."""
    if is_text(response.mimetype or "") and "Content-Encoding" not in response.headers and fits_as_text(data):
        return {"body": data.decode(), "isBase64Encoded": False}
    return {"body": base64.b64encode(data).decode(), "isBase64Encoded": True}
