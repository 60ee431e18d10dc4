"""Access control: every route declares a scope, and every request passes `allow`."""

from urllib.parse import urlsplit

from flask import Request

from functions.access.caller import Caller
from functions.errors import LocalOnlyError, UnauthorizedError
from service.errors import ForbiddenError
from service.scopes import Scope
from service.settings import Settings
from storage.web.loopback import is_loopback

_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_PROXY_HEADERS = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip")
"""Headers that proxies add. They are trusted only to restrict access."""


def allow(request: Request, scope: Scope, settings: Settings) -> Caller:
    """The caller of a request that is allowed.

    Errors: UnauthorizedError (401), ForbiddenError and LocalOnlyError (403).

    The client's address is the socket's, never that of a forwarded header. `Sec-Fetch-Site` and `Origin` keep other
    sites from using a visitor's browser (https://www.w3.org/TR/fetch-metadata/, https://fetch.spec.whatwg.org/#origin-header).
    """
    if settings.auth is None and not _is_local(request):
        raise UnauthorizedError(
            "Only requests from this machine, to its own name, are served until DARKROOM_AUTH is set: "
            "none (serve everybody), keys, or platform (the platform authenticates callers)."
        )
    if request.method not in _SAFE_METHODS and not _is_same_origin(request, settings):
        raise ForbiddenError(
            "A page of another site sent this request; its origin must be listed in DARKROOM_CORS_ORIGINS."
        )
    if scope == "write" and not may_write(request):
        raise LocalOnlyError(
            "Only requests from this machine, to its own name, may store and delete, whoever else is served."
        )
    return _caller(request, settings)


def _caller(request: Request, settings: Settings) -> Caller:
    scopes: frozenset[Scope] = frozenset({"public", "process", "read", "metrics", "admin"})
    if may_write(request):
        return Caller("local", scopes | {"write"}, "local")
    return Caller(
        request.environ.get("REMOTE_ADDR", ""), scopes, "platform" if settings.auth == "platform" else "anyone"
    )


def may_write(request: Request) -> bool:
    """Whether a caller has the scope `write`: until there are keys, only this machine has.

    A proxy on this machine gives its address to everybody behind it, so proxied requests do not count as local.
    """
    return _is_local(request) and not any(name in request.headers for name in _PROXY_HEADERS)


def is_listed(origin: str, settings: Settings) -> bool:
    """Whether the operator lists this web origin."""
    return "*" in settings.cors_origins or origin.lower() in settings.cors_origins


def _is_local(request: Request) -> bool:
    return is_loopback(request.environ.get("REMOTE_ADDR", "")) and is_loopback(
        _hostname(request.headers.get("Host", ""))
    )


def _hostname(host: str) -> str:
    """A Host header without its port; empty if it is malformed."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port  # raises ValueError if the port is not a number
    except ValueError:
        return ""
    return parts.hostname or "" if parts.netloc == host and "@" not in host else ""


def _is_same_origin(request: Request, settings: Settings) -> bool:
    origin = request.headers.get("Origin")
    if origin is None:
        return request.headers.get("Sec-Fetch-Site") != "cross-site"
    if is_listed(origin, settings):
        return True
    scheme, _, host = origin.lower().partition("://")
    same = scheme in {"http", "https"} and host == request.headers.get("Host", "").lower()
    return same and request.headers.get("Sec-Fetch-Site") != "cross-site"
