"""Cross-origin resource sharing: which other sites may read responses (https://fetch.spec.whatwg.org)."""

from flask import Request, Response

from functions.access.origin import is_listed
from service.settings import Settings

_EXPOSED = (
    "Content-Disposition, ETag, Inference-Header-Content-Length, Location, Retry-After, Server-Timing, traceparent, "
    "X-Request-Id"
)
_ALLOWED = (
    "Authorization, Content-Encoding, Content-Type, Inference-Header-Content-Length, traceparent, tracestate, "
    "X-Api-Key, X-Request-Id, X-Request-Timeout"
)


def add_cors_headers(request: Request, response: Response, settings: Settings) -> None:
    """Let pages of listed origins read the response; answer their preflight requests."""
    if not settings.cors_origins:
        return
    response.vary.add("Origin")
    origin = request.headers.get("Origin")
    if origin is None or not is_listed(origin, settings):
        return
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = _EXPOSED
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "GET, POST")
        response.headers["Access-Control-Allow-Headers"] = _ALLOWED
        response.headers["Access-Control-Max-Age"] = "600"
