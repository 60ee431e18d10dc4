"""Places in the queue at the HTTP door: taken before the body is read, given back after the response."""

import gc
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from flask import Request
from werkzeug.test import create_environ, run_wsgi_app

from core.cost import Estimate
from core.limits import Deadline
from functions.access.auth import allow
from functions.access.caller import Caller
from functions.access.places import most_bytes
from functions.http import Darkroom
from service.keys.authenticator import Authenticator
from service.scopes import Scope
from service.settings import Settings
from service.timing import Timings
from tests.functions.support import app_with, client_of, picture
from tests.service.admitting import requests, running, waiting
from tests.waiting import PATIENCE, until

PNG = picture("png")
HEAVY = {
    "POST /": "form_sent",
    "POST /add": "add",
    "POST /upload": "upload",
    "POST /v1/process": "process",
    "POST /v1/images": "put_image",
    "PUT /v1/uploads/x": "receive_upload",
    "POST /v2/models/shapes/infer": "infer",
    "POST /v2/models/shapes/versions/1/infer": "infer",
}
CHEAP = ("/health", "/v1/filters", "/v1/formats", "/v1/version", "/v1/models", "/v2", "/docs", "/openapi.json")


class Unread(io.BytesIO):
    """A body that notices that it is read."""

    count = 0

    def read(self, size: int | None = -1) -> bytes:
        self.count += 1
        return super().read(size)


@pytest.fixture(scope="module")
def full() -> Iterator[Darkroom]:
    """A server all of whose places are taken."""
    app = app_with(at_once="1", queue="0")
    with requests(app.service.admission) as start:
        assert start(client="somebody", work=7.0).runs.wait(PATIENCE)
        yield app


@pytest.mark.parametrize("request_", HEAVY)
def test_what_computes_is_refused_before_its_body_is_read(full: Darkroom, request_: str) -> None:
    method, path = request_.split()
    body = Unread(PNG)
    response = full.test_client().open(path, method=method, input_stream=body, content_length=len(PNG))
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "7"
    assert body.count == 0


@pytest.mark.parametrize(
    ("headers", "status"), [({}, 429), ({"Host": "elsewhere"}, 401), ({"Origin": "https://elsewhere"}, 403)]
)
def test_who_may_not_is_told_so_first(full: Darkroom, headers: dict[str, str], status: int) -> None:
    response = client_of(full).post("/v1/process", content=PNG, headers={"X-Request-Id": "mine", **headers})
    assert response.status_code == status
    assert response.headers["x-request-id"] == "mine"


def test_a_refusal_without_the_framework_is_the_same(full: Darkroom) -> None:
    """With listed origins the framework answers: both answers tell the same, but for the origin."""
    with pytest.MonkeyPatch.context() as patched:
        quick = client_of(full).post("/upload", content=PNG, headers={"X-Request-Id": "x"})
        patched.setattr("functions.app.refusal", lambda *_: None)
        usual = client_of(full).post("/upload", content=PNG, headers={"X-Request-Id": "x"})
    assert quick.json() == usual.json()
    timed = {"server-timing"}
    assert {k: v for k, v in quick.headers.items() if k not in timed} == {
        k: v for k, v in usual.headers.items() if k not in timed
    }


def test_a_refusal_leaves_nothing_to_collect(full: Darkroom) -> None:
    """A collection holds Python's lock: under overload, tens of milliseconds at a time for whoever computes."""

    def refused() -> str:
        environ = create_environ("/v1/process", method="POST", input_stream=io.BytesIO(PNG), content_length=len(PNG))
        return run_wsgi_app(full, {**environ, "REMOTE_ADDR": "127.0.0.1"})[1]

    refused()
    gc.collect()
    gc.disable()
    try:
        assert {refused() for _ in range(20)} == {"429 TOO MANY REQUESTS"}
        assert gc.collect() < 20
    finally:
        gc.enable()


def test_who_may_be_served_after_all_is_asked_once_who_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rates of keys are counted where that is asked."""
    asked = []

    def counted(request: Request, scope: Scope, settings: Settings, authenticator: Authenticator) -> Caller:
        asked.append(scope)
        return allow(request, scope, settings, authenticator)

    for module in ("functions.http", "functions.refusals"):
        monkeypatch.setattr(f"{module}.allow", counted)
    app = app_with(at_once="1", queue="1", queue_seconds="120")
    gate = app.service.admission
    with ThreadPoolExecutor() as threads, requests(gate) as start:
        assert start(client="somebody").runs.wait(PATIENCE)
        start(client="somebody")
        until(gate.is_full)
        response = threads.submit(client_of(app).post, "/v1/process", content=PNG)
        until(lambda: waiting(gate) == 2, "the place that is kept for others")
    assert response.result().status_code == 200
    assert asked == ["process"]


LENGTHS = {
    "none": ({}, 0),
    "short": ({"CONTENT_LENGTH": "10"}, 10),
    "longer than allowed": ({"CONTENT_LENGTH": "1000"}, 100),
    "no number": ({"CONTENT_LENGTH": "-1"}, 100),
    "chunked": ({"HTTP_TRANSFER_ENCODING": "chunked"}, 100),
    "empty": ({"CONTENT_LENGTH": ""}, 0),
}


@pytest.mark.parametrize(("environ", "most"), LENGTHS.values(), ids=LENGTHS)
def test_how_long_a_body_may_be(environ: dict[str, str], most: int) -> None:
    assert most_bytes(environ, 100) == most


@pytest.mark.parametrize("path", CHEAP)
def test_what_does_not_compute_is_answered(full: Darkroom, path: str) -> None:
    assert client_of(full).get(path).status_code == 200


def test_these_routes_compute(full: Darkroom) -> None:
    """Whoever adds a route that computes what it is sent marks it, and adds it here."""
    assert {route.endpoint for route in full.routes if route.heavy} == set(HEAVY.values())


REQUESTS = {
    "a picture": ("/v1/process", PNG, 200),
    "a form without a file": ("/upload", b"", 400),
    "no picture": ("/v1/process", b"nonsense", 415),
    "a wrong pipeline": ("/v1/process?pipeline=nix", PNG, 400),
    "nobody's path": ("/nowhere", PNG, 404),
    "no side": ("/v1/process?pipeline=resize:0", PNG, 400),
}


@pytest.mark.parametrize(("path", "body", "status"), REQUESTS.values(), ids=REQUESTS)
def test_whatever_the_answer_the_place_is_given_back(path: str, body: bytes, status: int) -> None:
    app = app_with(at_once="1", queue="0")
    for _ in range(3):
        assert client_of(app).post(path, content=body).status_code == status
    assert app.service.admission._table.used == 0


def test_renders_count_for_their_caller() -> None:
    """A GET takes its place when it computes, and its caller is known then."""
    app = app_with(at_once="1", queue="1")
    gate = app.service.admission
    with ExitStack() as inside, app.test_request_context("/v1/render/x", environ_base={"REMOTE_ADDR": "127.0.0.1"}):
        app.preprocess_request()
        inside.enter_context(gate.enter(Estimate(), Deadline(1), Timings()))
        assert running(gate) == 1
        assert gate._table.client[0] != 0
    assert gate._table.used == 0
