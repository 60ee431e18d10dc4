"""One shape for everything that goes wrong (RFC 9457): the test that pins it."""

import re
from typing import Any

import cv2
import httpx
import pytest
from werkzeug.exceptions import HTTPException

from core.errors import DarkroomError
from functions.errors import ShuttingDownError, StreamsFullError
from functions.http import Darkroom
from functions.responses import problems
from functions.routing import Route
from tests.functions.support import app_with, client_of

KINDS = list(problems.error_kinds())
ALWAYS = ["type", "title", "status", "detail", "code"]


def made(kind: type[DarkroomError]) -> DarkroomError:
    """An error of a kind, whatever its constructor asks for."""
    error = kind.__new__(kind)
    DarkroomError.__init__(error, "What happened.", parameter="blur.kernel", got="4", nothing=None)
    error.seconds = 2  # type: ignore[attr-defined]
    return error


def raising(error: Exception) -> httpx.Client:
    app = app_with()

    def boom() -> None:
        raise error

    app.serve([Route("/boom", boom, "read", ("GET", "POST"))])
    return client_of(app)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.code))
def test_the_shape(kind: type[DarkroomError]) -> None:
    response = raising(made(kind)).get("/boom")
    assert response.status_code == kind.status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    assert response.json() == {
        "type": f"/docs#{kind.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": "What happened.",
        "code": kind.code,
        "parameter": "blur.kernel",
        "got": "4",
    }
    assert list(response.json())[:5] == ALWAYS
    assert ("retry-after" in response.headers) == (kind.status == 429 or kind in {ShuttingDownError, StreamsFullError})
    assert ("www-authenticate" in response.headers) == (kind.status == 401)


def test_codes_are_distinct_and_words() -> None:
    assert len(KINDS) > 30
    assert all(re.fullmatch(r"[a-z]+(_[a-z0-9]+)*", kind.code) for kind in KINDS)
    assert all(kind.title and kind.status >= 400 for kind in KINDS)


@pytest.mark.parametrize("status", [400, 404, 405, 408, 411, 413, 414, 417, 431])
def test_errors_of_the_framework_have_it_too(status: int) -> None:
    error = HTTPException("Something.")
    error.code = status
    response = raising(error).get("/boom")
    known = {404: 404, 405: 405, 413: 413}.get(status, 400)
    assert response.status_code == known
    assert list(response.json()) == ALWAYS


NO_MEMORY = cv2.error("out of it")
NO_MEMORY.code = -4


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (MemoryError(), 503, "out_of_memory"),
        (NO_MEMORY, 503, "out_of_memory"),
        (RuntimeError("secret /etc/path"), 500, "internal"),
        (cv2.error("secret: assertion"), 500, "internal"),
    ],
    ids=["memory", "opencv-memory", "unexpected", "opencv"],
)
def test_the_unexpected_tells_no_details(
    error: Exception, status: int, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    response = raising(error).post("/boom")
    told: dict[str, Any] = response.json()
    assert (response.status_code, told["code"]) == (status, code)
    assert "secret" not in response.text
    assert list(told) == ALWAYS


def test_the_log_knows_what_was_unexpected(caplog: pytest.LogCaptureFixture) -> None:
    client = raising(RuntimeError("the true reason"))
    response = client.get("/boom", headers={"X-Request-Id": "find-me"})
    assert response.status_code == 500
    told = next(record.members for record in caplog.records if hasattr(record, "members") and "trace" in record.members)
    assert "the true reason" in told["trace"]
    assert told["request_id"] == "find-me"


def test_hostile_text_in_an_error_stays_json(app: Darkroom) -> None:
    response = client_of(app).post("/v1/process?" + "%E2%80%A8%00%22<script>" * 30 + "=1", content=b"x")
    assert response.status_code == 400
    assert len(response.content) < 1000
