"""Where a request comes from: this machine or another, our own page or another site's."""

import re
from functools import lru_cache
from urllib.parse import urlsplit

from flask import Request

from service.settings import Settings
from storage.web.loopback import is_loopback

_FORWARDING = re.compile(
    r"(?:^|\n)HTTP_(?:[A-Z0-9_]*FORWARD|X_(?:ORIGINAL|REWRITE|REAL|ENVOY|PROXY|APPENGINE|AZURE|ARR_|AMZ_CF)"
    r"|(?:CF|FASTLY|FLY)_|(?:VIA|CDN_LOOP|X_VARNISH)(?:\n|$)"
    r"|(?:[A-Z0-9]+_)*(?:REAL|CLIENT|REMOTE|CONNECTING|CONNECTION|USER)_?(?:IP|ADDR)(?:\n|$))"
)
"""Headers that proxies add, as WSGI names them (RFC 7239; RFC 9110, §7.6.3). They only ever take permission away."""
_LONGEST_HOST = 255 + len(":65535")
_OURS = {"same-origin", "none"}


def is_local(request: Request) -> bool:
    """Whether a program on this machine sent the request, to this machine's own name, and no proxy passed it on.

    The client's address is the socket's, never that of a forwarded header.
    """
    environ = request.environ
    return is_loopback(environ.get("REMOTE_ADDR", "")) and _is_to_loopback(request) and not is_forwarded(request)


def _is_to_loopback(request: Request) -> bool:
    """Whether the request is to this machine's own name. In HTTP/1.0 there may be none; no browser leaves it out."""
    host = request.environ.get("HTTP_HOST")
    if host is None:
        return str(request.environ.get("SERVER_PROTOCOL")) == "HTTP/1.0"
    return is_loopback(_hostname(host))


def is_neighbour(request: Request, origin: str) -> bool:
    """Whether a page of this machine's own name, from another port, sent a request to it: a developer's, probably."""
    scheme, _, host = origin.lower().partition("://")
    names_us = is_loopback(_hostname(request.environ.get("HTTP_HOST", "")))
    return scheme in {"http", "https"} and is_loopback(_hostname(host)) and names_us


def is_forwarded(request: Request) -> bool:
    """Whether any header says that a proxy passed the request on."""
    return _FORWARDING.search("\n".join(request.environ)) is not None


def is_listed(origin: str, settings: Settings) -> bool:
    """Whether the operator lists this web origin."""
    return "*" in settings.cors_origins or origin.lower() in settings.cors_origins


def is_same_origin(request: Request, settings: Settings, *, ambient: bool = True) -> bool:
    """Whether no page, our own, or one of a listed origin sent the request.

    `*` lists no page for a permission that is `ambient`, which the browser of whoever visits it brings along.
    https://www.w3.org/TR/fetch-metadata/, https://fetch.spec.whatwg.org/#origin-header
    """
    origin = request.environ.get("HTTP_ORIGIN")
    if origin is None:
        return request.environ.get("HTTP_SEC_FETCH_SITE") != "cross-site"
    if origin.lower() in settings.cors_origins or (not ambient and is_listed(origin, settings)):
        return True
    scheme, _, host = origin.lower().partition("://")
    same = scheme in {"http", "https"} and host == request.environ.get("HTTP_HOST", "").lower()
    return same and request.environ.get("HTTP_SEC_FETCH_SITE") != "cross-site"


def is_ours(request: Request, settings: Settings) -> bool:
    """Whether a request that any page's `<img>` could send is not from another site, nor from another host of ours."""
    site = request.environ.get("HTTP_SEC_FETCH_SITE", "none")
    return is_same_origin(request, settings) and (site in _OURS or "HTTP_ORIGIN" in request.environ)


def _hostname(host: str) -> str:
    """A Host header without its port; empty if it is malformed, or longer than a name may be (RFC 1035, §2.3.4)."""
    return _named(host) if len(host) <= _LONGEST_HOST else ""


@lru_cache(256)
def _named(host: str) -> str:
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port  # raises ValueError if the port is not a number
    except ValueError:
        return ""
    return parts.hostname or "" if parts.netloc == host and "@" not in host else ""
