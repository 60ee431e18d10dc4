"""Both clients against the real server: byte for byte what curl saves, and a clear word for each failure."""

import os
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.functions.support import BIN, served
from tests.waiting import PATIENCE
from tools.ports import free_port

Command = list[str | Path]


def run(*command: str | Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """The command as a shell runs it, without a terminal."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DARKROOM_")}
    return subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=kept | variables,
        check=False,
    )


def curl(url: str, photo: Path, *options: str) -> bytes:
    """What curl saves."""
    command = ["curl", "-sS", "--fail", *options, "-F", f"file=@{photo}", url]
    done = subprocess.run(command, capture_output=True, check=True, timeout=PATIENCE)
    return done.stdout


# --- the same bytes ------------------------------------------------------------------------------------------------

PIPELINES = ["blur:15", "resize:200/sepia", "canny", "grayscale/rotate:30", "square:64", ""]


def test_go_uploads_as_curl_does(server: str, go_client: Path, photo: Path, tmp_path: Path) -> None:
    for address in (server, f"{server}/upload"):
        saved = tmp_path / "2.jpg"
        done = run(go_client, "-server", address, "-file", photo, "-output", saved)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.strip() == f"Processed image saved to {saved}"
        assert saved.read_bytes() == curl(f"{server}/upload", photo)


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_pipelines_as_curl_does(
    server: str, go_client: Path, python_client: Path, photo: Path, tmp_path: Path, pipeline: str
) -> None:
    expected = curl(f"{server}/v1/process?pipeline={pipeline}", photo)
    by_go, by_python = tmp_path / "go.png", tmp_path / "python.png"
    assert run(go_client, "-server", server, "-file", photo, "-output", by_go, "-pipeline", pipeline).returncode == 0
    done = run(python_client, "--server", server, "run", pipeline, photo, "-o", by_python)
    assert done.returncode == 0, done.stderr
    assert by_go.read_bytes() == expected
    assert by_python.read_bytes() == expected


# --- failures ------------------------------------------------------------------------------------------------------


@pytest.fixture
def half_answer() -> Iterator[str]:
    """A server that promises 1,000,000 bytes and hangs up after 1,000."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)

        def answer() -> None:
            for _ in range(8):
                try:
                    talk, _address = listener.accept()
                except OSError:
                    return
                with talk:
                    talk.settimeout(PATIENCE)
                    request = part = talk.recv(65536)
                    while part and not is_whole(request):
                        request += (part := talk.recv(65536))
                    talk.sendall(
                        b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000
                    )

        threading.Thread(target=answer, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def is_whole(request: bytes) -> bool:
    """Whether a request has come to its end: its length is told, or it comes in chunks."""
    head, ended, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"\r\nContent-Length: *(\d+)", head, re.IGNORECASE)
    if b"chunked" in head:
        return body.endswith(b"0\r\n\r\n")
    return bool(ended) and len(body) >= int(length[1] if length else 0)


def go_command(client: Path, server: str, photo: Path, saved: Path, pipeline: str = "blur") -> Command:
    """The Go client's command line."""
    return [client, "-server", server, "-file", photo, "-output", saved, "-pipeline", pipeline]


def python_command(client: Path, server: str, photo: Path, saved: Path, pipeline: str = "blur") -> Command:
    """The Python client's command line."""
    return [client, "--server", server, "run", pipeline, photo, "-o", saved]


@pytest.fixture(params=["go", "python"])
def command(request: pytest.FixtureRequest) -> Callable[..., Command]:
    """Either client's command line, made of server, photo, output and pipeline."""
    client: Path = request.getfixturevalue(f"{request.param}_client")
    make = go_command if request.param == "go" else python_command
    return lambda *parts: make(client, *parts)


def nothing_left(folder: Path, *kept: Path) -> bool:
    """Whether the folder holds only what is meant to be there."""
    return set(folder.iterdir()) == set(kept)


def test_missing_file(command: Callable[..., Command], server: str, tmp_path: Path) -> None:
    done = run(*command(server, tmp_path / "nothing.jpg", tmp_path / "out.png"))
    assert done.returncode != 0
    assert "nothing.jpg" in done.stderr
    assert "Traceback" not in done.stderr
    assert nothing_left(tmp_path)


def test_nobody_listens(command: Callable[..., Command], photo: Path, tmp_path: Path) -> None:
    done = run(*command(f"http://127.0.0.1:{free_port()}", photo, tmp_path / "out.png"))
    assert done.returncode != 0
    assert "make run" in done.stderr
    assert nothing_left(tmp_path, photo)


def test_refused_with_the_servers_words(
    command: Callable[..., Command], server: str, photo: Path, tmp_path: Path
) -> None:
    old = tmp_path / "out.png"
    done = run(*command(server, photo, old, "blurr"))
    assert done.returncode != 0
    assert 'Did you mean "blur"' in done.stderr
    assert nothing_left(tmp_path, photo)


def test_no_picture(command: Callable[..., Command], server: str, tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a picture")
    done = run(*command(server, text, tmp_path / "out.png"))
    assert done.returncode != 0
    assert "not_an_image" in done.stderr
    assert nothing_left(tmp_path, text)


@pytest.mark.parametrize("client", ["go_client", "python_client"])
def test_no_table_of_nothing(client: str, request: pytest.FixtureRequest, photo: Path) -> None:
    program: Path = request.getfixturevalue(client)
    done = run(program, "images", "put", photo, DARKROOM_SERVER=f"http://127.0.0.1:{free_port()}")
    assert done.returncode == 3
    assert "make run" in done.stderr
    assert done.stdout == ""


def test_half_an_answer(command: Callable[..., Command], half_answer: str, photo: Path, tmp_path: Path) -> None:
    done = run(*command(half_answer, photo, tmp_path / "out.png"))
    assert done.returncode != 0
    assert done.stderr.strip()
    assert nothing_left(tmp_path, photo)


def test_interrupted(command: Callable[..., Command], photo: Path, tmp_path: Path) -> None:
    """Ctrl-C while the server is silent leaves nothing behind."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        parts = [str(part) for part in command(address, photo, tmp_path / "out.png")]
        process = subprocess.Popen(parts, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        silent.settimeout(PATIENCE)
        talk, _address = silent.accept()
        assert talk.recv(1), "it is sending, and nobody answers"
        process.send_signal(signal.SIGINT)
        _out, error = process.communicate(timeout=PATIENCE)
        talk.close()
    assert process.returncode == 130
    assert b"Traceback" not in error
    assert nothing_left(tmp_path, photo)


def test_python_refuses_to_pour_a_picture_into_a_terminal(server: str, python_client: Path, photo: Path) -> None:
    script = f"{python_client} --server {server} run blur - -o - < {photo}"
    done = run("script", "-qec", script, "/dev/null")
    assert done.returncode != 0
    assert "terminal" in done.stdout


def test_python_pipes(server: str, python_client: Path, photo: Path) -> None:
    script = f"{python_client} --server {server} run blur:15 - -o - < {photo} | cat"
    done = subprocess.run(["bash", "-c", script], capture_output=True, timeout=PATIENCE, check=True)
    assert done.stdout == curl(f"{server}/v1/process?pipeline=blur:15", photo)


def test_python_lists_filters(server: str, python_client: Path) -> None:
    listed = run(python_client, "--server", server, "filters")
    assert "blur" in listed.stdout
    one = run(python_client, "--server", server, "filters", "blur")
    assert "kernel" in one.stdout
    assert "15" in one.stdout


# --- an answer that is too large for a platform ------------------------------------------------------------------


def test_both_fetch_an_answer_that_is_stored(go_client: Path, python_client: Path, photo: Path, tmp_path: Path) -> None:
    """Lambda passes on 4.5 MB: a larger picture is stored, and both clients save what curl -L saves."""
    (tmp_path / "results").mkdir()
    environment = {
        "DARKROOM_PLATFORM": "lambda", "DARKROOM_FILES": str(tmp_path), "DARKROOM_RESULTS": "file://results",
        "DARKROOM_SIGNING_KEY": "a secret of the tests' own, 32 or more",
    }  # fmt: skip
    command = [str(BIN / "gunicorn"), "--bind=127.0.0.1:PORT", "--threads=4", "--no-control-socket", "main:app"]
    pipeline = "resize:1600,enlarge=true/grain:100"
    with served(command, environment) as url:
        expected = curl(f"{url}/v1/process?pipeline={pipeline}", photo, "-L")
        assert len(expected) > 4_500_000
        for client, make in ((go_client, go_command), (python_client, python_command)):
            saved = tmp_path / f"{make.__name__}.png"
            done = run(*make(client, url, photo, saved, pipeline))
            assert (done.returncode, saved.read_bytes() == expected) == (0, True), done.stderr
