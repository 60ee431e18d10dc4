"""The login page: a key becomes a cookie that names it, expires, and cannot be read by scripts."""

from urllib.parse import parse_qsl, urlencode

from flask import Response, g, request

from core.errors import DarkroomError
from functions.access.auth import SESSION_COOKIE
from functions.app import here
from functions.errors import BadBodyError, UnauthorizedError
from functions.pages.page import page, to_page
from functions.requests.body import chunks
from functions.responses import problems
from functions.routing import Route
from service.keys.sessions import SESSION_SECONDS

_MAX_BODY = 8192
_LONGEST = 2000
"""Characters of a page's query that a login returns to."""
_HOME, _LOGIN = "./", "login"
"""Relative, because a platform may serve the function below a path."""


def login() -> Response:
    """The form that takes a key."""
    return page("login.html", to=_place(request.args.get("to", "")))


def login_sent() -> Response:
    """Begin a session with a key, and go to the form."""
    to = _HOME
    try:
        fields = _fields()
        to = _place(fields.get("to", ""))
        session = here().service.authenticator.login(fields.get("key", "").strip())
    except DarkroomError as error:
        g.code = error.code
        refused = page("login.html", error.status, problem=error, to=to)
        if error.status == 401:
            refused.headers["WWW-Authenticate"] = problems.CHALLENGE
        return refused
    response = to_page(to)
    response.set_cookie(
        SESSION_COOKIE, session, max_age=SESSION_SECONDS, secure=_is_https(), httponly=True, samesite="Strict"
    )
    return response


def logout() -> Response:
    """End the session of this browser, also for whoever has copied its cookie."""
    here().service.authenticator.logout(request.cookies.get(SESSION_COOKIE, ""))
    response = to_page(_LOGIN)
    response.delete_cookie(SESSION_COOKIE, secure=_is_https(), httponly=True, samesite="Strict")
    return response


def ask_to_log_in(error: UnauthorizedError) -> Response:
    """The response to a person's browser without a session: the login page; to programs, the problem document."""
    route = here().by_endpoint.get(request.endpoint or "")
    is_page = route is not None and not route.include_in_schema and request.method == "GET"
    if is_page and here().service.authenticator.keys is not None:
        g.code = error.code
        asked = _place(request.full_path.removeprefix("/"))
        return to_page(_LOGIN if asked == _HOME else f"{_LOGIN}?{urlencode({'to': asked})}")
    return problems.problem_response(error)


def _place(text: str) -> str:
    """Where to go after the login: one of our pages with its query, written anew; whatever else is asked for, home."""
    path, _, query = text.removeprefix(_HOME).partition("?")
    route = next((one for one in here().routes if one.path == f"/{path}"), None)
    if (
        route is None
        or path == _LOGIN
        or route.include_in_schema
        or "GET" not in route.methods
        or len(query) > _LONGEST
    ):
        return _HOME
    fields = urlencode(parse_qsl(query))
    return f"{path or _HOME}?{fields}" if fields else path or _HOME


def _fields() -> dict[str, str]:
    """The key that was typed or pasted, and where to go with it."""
    request.max_content_length = _MAX_BODY + 1
    body = b"".join(chunks(request))
    try:
        return dict(parse_qsl(body.decode("ascii"), max_num_fields=10))
    except ValueError:
        raise BadBodyError("The form cannot be read.") from None


def _is_https() -> bool:
    """Whether the browser came by HTTPS; a proxy's word is enough, since it only makes cookies stricter."""
    return request.is_secure or request.headers.get("X-Forwarded-Proto", "").lower() == "https"


ROUTES = (
    Route("/login", login, "public", include_in_schema=False),
    Route("/login", login_sent, "public", ("POST",), include_in_schema=False),
    Route("/logout", logout, "public", ("POST",), include_in_schema=False),
)
