"""What all pages share: the frame around them and the headers that confine them."""

from typing import Any

from flask import Response, make_response, render_template, request

from functions import VERSION
from functions.access.auth import SESSION_COOKIE
from functions.app import here

_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def page(template: str, status: int = 200, **values: Any) -> Response:
    """A page. Where there are keys, its frame offers to log in, or out."""
    has_keys = here().service.authenticator.keys is not None
    logged_in = has_keys and SESSION_COOKIE in request.cookies
    text = render_template(template, version=VERSION, has_keys=has_keys, logged_in=logged_in, **values)
    response = make_response(text, status)
    response.headers["Content-Security-Policy"] = _CSP
    response.headers["Referrer-Policy"] = "same-origin"  # `no-referrer` would make the form's own Origin `null`
    response.headers["Cache-Control"] = "no-store" if request.method == "POST" or logged_in else "no-cache"
    return response
