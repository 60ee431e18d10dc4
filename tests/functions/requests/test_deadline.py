"""The deadline of a request."""

import socket
from collections.abc import Iterator

import httpx
import pytest
from flask import Request

from core.errors import BadParameterError, DeadlineExceededError
from functions.errors import ClientGoneError, ShuttingDownError
from functions.requests.deadline import RequestDeadline, begin_deadline
from functions.server import shutdown


def request_with(**environ: object) -> Request:
    return Request({"REQUEST_METHOD": "GET", "wsgi.url_scheme": "http", **environ})


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, client = socket.socketpair()
    with ours, client:
        yield ours, client


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [(None, 30), ("5", 5), ("0.25", 0.25), ("30", 30), ("1e1", 10), ("3600", 30), ("1e300", 30), (" 7 ", 7)],
)
def test_the_shorter_one_counts(asked: str | None, seconds: float) -> None:
    environ = {} if asked is None else {"HTTP_X_REQUEST_TIMEOUT": asked}
    assert begin_deadline(request_with(**environ), 30).seconds == seconds


@pytest.mark.parametrize("asked", ["", "0", "-1", "soon", "5s", "nan", "inf", "1,5", "1_0", "１", "0x10"])
def test_a_wrong_one_is_told(asked: str) -> None:
    with pytest.raises(BadParameterError, match="X-Request-Timeout"):
        begin_deadline(request_with(HTTP_X_REQUEST_TIMEOUT=asked), 30)


def test_it_is_told_over_http(client: httpx.Client) -> None:
    answer = client.get("/v1/filters", headers={"X-Request-Timeout": "soon"})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_parameter")
    assert answer.json()["parameter"] == "X-Request-Timeout"


def test_a_callers_deadline_ends_the_work(client: httpx.Client, png: bytes) -> None:
    headers = {"X-Request-Timeout": "0.000001"}
    answer = client.post("/v1/process?pipeline=blur", content=png, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (504, "deadline_exceeded")
    assert client.post("/v1/process?pipeline=blur", content=png).status_code == 200


def test_it_passes() -> None:
    with pytest.raises(DeadlineExceededError):
        RequestDeadline(0.0, None).check("blur")
    RequestDeadline(1000, None).check("blur")


@pytest.mark.parametrize("ending", ["close", "half-close"])
def test_it_ends_when_the_caller_is_gone(pair: tuple[socket.socket, socket.socket], ending: str) -> None:
    ours, client = pair
    deadline = RequestDeadline(1000, ours)
    deadline.check("decode")
    client.sendall(b"the next request, pipelined")
    client.close() if ending == "close" else client.shutdown(socket.SHUT_WR)
    deadline._looks_again = 0.0
    with pytest.raises(ClientGoneError, match="blur"):
        deadline.check("blur")


def test_a_caller_that_only_waits_is_there(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, client = pair
    client.sendall(b"the next request, pipelined")
    RequestDeadline(1000, ours).check("blur")


def test_it_ends_when_the_process_cannot_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutdown, "_ends", None)
    shutdown.begin(1000)
    RequestDeadline(1000, None).check("blur")
    monkeypatch.setattr(shutdown, "_ends", 0.0)
    with pytest.raises(ShuttingDownError):
        RequestDeadline(1000, None).check("blur")
