import io
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from darkroom_client import (
    BrokenResponseError,
    Darkroom,
    DarkroomError,
    NoServerError,
    RefusedError,
    Result,
    SlowServerError,
)

from tests.clients.python.fault_server import Answer, FaultServer, half, hang_up, other, problem, reset, silence, usual
from tests.waiting import PATIENCE
from tools.ports import free_port

CLIENT = str(Path(__file__).parents[3] / "clients/python")
PICTURE = b"\xff\xd8 a picture"
BUSY = problem(503, {"Retry-After": "0"}, code="draining", detail="Draining.")


def test_process_sends_the_picture_and_what_is_asked(server: FaultServer, photo: Path) -> None:
    with Darkroom(server.url + "/") as darkroom:
        result = darkroom.process(
            photo, "text:a%2Fb/blur", format="webp", quality=70, pictures={"logo": b"l"}, keep="exif+icc", max_bytes=9
        )
    request = server.seen[0]
    assert (result.data, result.content_type) == (PICTURE, "image/webp")
    assert result.headers["content-type"] == "image/webp"
    assert request.query == {
        "pipeline": "text:a%2Fb/blur",
        "format": "webp",
        "quality": "70",
        "keep": "exif+icc",
        "max_bytes": "9",
    }
    assert request.parts == {"file": PICTURE, "logo": b"l"}
    assert "Transfer-Encoding" not in request.headers


def test_a_result_is_saved(tmp_path: Path) -> None:
    result = Result(PICTURE, "image/jpeg", {})
    result.save(tmp_path / "out.jpg")
    with pytest.raises(FileExistsError):
        result.save(str(tmp_path / "out.jpg"))
    result.save(tmp_path / "out.jpg", force=True)
    assert (tmp_path / "out.jpg").read_bytes() == PICTURE


def test_lists(server: FaultServer) -> None:
    with Darkroom(server.url) as darkroom:
        assert [step["name"] for step in darkroom.filters()] == ["blur", "text"]
        assert darkroom.formats()["formats"][0]["name"] == "jpeg"
        assert darkroom.version() == {"version": "1.2.3"}
        assert darkroom.inspect(PICTURE, "sepia")["findings"] == {"measures": {"bytes": len(PICTURE)}}


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param([BUSY], id="503"),
        pytest.param([problem(429, {"Retry-After": "0"}, code="queue_full", detail="Full.")], id="429"),
        pytest.param([reset], id="reset"),
        pytest.param([hang_up], id="closed"),
        pytest.param([reset, BUSY], id="two"),
    ],
)
@pytest.mark.parametrize("as_file", [True, False], ids=["file", "pipe-like"])
def test_a_passing_fault_is_tried_again(server: FaultServer, faults: list[Answer], photo: Path, as_file: bool) -> None:
    server.script = list(faults)
    picture = photo if as_file else io.BytesIO(PICTURE)
    with Darkroom(server.url) as darkroom:
        assert darkroom.process(picture).data == PICTURE
    assert len(server.seen) == len(faults) + 1
    assert all(request.parts == {"file": PICTURE} for request in server.seen)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses that the client made, without making them."""
    pauses: list[float] = []
    monkeypatch.setattr("darkroom_client.transport.time.sleep", pauses.append)
    return pauses


def test_retry_after_is_honoured(server: FaultServer, slept: list[float]) -> None:
    server.script = [problem(503, {"Retry-After": "7"}, code="draining", detail="Draining.")]
    with Darkroom(server.url) as darkroom:
        darkroom.process(PICTURE)
    assert len(slept) == 1
    assert slept[0] >= 7


@pytest.mark.parametrize(
    ("fault", "tries"),
    [
        pytest.param(BUSY, 3, id="busy-for-good"),
        pytest.param(problem(429, {"Retry-After": "3600"}, code="queue_full", detail="Full."), 1, id="busy-for-long"),
        pytest.param(problem(400, code="bad_parameter", detail="No."), 1, id="400"),
        pytest.param(problem(504, code="deadline", detail="Late."), 1, id="504"),
        pytest.param(half, 1, id="half-answer"),
        pytest.param(reset, 3, id="reset-for-good"),
    ],
)
def test_tries_are_bounded(server: FaultServer, fault: Answer, tries: int) -> None:
    server.script = [fault] * 10
    with Darkroom(server.url, retries=2) as darkroom, pytest.raises(DarkroomError):
        darkroom.process(PICTURE)
    assert len(server.seen) == tries


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        pytest.param(half, BrokenResponseError, "cut short", id="half-answer"),
        pytest.param(reset, BrokenResponseError, "lost before", id="reset"),
        pytest.param(silence, SlowServerError, "in time", id="silence"),
        pytest.param(other(200, "text/html", b"<p>login"), BrokenResponseError, "text/html", id="no-darkroom"),
        pytest.param(other(404, "text/html", b"?"), RefusedError, "Is it a Darkroom server", id="404-page"),
        pytest.param(other(500, "application/json", b"[1"), RefusedError, "500 Internal", id="broken-problem"),
        pytest.param(other(799, "text/plain", b""), RefusedError, "799", id="unknown-status"),
        pytest.param(
            other(302, "text/html", b"", Location="https://x.example"), RefusedError, "redirects to", id="moved"
        ),
    ],
)
def test_faults_have_their_own_errors(
    server: FaultServer, fault: Answer, kind: type[DarkroomError], words: str
) -> None:
    server.script = [fault] * 2
    patient = 0.3 if fault is silence else PATIENCE
    with Darkroom(server.url, timeout=patient, retries=0) as darkroom, pytest.raises(kind, match=words):
        darkroom.process(PICTURE)


@pytest.mark.parametrize("answer", [b"[]", b"{", b"{}"], ids=["array", "no-json", "no-filters"])
def test_lists_that_are_none(server: FaultServer, answer: bytes) -> None:
    server.script = [other(200, "application/json", answer)]
    with Darkroom(server.url) as darkroom, pytest.raises(BrokenResponseError):
        darkroom.filters()


def test_a_refusal_carries_the_whole_problem(server: FaultServer) -> None:
    members: dict[str, Any] = {
        "title": "A parameter is wrong",
        "detail": '"blur" wants an odd kernel.',
        "code": "bad_parameter",
        "parameter": "blur.kernel",
        "expected": "odd, 1 to 99",
        "got": "4",
    }
    server.script = [problem(400, {"X-Request-Id": "r-1"}, **members)]
    with Darkroom(server.url) as darkroom, pytest.raises(RefusedError) as caught:
        darkroom.process(PICTURE, "blur:4")
    error = caught.value
    assert {name: getattr(error, name) for name in members} == members
    assert (error.status, error.request_id, error.problem["status"]) == (400, "r-1", 400)
    assert str(error) == '"blur" wants an odd kernel. [400 bad_parameter]'


def test_nobody_there_is_said_at_once(nowhere: str, slept: list[float]) -> None:
    with Darkroom(nowhere.replace("//", "//me:secret@")) as darkroom, pytest.raises(NoServerError) as caught:
        darkroom.process(PICTURE)
    assert str(caught.value) == f"No server answers at {nowhere} (Connection refused)."
    assert "secret" not in str(caught.value)
    assert slept == []


def test_a_server_that_restarts_is_waited_for() -> None:
    port = free_port()
    with FaultServer(port) as server, Darkroom(server.url, retries=8) as darkroom:
        darkroom.version()
        server.shutdown()
        server.server_close()
        server.seen[0].connection.close()
        thread = threading.Timer(0.02, _restart, (port, later := threading.Event()))
        thread.start()
        try:
            assert darkroom.version() == {"version": "1.2.3"}
        finally:
            later.set()
            thread.join()


def _restart(port: int, until: threading.Event) -> None:
    with FaultServer(port):
        until.wait(PATIENCE)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "localhost:8080",
        "ftp://host",
        "http://",
        "http://host/?a=1",
        "http://[",
        "http://a b",
        "http://a..b",
        "http://h:99999",
    ],
)
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(ValueError, match="must look like"):
        Darkroom(address)


@pytest.mark.parametrize(
    "address",
    ["http://h?key=dk_secret", "http://h#dk_secret", "ftp://dk_secret@h", "dk_secret@h", "http://dk_secret@h/?a"],
)
def test_what_may_be_a_key_is_not_repeated(address: str) -> None:
    with pytest.raises(ValueError, match="must look like") as caught:
        Darkroom(address)
    assert "dk_secret" not in str(caught.value)


def test_a_proxy_is_not_asked_for_this_machine(
    server: FaultServer, nowhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", nowhere)
    with Darkroom(server.url) as darkroom:
        assert darkroom.version() == {"version": "1.2.3"}


def test_the_second_picture_is_not_the_first() -> None:
    with Darkroom() as darkroom, pytest.raises(ValueError, match="another"):
        darkroom.process(PICTURE, pictures={"file": PICTURE})


STREAM = """
import sys, tracemalloc
from darkroom_client import Darkroom
with Darkroom(sys.argv[1]) as darkroom:
    darkroom.version()
    tracemalloc.start()
    darkroom.process(sys.argv[2] if sys.argv[3] == "path" else open(sys.argv[2], "rb"))
