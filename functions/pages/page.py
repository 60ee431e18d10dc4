"""What all pages share: the frame around them and the headers that confine them."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import quote

from flask import Response, g, make_response, redirect, render_template, request
from werkzeug.exceptions import HTTPException

from core.errors import DarkroomError
from functions import VERSION, assets
from functions.access.auth import SESSION_COOKIE
from functions.app import here
from functions.pages.policy import content_policy
from functions.responses import problems
from functions.responses.compression import compressed

View = Callable[[], Response]

_PLACES = {
    "./": "Gallery", "darkroom": "Darkroom", "live": "Live", "filters": "Filters", "models": "Models",
    "docs": "Reference",
}  # fmt: skip
"""The pages in the navigation: relative, because a platform may serve the function below a path."""


def page(template: str, status: int = 200, **values: Any) -> Response:
    """A page. Where there are keys, its frame offers to log in, or out."""
    if request.method == "GET" and request.path.endswith("/") and request.path != "/":
        return _without_slash()
    has_keys = here().service.authenticator.keys is not None
    logged_in = has_keys and SESSION_COOKIE in request.cookies
    text = render_template(
        template, asset=assets.address, version=VERSION, has_keys=has_keys, logged_in=logged_in, places=_places(),
        here=request.path.removeprefix("/") or "./", may=_scopes(), **values,
    )  # fmt: skip
    response = make_response(text, status)
    response.headers["Content-Security-Policy"] = content_policy(here().service.settings)
    response.headers["Referrer-Policy"] = "same-origin"  # `no-referrer` would make the form's own Origin `null`
    response.headers["Cache-Control"] = "no-store" if request.method == "POST" or logged_in else "no-cache"
    return compressed(response)


def to_page(location: str) -> Response:
    """To another page, by GET, after a form was taken."""
    response: Response = redirect(location, 303)  # type: ignore[assignment] # Flask's own class
    response.headers["Cache-Control"] = "no-store"
    return response


def _without_slash() -> Response:
    """To the page's own path: its links are relative, and would lead below it."""
    last = request.path.rstrip("/").rpartition("/")[2]
    response: Response = redirect(f"../{quote(last)}", 308)  # type: ignore[assignment] # Flask's own class
    response.headers["Cache-Control"] = "no-cache"
    return response


def as_page(view: View) -> View:
    """Show the errors of a page's view as a page."""

    @wraps(view)
    def shown() -> Response:
        try:
            return view()
        except (DarkroomError, HTTPException) as error:
            known = problems.known_error(error)
            g.code = known.code
            return page("problem.html", known.status, problem=known)

    return shown


def _places() -> list[tuple[str, str]]:
    """The pages that this server has, each with its name."""
    paths = {route.path for route in here().routes}
    return [(path, label) for path, label in _PLACES.items() if f"/{path.removeprefix('./')}" in paths]


def _scopes() -> frozenset[str]:
    """What the caller may do: a page offers nothing else."""
    caller = g.get("caller")
    return caller.scopes if caller else frozenset()
