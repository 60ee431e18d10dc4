"""How long an answer may be kept: JSON about this moment is never kept, JSON about this deployment for minutes."""

from typing import Any

from flask import Response, request

from functions.responses.results import json_response


def fresh(value: Any, status: int = 200) -> Response:
    """A JSON answer that holds for this moment only."""
    response = json_response(value, status)
    response.headers["Cache-Control"] = "no-store"
    return response


def cacheable(value: Any) -> Response:
    """A JSON answer with an ETag that may be kept for five minutes; 304 where the caller has it already."""
    response = json_response(value)
    response.headers["Cache-Control"] = "max-age=300"
    response.add_etag()
    response.make_conditional(request)
    return response
