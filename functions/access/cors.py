"""Cross-origin resource sharing: which other sites may read responses (https://fetch.spec.whatwg.org)."""

from flask import Request, Response, g

from functions.access.origin import is_listed, is_neighbour
from service.errors import ForbiddenError
from service.settings import Settings

_EXPOSED = (
    "Content-Disposition, ETag, Inference-Header-Content-Length, Location, Retry-After, Server-Timing, traceparent, "
    "X-Ignored-Options, X-Request-Id"
)
_ALLOWED = (
    "Authorization, Content-Encoding, Content-Type, Inference-Header-Content-Length, traceparent, tracestate, "
    "X-Api-Key, X-Request-Id, X-Request-Timeout"
)


def add_cors_headers(request: Request, response: Response, settings: Settings) -> None:
    """Let pages of listed origins read the response; answer their preflight requests.

    A page of this machine that is not listed may read that it is refused, and why; its preflight is answered for that.
    """
    if settings.cors_origins:
        response.vary.add("Origin")
    origin = request.environ.get("HTTP_ORIGIN")
    if origin is None or not (is_listed(origin, settings) or _is_told(request, response, origin)):
        return
    response.vary.add("Origin")
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = _EXPOSED
    if _is_preflight(request):
        response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "GET, POST")
        response.headers["Access-Control-Allow-Headers"] = _ALLOWED
        response.headers["Access-Control-Max-Age"] = "600"


def _is_preflight(request: Request) -> bool:
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers


def _is_told(request: Request, response: Response, origin: str) -> bool:
    """Whether a page that is not listed may read this response: nothing but the refusal that tells how to list it."""
    is_refusal = response.status_code == ForbiddenError.status and g.get("code") == ForbiddenError.code
    return (is_refusal or _is_preflight(request)) and is_neighbour(request, origin)
