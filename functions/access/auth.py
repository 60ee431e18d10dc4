"""Access control: every route declares a scope, and every request passes `allow`."""

from typing import Literal
from urllib.parse import unquote

import msgspec
from flask import Request

from functions.access.caller import Caller
from functions.access.origin import is_local, is_ours, is_same_origin
from functions.errors import KeyInUrlError, LocalOnlyError, UnauthorizedError
from functions.server.upgrade import asks_to_upgrade
from service.errors import ExpiredKeyError, ForbiddenError, WrongKeyError, WrongScopeError
from service.keys.authenticator import Authenticator, Identity, is_key
from service.keys.key import SECRET
from service.scopes import Scope
from service.settings import Settings

SESSION_COOKIE = "darkroom_session"
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_NOTHING: frozenset[Scope] = frozenset({"public"})
_EVERYBODY: dict[str | None, frozenset[Scope]] = {
    None: _NOTHING,
    "keys": _NOTHING,
    "none": frozenset({"public", "process", "read"}),
    "platform": frozenset({"public", "process", "read", "metrics", "admin"}),
}
"""What a caller may do without a key, by DARKROOM_AUTH."""
_LOCAL: frozenset[Scope] = frozenset({"public", "process", "read", "metrics", "admin"})


def allow(request: Request, scope: Scope, settings: Settings, authenticator: Authenticator) -> Caller:
    """The caller of a request that is allowed.

    Errors: UnauthorizedError and those of the authenticator (401), ForbiddenError, LocalOnlyError and WrongScopeError
    (403), RateLimitedError and BudgetSpentError (429), KeyInUrlError (400).
    """
    _check_url(request)
    if scope == "public" or request.method == "OPTIONS":  # a preflight request carries no credentials
        caller = Caller(request.environ.get("REMOTE_ADDR", ""), _NOTHING, "anyone")
    else:
        caller = _identified(request, settings, authenticator)
    ambient = caller.via in {"local", "cookie"}
    refuse_other_sites(request, settings, ambient=ambient and scope not in _EVERYBODY[settings.auth])
    if ambient:
        caller = _ambient(caller, request, scope, settings)
    if caller.key:
        authenticator.admit(caller.key)
    if scope not in caller.scopes and request.method != "OPTIONS":
        require(caller, scope)
    return caller


def refuse_other_sites(request: Request, settings: Settings, *, ambient: bool = False) -> None:
    """ForbiddenError (403) for a request that another site's page sent and that may change something.

    A web socket is one: its answers are not kept from that page, as other answers are.
    """
    is_safe = request.method in _SAFE_METHODS and not asks_to_upgrade(request.environ)
    if not is_safe and not is_same_origin(request, settings, ambient=ambient):
        origin = request.headers.get("Origin")
        raise ForbiddenError(
            "A page of another site sent this request; its origin must be listed in DARKROOM_CORS_ORIGINS.",
            expected=f"DARKROOM_CORS_ORIGINS={origin}" if origin else None,
            got=origin,
        )


def require(caller: Caller, scope: Scope) -> None:
    """Refuse a caller that lacks a scope. ForbiddenError, LocalOnlyError, WrongScopeError (403)."""
    if scope in caller.scopes:
        return
    if caller.is_cross_site:
        raise ForbiddenError("A page of another site sent this request; nothing is stored or loaded for it.")
    if caller.via in {"key", "cookie", "token"}:
        given = ", ".join(sorted(caller.scopes - _NOTHING)) or "none"
        what = "token" if caller.via == "token" else "key"
        raise WrongScopeError(
            f'This needs the scope "{scope}"; the {what} has {given}.', parameter="scope", expected=scope
        )
    if caller.via == "local":
        raise LocalOnlyError(
            "Requests from this machine may store and delete only if DARKROOM_LOCAL_WRITES=true, which `make run` "
            f'sets; else it needs a key with the scope "{scope}".'
        )
    raise LocalOnlyError(
        f'This needs a key with the scope "{scope}" (python -m functions.jobs.keys new --scopes {scope}), or a request '
        "from this machine, to its own name, that no proxy passed on."
    )


def _check_url(request: Request) -> None:
    """Refuse a key in the URL: browsers, proxies and servers keep URLs. The message does not repeat it."""
    environ = request.environ
    for part in (environ.get("QUERY_STRING", ""), environ.get("PATH_INFO", "")):
        if ("dk_" in part or "%" in part) and SECRET.search(unquote(part)):
            raise KeyInUrlError(
                "A key must not be part of a URL, which logs and histories keep: revoke this one, and send keys as "
                "X-Api-Key or Authorization: Bearer."
            )


def _identified(request: Request, settings: Settings, authenticator: Authenticator) -> Caller:
    """The caller by what it sends, else by where it is. UnauthorizedError and those of the authenticator (401)."""
    everybody = _EVERYBODY[settings.auth]
    found = _credential(request, settings, authenticator)
    if found:
        identity, via = found
        return Caller(identity.id, identity.scopes | everybody, via, identity.key, identity.until)
    if settings.auth != "keys" and is_local(request):
        writes: frozenset[Scope] = frozenset({"write"}) if settings.local_writes else frozenset()
        return Caller("local", _LOCAL | writes, "local")
    if len(everybody) > 1:
        return Caller(
            request.environ.get("REMOTE_ADDR", ""), everybody, "platform" if settings.auth == "platform" else "anyone"
        )
    raise UnauthorizedError(_choices(settings))


def _choices(settings: Settings) -> str:
    if settings.auth == "keys":
        return "This server requires a key: send it as X-Api-Key, or as Authorization: Bearer; people log in at /login."
    return (
        "Only requests from this machine, to its own name, are served until DARKROOM_AUTH is set: "
        "none (serve everybody), keys, or platform (the platform authenticates callers)."
    )


def _credential(
    request: Request, settings: Settings, authenticator: Authenticator
) -> tuple[Identity, Literal["key", "token", "cookie"]] | None:
    """The identity that was sent, and how; None if nothing was, or only what is meant for a platform in front.

    A key or token that is sent must be valid, even where nobody needs one. A cookie that is not is no cookie.
    """
    environ = request.environ  # many times faster than Werkzeug's headers
    text = environ.get("HTTP_X_API_KEY", "")
    if text and (authenticator.keys or settings.auth == "keys" or is_key(text)):
        return authenticator.by_key(text), "key"
    kind, _, text = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    text = text.strip()
    if kind.lower() == "bearer":
        if is_key(text):
            return authenticator.by_key(text), "key"
        if authenticator.tokens or settings.auth == "keys":
            return authenticator.by_token(text), "token"
    if authenticator.keys and "HTTP_COOKIE" in environ and (text := request.cookies.get(SESSION_COOKIE, "")):
        try:
            return authenticator.by_session(text), "cookie"
        except (WrongKeyError, ExpiredKeyError):
            return None
    return None


def _ambient(caller: Caller, request: Request, scope: Scope, settings: Settings) -> Caller:
    """A caller whose permission a browser brings along: another site's page may neither store nor load with it."""
    everybody = _EVERYBODY[settings.auth]
    ours = is_ours(request, settings)
    return msgspec.structs.replace(
        caller,
        scopes=caller.scopes if ours else caller.scopes - ({"write", "admin"} - everybody),
        is_ambient=scope not in everybody,
        is_cross_site=not ours and scope not in everybody,
    )
