"""Who is served: every route declares a scope, and every request passes `allow`."""

from typing import Literal
from urllib.parse import urlsplit

from flask import Request

from functions.errors import LocalOnlyError, UnauthorizedError
from service.errors import ForbiddenError
from service.settings import Settings
from storage.web.loopback import is_loopback

Scope = Literal["process", "read", "write", "admin"]
_SAFE = {"GET", "HEAD", "OPTIONS"}
_PROXIES = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip")
"""What proxies add. They are believed only where they take something away."""


def allow(request: Request, scope: Scope, settings: Settings) -> None:
    """Let a request pass, or raise UnauthorizedError (401), ForbiddenError or LocalOnlyError (403).

    The peer's address is the socket's own, never a forwarded header. `Sec-Fetch-Site` and `Origin` stop other sites
    from using a visitor's browser (https://www.w3.org/TR/fetch-metadata/, https://fetch.spec.whatwg.org/#origin-header).
    """
    if settings.auth is None and not _from_here(request):
        raise UnauthorizedError(
            "Until DARKROOM_AUTH is set, only this machine is served, under its own name. "
            "Set it to none (serve everybody), keys or platform (the platform asks who calls)."
        )
    if request.method not in _SAFE and not _from_us(request, settings):
        raise ForbiddenError("A page of another site sent this request; list its origin in DARKROOM_CORS_ORIGINS.")
    if scope == "write" and not may_write(request):
        raise LocalOnlyError(
            "Only this machine itself may store and delete, under its own name, whoever else is served."
        )


def may_write(request: Request) -> bool:
    """Whether a caller has the scope `write`: until there are keys, this machine alone has.

    A proxy on this machine would lend its address to everybody behind it, so what came through one is not from here.
    """
    return _from_here(request) and not any(name in request.headers for name in _PROXIES)


def listed(origin: str, settings: Settings) -> bool:
    """Whether the operator lets this web origin call us."""
    return "*" in settings.cors_origins or origin.lower() in settings.cors_origins


def _from_here(request: Request) -> bool:
    return is_loopback(request.environ.get("REMOTE_ADDR", "")) and is_loopback(_name(request.headers.get("Host", "")))


def _name(host: str) -> str:
    """A Host header without its port; empty where it is malformed."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port  # raises where the port is no number
    except ValueError:
        return ""
    return parts.hostname or "" if parts.netloc == host and "@" not in host else ""


def _from_us(request: Request, settings: Settings) -> bool:
    origin = request.headers.get("Origin")
    if origin is None:
        return request.headers.get("Sec-Fetch-Site") != "cross-site"
    if listed(origin, settings):
        return True
    scheme, _, host = origin.lower().partition("://")
    ours = scheme in {"http", "https"} and host == request.headers.get("Host", "").lower()
    return ours and request.headers.get("Sec-Fetch-Site") != "cross-site"
