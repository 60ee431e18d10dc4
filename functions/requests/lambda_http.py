"""HTTP events of AWS Lambda, payload format 2.0, as WSGI environments: those of function URLs and of HTTP APIs.

Shape: https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads and
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html. A function URL
passes the path on as it was sent, an HTTP API percent-decodes it: behind one, a `%2F` within a segment is a slash.
"""

import base64
import binascii
import io
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from functions.errors import BadEventError

_URL_HOST = ".lambda-url."
_PATH = "/%:@!$&'()*+,;=~-._"
"""What stays as it is in a path that may hold anything; of a decoded path, `%` is quoted too."""


def is_http(event: Any) -> bool:
    """Whether an event is an HTTP request."""
    context = event.get("requestContext") if isinstance(event, dict) else None
    return isinstance(context, dict) and isinstance(context.get("http"), dict)


def environ_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """The WSGI environment of an HTTP event. BadEventError if it is not one of payload format 2.0."""
    try:
        return _environ(event)
    except (KeyError, TypeError, AttributeError, ValueError, binascii.Error) as error:
        raise BadEventError(f"The event is no HTTP request of payload format 2.0 ({type(error).__name__}).") from None


def _environ(event: Mapping[str, Any]) -> dict[str, Any]:
    context = event["requestContext"]
    http, query = context["http"], event.get("rawQueryString") or ""
    path, script = _paths(event)
    body = event.get("body") or ""
    data = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
    headers = _headers(event)
    return {
        **headers,
        # Nobody behind Lambda is this machine, whatever the event says; see functions/access/origin.py.
        "HTTP_X_FORWARDED_FOR": headers.get("HTTP_X_FORWARDED_FOR") or http["sourceIp"],
        "REMOTE_ADDR": http["sourceIp"],
        "REQUEST_METHOD": http["method"].upper(),
        "SCRIPT_NAME": script,
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1")[len(script) :],
        "RAW_URI": f"{path}?{query}" if query else path,
        "QUERY_STRING": query,
        "CONTENT_LENGTH": str(len(data)),
        "SERVER_NAME": context.get("domainName") or "lambda",
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": http.get("protocol") or "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(data),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def _paths(event: Mapping[str, Any]) -> tuple[str, str]:
    """The path as it was sent, as near as the platform tells, and the stage before it."""
    context = event["requestContext"]
    is_encoded = _URL_HOST in (context.get("domainName") or "")
    path = quote(event["rawPath"] or "/", safe=_PATH if is_encoded else _PATH.replace("%", ""))
    stage = quote(f"/{context.get('stage') or '$default'}", safe=_PATH)
    return path, stage if f"{path}/".startswith(f"{stage}/") else ""


def _headers(event: Mapping[str, Any]) -> dict[str, str]:
    """The headers under their WSGI names. One with an underscore is dropped: it could pose as another."""
    found: dict[str, str] = {}
    for name, value in (event.get("headers") or {}).items():
        if "_" not in name:
            key = name.upper().replace("-", "_")
            found[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = str(value)
    if event.get("cookies"):
        found["HTTP_COOKIE"] = "; ".join(event["cookies"])
    for name in ("HTTP_CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING"):
        found.pop(name, None)
    return found
