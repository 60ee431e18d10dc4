"""The client's errors, each with a sentence for people."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

LASTING = {
    "model_absent",
    "model_broken",
    "model_checksum",
    "model_memory",
    "model_mismatch",
    "model_output",
    "runtime_missing",
}
"""Codes of a 503 that do not go away by waiting, unless the response says how long to wait."""


class DarkroomError(Exception):
    """Base class of this client's errors. `transient`: the same request may succeed a moment later."""

    transient: bool = False
    retry_after: float | None = None


class NoServerError(DarkroomError):
    """No server answers at this URL."""

    def __init__(self, address: str, reason: str, *, transient: bool = False) -> None:
        super().__init__(f"No server answers at {address} ({reason}).")
        self.address = address
        self.transient = transient


class SlowServerError(DarkroomError):
    """The server did not answer within `timeout`."""


class BrokenResponseError(DarkroomError):
    """The connection was lost, or the response is not from a Darkroom server."""

    def __init__(self, detail: str, *, transient: bool = False) -> None:
        super().__init__(detail)
        self.transient = transient


class RefusedError(DarkroomError):
    """The server refused: the members of its problem document (RFC 9457) and what the headers add.

    Attributes:
        status: HTTP status, such as 400.
        code: code for programs, such as `bad_parameter`; empty if the response was not a problem document.
        title, detail: text for people.
        parameter, expected, got: the invalid parameter, if there is one, else None.
        retry_after: seconds the server asks to wait, or None.
        request_id: the ID to quote when reporting a problem, or None.
        problem: the whole document, including members this client does not know.
    """

    def __init__(
        self, status: int, problem: Mapping[str, Any], retry_after: float | None, request_id: str | None
    ) -> None:
        self.status = status
        self.problem = dict(problem)
        self.code = str(problem.get("code", ""))
        self.title = str(problem.get("title", ""))
        self.detail = str(problem.get("detail", "")) or self.title
        self.parameter = problem.get("parameter")
        self.expected = problem.get("expected")
        self.got = problem.get("got")
        self.retry_after = retry_after
        self.request_id = request_id
        self.transient = status in {429, 503} and (retry_after is not None or self.code not in LASTING)
        super().__init__(f"{self.detail} [{' '.join(filter(None, (str(status), self.code)))}]")


def problem_of(status: int, content_type: str, body: bytes, location: str | None) -> dict[str, Any]:
    """The problem document of an error response; one made up if the response is not from a Darkroom server."""
    if "json" in content_type:
        try:
            document = json.loads(body)
        except ValueError:
            document = None
        if isinstance(document, dict) and ("detail" in document or "title" in document):
            return document
    if location:
        return {"detail": f"The server redirects to {location}: use that URL instead."}
    return {"detail": f"The server answered {status} {_phrase(status)} without a reason. Is it a Darkroom server?"}


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "(no known status)"