print(tracemalloc.get_traced_memory()[1])
"""


@pytest.mark.parametrize("kind", ["path", "file"])
def test_a_file_is_streamed(server: FaultServer, tmp_path: Path, kind: str) -> None:
    big = tmp_path / "big.jpg"
    with big.open("wb") as file:
        file.truncate(24 << 20)
    server.script = [usual, other(200, "image/jpeg", b"ok")]
    env = {**os.environ, "PYTHONPATH": CLIENT}
    done = subprocess.run(
        [sys.executable, "-c", STREAM, server.url, str(big), kind], env=env, capture_output=True, check=True
    )
    assert len(server.seen[1].body) > 24 << 20
    assert int(done.stdout) < 4 << 20, "the file was held in memory"


def test_a_stored_answer_is_fetched_without_what_is_for_the_server_alone(server: FaultServer) -> None:
    """An answer that is too large for a platform lies in a bucket, which is another host."""
    with FaultServer() as bucket:
        server.script = [other(303, "text/plain", b"", Location=f"{bucket.url}/answers/1?signature=2")]
        bucket.script = [other(200, "image/webp", PICTURE)]
        with Darkroom(server.url, retries=0) as darkroom:
            darkroom._transport._http.headers["X-Api-Key"] = "secret"
            assert darkroom.process(PICTURE).data == PICTURE
        (asked,) = bucket.seen
        assert (asked.command, asked.path) == ("GET", "/answers/1?signature=2")
        assert "X-Api-Key" not in asked.headers
        assert server.seen[0].headers["X-Api-Key"] == "secret"


@pytest.mark.parametrize("location", ["ftp://x.example/a", "/again", "//"])
def test_a_stored_answer_is_looked_for_once(server: FaultServer, location: str) -> None:
    server.script = [other(303, "text/plain", b"", Location=location)] * 3
    with Darkroom(server.url, retries=0) as darkroom, pytest.raises(DarkroomError):
        darkroom.process(PICTURE)
    assert len(server.seen) <= 2
