"""Cross-origin resource sharing: which pages of other sites may read our answers (https://fetch.spec.whatwg.org)."""

from flask import Request, Response

from functions.access.auth import listed
from service.settings import Settings

_READABLE = (
    "Content-Disposition, ETag, Inference-Header-Content-Length, Location, Retry-After, Server-Timing, X-Request-Id"
)
_SENDABLE = "Authorization, Content-Encoding, Content-Type, Inference-Header-Content-Length, X-Request-Id"


def share(request: Request, response: Response, settings: Settings) -> None:
    """Let the page of a listed origin read the answer; answer its preflight."""
    if not settings.cors_origins:
        return
    response.vary.add("Origin")
    origin = request.headers.get("Origin")
    if origin is None or not listed(origin, settings):
        return
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = _READABLE
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "GET, POST")
        response.headers["Access-Control-Allow-Headers"] = _SENDABLE
        response.headers["Access-Control-Max-Age"] = "600"
