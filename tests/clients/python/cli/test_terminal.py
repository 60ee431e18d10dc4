"""What needs a process of its own: pipes, terminals, Ctrl-C, and how soon it starts."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.python.fault_server import FaultServer, silence, usual
from tests.clients.python.model_server import ModelServer
from tests.waiting import PATIENCE, until

Spawn = Callable[..., "subprocess.Popen[bytes]"]
PICTURE = b"\xff\xd8 a picture"


def _read(terminal: int) -> str:
    seen = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # Linux says so when the last writer has gone
            break
        if not piece:
            break
        seen += piece
    os.close(terminal)
    return seen.decode()


def test_stdin_to_stdout(spawn: Spawn) -> None:
    process = spawn("run", "sepia", "-")
    out, err = process.communicate(PICTURE, timeout=PATIENCE)
    assert (process.returncode, out, err) == (0, PICTURE, b"")


@pytest.mark.parametrize("words", [["photo.jpg", "-o", "-"], ["-"]], ids=["file", "stdin"])
def test_no_picture_into_a_terminal(spawn: Spawn, photo: Path, words: list[str]) -> None:
    mine, theirs = pty.openpty()
    process = spawn("run", "sepia", *words, stdout=theirs, cwd=photo.parent)
    os.close(theirs)
    _, err = process.communicate(PICTURE, timeout=PATIENCE)
    assert (process.returncode, _read(mine)) == (2, "")
    assert b"cannot be printed to a terminal" in err


def test_findings_may_go_to_a_terminal(spawn: Spawn, photo: Path) -> None:
    mine, theirs = pty.openpty()
    process = spawn("run", "palette", photo, stdout=theirs)
    os.close(theirs)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert '  "findings": {\r\n' in _read(mine)


@pytest.mark.parametrize("words", [["version"], ["completions", "bash"], ["run", "sepia", "-"]], ids=" ".join)
def test_output_that_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, words: list[str]
) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)  # with which nothing is left for the end
    spawn: Spawn = request.getfixturevalue("spawn")
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        process = spawn(*words, stdout=full)
    _, err = process.communicate(PICTURE, timeout=PATIENCE)
    assert process.returncode == 5
    assert err.endswith(b": No space left on device.\n")
    process = spawn(*words, preexec_fn=lambda: os.close(1))
    _, err = process.communicate(PICTURE, timeout=PATIENCE)
    assert (process.returncode, err[:35]) == (5, b"darkroom: standard output: It is cl")


@pytest.mark.parametrize("words", [["run", "sepia", "-"], ["detect", "-"]], ids=["run", "detect"])
def test_a_picture_is_not_typed_in(spawn: Spawn, words: list[str]) -> None:
    mine, theirs = pty.openpty()
    process = spawn(*words, stdin=theirs)
    _, err = process.communicate(timeout=PATIENCE)
    os.close(theirs)
    os.close(mine)
    assert process.returncode == 2
    assert b"pipe one in" in err


def test_a_bar_for_those_who_watch(spawn: Spawn, photo: Path) -> None:
    photo.with_name("b.jpg").write_bytes(PICTURE)
    mine, theirs = pty.openpty()
    process = spawn("run", "sepia", "photo.jpg", "b.jpg", stderr=theirs, cwd=photo.parent)
    os.close(theirs)
    process.communicate(timeout=PATIENCE)
    seen = _read(mine)
    assert process.returncode == 0
    assert "2/2" in seen
    assert "Saved 2 pictures" in seen


def test_the_bar_makes_room_for_tables(spawn: Spawn, seer: ModelServer, photo: Path) -> None:
    photo.with_name("b.jpg").write_bytes(PICTURE)
    mine, theirs = pty.openpty()
    words = ["detect", "photo.jpg", "b.jpg", "-j", 1, "--server", seer.url]
    process = spawn(*words, stdout=theirs, stderr=theirs, cwd=photo.parent)
    os.close(theirs)
    process.communicate(timeout=PATIENCE)
    before, first, after = _read(mine).partition("photo.jpg, 640")
    assert process.returncode == 0
    assert "0/2" in before
    assert first
    assert "/2" not in after, "the bar is drawn over the tables"
    assert after.count("person 2, dog 1") == 2


@pytest.mark.parametrize("count", [1, 3], ids=["one", "several"])
def test_ctrl_c(spawn: Spawn, server: FaultServer, tmp_path: Path, count: int) -> None:
    inputs = [tmp_path / f"{number}.jpg" for number in range(count)]
    for path in inputs:
        path.write_bytes(PICTURE)
    server.script = [*[usual] * (count - 1), silence]
    process = spawn("run", "sepia", *inputs, "-o", tmp_path / "out/", "-j", 2)
    until(lambda: len(server.seen) == count and len([*tmp_path.glob("out/[!.]*")]) == count - 1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert err.decode().splitlines()[-1] == "Interrupted."
    assert "Traceback" not in err.decode()
    assert all(path.read_bytes() == PICTURE for path in tmp_path.glob("out/*"))
    assert len([*tmp_path.glob("out/.*"), *tmp_path.glob("out/*")]) == count - 1


def test_ctrl_c_while_stdin_is_read(spawn: Spawn) -> None:
    process = spawn("run", "sepia", "-")
    assert process.stdin
    process.stdin.write(bytes(1 << 20))  # more than a pipe holds: when it is written, somebody reads
    process.stdin.flush()
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=PATIENCE) == 130
    process.communicate()


@pytest.mark.parametrize(
    "words",
    [["run", "sepia", "photo.jpg", "-o", "-"], ["filters"], ["models"], ["detect", "photo.jpg"]],
    ids=lambda words: words[0],
)
def test_a_reader_that_leaves(spawn: Spawn, seer: ModelServer, photo: Path, words: list[str]) -> None:
    process = spawn(*words, "--server", seer.url, cwd=photo.parent)
    assert process.stdout
    process.stdout.close()
    assert process.stderr
    assert process.stderr.read() == b""
    assert process.wait(timeout=PATIENCE) == 5
    process.stderr.close()
    assert process.stdin
    process.stdin.close()


@pytest.mark.parametrize("words", ["--version", "--help", "completions bash"])
def test_starts_without_its_heavy_libraries(words: str) -> None:
    code = (
        "import sys\nfrom darkroom_client.cli.main import main\n"
        f"try: main({words.split()!r})\nexcept SystemExit: pass\n"
        "print({'httpx', 'rich', 'http.client'} & set(sys.modules))"
    )
    path = str(Path(__file__).parents[4] / "clients/python")
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, capture_output=True, check=True
    )
    assert done.stdout.splitlines()[-1] == b"set()"
