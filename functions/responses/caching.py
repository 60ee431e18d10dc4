"""Cache headers: JSON about the current state is not cached, JSON about the deployment for minutes."""

from typing import Any

from flask import Response, request

from functions.responses.ranges import check_version
from functions.responses.results import json_response


def fresh(value: Any, status: int = 200) -> Response:
    """A JSON response that must not be cached."""
    response = json_response(value, status)
    response.headers["Cache-Control"] = "no-store"
    return response


def cacheable(value: Any) -> Response:
    """A JSON response with an ETag, cacheable for five minutes; 304 if the caller has it already.

    PreconditionFailedError (412) if `If-Match` names other versions only.
    """
    response = json_response(value)
    response.headers["Cache-Control"] = "max-age=300"
    response.add_etag()
    check_version(request, response.headers["ETag"])
    # Werkzeug knows no star in If-Match, which has been checked.
    response.make_conditional({name: value for name, value in request.environ.items() if name != "HTTP_IF_MATCH"})
    return response
