"""The worker as a process: slow clients hold nobody up, and each is told what was wrong."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path

import httpx
import msgspec
import pytest

from bench.server import Server
from tests.conftest import ROOT
from tests.functions.server.proofs.restarts import failures, restarted
from tests.functions.server.proofs.slow_clients import HALF_HEAD, KINDS, SLOW_BODY, crowd, observed
from tests.functions.support import BIN, clean_environment, picture, served, wait_for
from tests.waiting import PATIENCE, until
from tools.ports import free_port

CONFIG = [str(BIN / "gunicorn"), "--config=functions/server/gunicorn_conf.py"]
PATIENT = [str(BIN / "gunicorn"), "--config=tests/functions/server/patient_conf.py", "main:app"]
PATIENT_LAST_SECONDS = 6.0
HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"


def _coded(codings: bytes) -> bytes:
    """A chunked request, to a route that takes no body."""
    head = b"POST /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: " + codings
    return head + b"\r\n\r\n1\r\na\r\n0\r\n\r\n"


FEW = {"DARKROOM_WORKERS": "1", "DARKROOM_THREADS": "4"}


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    host, _, port = url.rpartition("/")[2].partition(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as talk:
        yield talk


def answer_of(talk: socket.socket) -> bytes:
    """What comes until the server closes."""
    received = b""
    while part := talk.recv(65536):
        received += part
    return received


@pytest.fixture(scope="module")
def few() -> Iterator[str]:
    """A server with four threads."""
    with served([str(BIN / "python"), "main.py"], FEW) as url:
        yield url


def test_gunicorn_is_the_version_that_the_worker_was_written_for() -> None:
    """If this fails: compare gunicorn/workers/gthread.py, base.py and http/ with that version, then raise it here.

    The worker overrides `run`, `accept`, `set_accept_enabled`, `handle_request`, and uses `handle`, `TConn`, `tpool`,
    `method_queue`, `nr_conns`, `alive`, `_accepting`, `Message.force_close`, `Unreader.unread` and `take_buffered`.
    """
    assert version("gunicorn") == "27.0.1"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(HEALTH.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), b"200", id="whole"),
        pytest.param(b"\r\n" + HEALTH.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), b"200", id="empty-line"),
        pytest.param(b"GET /health HTTP/1.0\r\n\r\n", b"200", id="no-field"),
        pytest.param(HEALTH.replace(b"\r\n", b"\n"), b"400", id="bare-line-feeds"),
        pytest.param(b"GET /health HTTP/1.1\r\nHost: localhost\n", b"400", id="one-bare-line-feed"),
        pytest.param(b"\r\n\r\n", b"400", id="empty-lines"),
        pytest.param(b"GET /" + b"a" * 9000, b"414", id="long-line"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 40_000, b"431", id="long-head"),
        pytest.param(b"\x16\x03\x01\x02\x00\n", b"400", id="tls"),
        pytest.param(b"GET /health HTTP/1.1\r\n\r\n", b"400", id="no-host"),
        pytest.param(HEALTH.replace(b"\r\n\r\n", b"\r\nHost: other\r\n\r\n"), b"400", id="two-hosts"),
        *(
            pytest.param(HEALTH.replace(b"localhost", host), b"400", id=f"host {host!r}")
            for host in (b"a b/c", b"a/b", b"a@b", b"a:b", b"[::1", b"a%2", b"\xe9.example")
        ),
        *(
            pytest.param(
                HEALTH.replace(b"localhost\r\n", host + b"\r\nConnection: close\r\n"), b"200", id=f"host {host!r}"
            )
            for host in (b"", b"a_b.example:80", b"[::1]:8080", b"127.0.0.1", b"a%2Db", b"xn--caf-dma.example")
        ),
        pytest.param(_coded(b"identity, chunked"), b"501", id="identity"),
        pytest.param(_coded(b"gzip, chunked"), b"501", id="coded-chunks"),
        pytest.param(_coded(b"gzip\r\nTransfer-Encoding: chunked"), b"501", id="coded-chunks-in-two-lines"),
        pytest.param(_coded(b"Chunked"), b"405", id="chunks"),
        pytest.param(HALF_HEAD, b"408", id="half-a-head"),
        pytest.param(b"", b"408", id="silent"),
        pytest.param(SLOW_BODY, b"408", id="no-body"),
    ],
)
def test_each_is_told(few: str, sent: bytes, status: bytes) -> None:
    with connected(few) as talk:
        talk.sendall(sent)
        answer = answer_of(talk)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.")
    assert head.split()[1] == status
    assert b"\r\nConnection: close" in head
    assert f"Content-Length: {len(body)}".encode() in head
    if status in {b"408", b"431"}:
        assert {b"", HALF_HEAD}.isdisjoint({sent}) or b'"code":"slow_head"' in body
        assert sent != SLOW_BODY or b'"code":"slow_body"' in body


REFUSED = {
    "a header without a colon": b"GET /health HTTP/1.1\r\nHost: a\r\nX-Api-Key dk_SECRET\r\n\r\n",
    "a line without a version": b"GET /health?k=dk_SECRET\r\n\r\n",
    "a wrong version": b"GET /health?k=dk_SECRET HTTP/9.9\r\n\r\n",
    "a wrong method": b"dk_SECRET! /health HTTP/1.1\r\n\r\n",
    "an unknown coding": b"POST /health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: dk_SECRET\r\n\r\n",
    "an unknown expectation": b"POST /health HTTP/1.1\r\nHost: a\r\nExpect: dk_SECRET\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("sent", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_not_repeated(few: str, sent: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    with connected(few) as talk:
        talk.sendall(sent)
        head, _, body = answer_of(talk).partition(b"\r\n\r\n")
    assert head.split()[1] in {b"400", b"417", b"501"}
    assert b"application/problem+json" in head
    assert msgspec.json.decode(body)["code"] in {"bad_head", "unknown_coding", "unknown_expectation"}
    assert b"SECRET" not in head + body
    assert "SECRET" not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    "field", ["SCRIPT_NAME: /x", "PATH_INFO: /x", "X-Forwarded-Proto: http\r\nX-Forwarded-Ssl: on"]
)
def test_no_header_changes_what_is_asked_for(few: str, field: str) -> None:
    with connected(few) as talk:
        talk.sendall(HEALTH.replace(b"\r\n\r\n", f"\r\n{field}\r\nConnection: close\r\n\r\n".encode()))
        assert answer_of(talk).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("size", [1, 7, len(HEALTH)])
def test_a_head_in_pieces(few: str, size: int) -> None:
    with connected(few) as talk:
        for _ in range(3):
            for start in range(0, len(HEALTH), size):
                talk.sendall(HEALTH[start : start + size])
            assert talk.recv(65536).startswith(b"HTTP/1.1 200 OK")


def test_pipelined_requests_are_answered_in_order(few: str) -> None:
    with connected(few) as talk:
        talk.sendall(HEALTH + HEALTH + b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = answer_of(talk)
    assert [line.split()[1] for line in answer.splitlines() if line.startswith(b"HTTP/1.1 ")] == [
        b"200",
        b"200",
        b"404",
    ]


def test_slow_clients_hold_nobody_up() -> None:
    """More of each kind than there are threads; the long form is `make prove-slow-clients`."""
    threads = 24
    assert all(kind.number > threads for kind in KINDS.values())
    with (
        served([str(BIN / "python"), "main.py"], {**FEW, "DARKROOM_THREADS": str(threads)}) as url,
        crowd(url, "silent", "heads", "half-heads", "bodies"),
    ):
        outcome = observed(url, 3.0)
    assert outcome.failures == []


def test_too_many_connections_make_room() -> None:
    """Of eight places one or two may still be those of who asked whether the server has started."""
    with served([*CONFIG, "--worker-connections=8", "main:app"], FEW) as url, ExitStack() as stack:
        idle = [stack.enter_context(connected(url)) for _ in range(20)]
        for talk in (idle[-1], *idle[-6:]):  # once the last is served all have come in
            talk.sendall(HEALTH)
            assert talk.recv(65536).startswith(b"HTTP/1.1 200"), "the latest are served"
        more = [stack.enter_context(connected(url)) for _ in range(8)]
        more[-1].sendall(HEALTH)
        assert more[-1].recv(65536).startswith(b"HTTP/1.1 200")
        assert answer_of(idle[-6]) == b"", "the one that was idle longest made room"


def test_who_is_gone_costs_no_work(tmp_path: Path) -> None:
    """Ten callers that leave cost less than half of ten that stay; the log tells of them."""
    body = picture("jpg", width=400, height=300)
    path = "/v1/process?pipeline=" + "/".join(["denoise"] * 5)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with logged(tmp_path / "log") as (url, server):
        assert httpx.post(url + path, content=body, timeout=PATIENCE).status_code == 200
        one = server.core_seconds()
        for _ in range(10):
            with connected(url) as talk:
                talk.sendall(head + body)
        until(lambda: len(statuses(tmp_path / "log")) == 11, "every line of the log")
        ten = server.core_seconds() - one
    assert statuses(tmp_path / "log") == [200] + [499] * 10
    assert ten < 5 * one


def statuses(log: Path) -> list[int]:
    """The statuses of the requests that processed."""
    lines = [msgspec.json.decode(line) for line in log.read_bytes().splitlines() if line.startswith(b"{")]
    return [line["status"] for line in lines if line.get("path") == "/v1/process"]


@contextmanager
def logged(log: Path, command: Sequence[str] = (str(BIN / "python"), "main.py")) -> Iterator[tuple[str, Server]]:
    """A server with one worker, and its log in a file."""
    port = free_port()
    environment = clean_environment(
        PORT=str(port), DARKROOM_MAX_SECONDS=str(PATIENCE), DARKROOM_MAX_WORK="100", DARKROOM_QUEUE="16",
        **{**FEW, "DARKROOM_THREADS": "32"},
    )  # fmt: skip
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out)
        try:
            wait_for(f"http://127.0.0.1:{port}", process)
            yield f"http://127.0.0.1:{port}", Server(port, process.pid)
        finally:
            process.terminate()
            process.wait(PATIENCE)


def test_shutting_down(tmp_path: Path) -> None:
    """What is in flight is answered; who comes now hears that, on connections that are closed then."""
    answers = next(found for _ in range(5) if (found := shut_down(tmp_path / "log")))  # unless we were too late
    assert answers["flying"].startswith(b"HTTP/1.1 200 OK")
    assert answers["half"].startswith(b"HTTP/1.1 200 OK"), "its first byte came before the signal"
    assert answers["idle"] == b"", "closed, not reset"
    for name in ("refused", "ready"):
        assert answers[name].startswith(b"HTTP/1.1 503")
        assert b"\r\nConnection: close\r\n" in answers[name]
    assert b"\r\nRetry-After: 1\r\n" in answers["refused"]
    assert b'"code":"shutting_down"' in answers["refused"]
    assert b'"reasons":["The server is shutting down."]' in answers["ready"]


def shut_down(log: Path) -> dict[str, bytes]:
    """What each of five connections hears while a server shuts down; nothing if this machine was too busy to ask."""
    body = picture("jpg", width=320, height=240)
    head = f"POST /v1/process HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with logged(log, PATIENT) as (url, server), ExitStack() as stack:
        flying, half, first, second, third, idle = [stack.enter_context(connected(url)) for _ in range(6)]
        for talk in (first, second, third, idle):
            assert ask(talk, b"/health").startswith(b"HTTP/1.1 200")
        flying.sendall(head.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
        assert flying.recv(65536).startswith(b"HTTP/1.1 100"), "a thread is at it"
        half.sendall(HALF_HEAD)
        os.kill(server.pid, signal.SIGTERM)
        began = time.monotonic()
        until(lambda: b"\r\nConnection: close\r\n" in ask(first, b"/health"), "the signal's notice")
        answers = {"refused": ask(second, b"/v1/version"), "ready": ask(third, b"/ready")}
        half.sendall(b"x\r\n\r\n")
        if time.monotonic() - began > PATIENT_LAST_SECONDS / 2:
            return {}
        flying.sendall(body)
        return {**answers, "flying": answer_of(flying), "half": answer_of(half), "idle": answer_of(idle)}


def ask(talk: socket.socket, path: bytes) -> bytes:
    talk.sendall(HEALTH.replace(b"/health", path))
    received = b""
    while b"\r\n\r\n" not in received or b"Connection: close" in received:
        part = talk.recv(65536)
        if not part:
            break
        received += part
    return received


def test_what_computes_beyond_the_grace_is_told(tmp_path: Path) -> None:
    body = picture("jpg", width=1600, height=1200)
    path = "/v1/process?pipeline=" + "/".join(["denoise"] * 8)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    command = [*CONFIG, "--graceful-timeout=2", "main:app"]
    with logged(tmp_path / "log", command) as (url, server), connected(url) as talk:
        before = server.core_seconds()
        talk.sendall(head + body)
        until(lambda: server.core_seconds() > before + 0.5, "it computes")
        os.kill(server.pid, signal.SIGTERM)
        answer = answer_of(talk)
    assert answer.startswith(b"HTTP/1.1 503")
    assert b'"code":"shutting_down"' in answer


def test_a_restart_loses_nothing() -> None:
    """The long form is `make prove-restarts`."""
    outcomes = restarted(3)
    assert failures(outcomes) == {}
    assert outcomes["idle: closed"]
    assert outcomes["long: 200"]
