"""`darkroom stream` of both clients: the same lines, pictures and exit codes for the same video."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.test_both import run
from tests.clients.test_words import drawn
from tests.functions.routes.streaming import MAIN, ONE
from tests.functions.support import served
from tools.ports import free_port


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server that speaks web sockets, which the Python client needs."""
    with served(MAIN, ONE) as url:
        yield url


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """The same picture four times."""
    path = tmp_path / "shapes.mjpeg"
    path.write_bytes(drawn(tmp_path / "a.jpg").read_bytes() * 4)
    return path


def test_the_same_is_said(server: str, video: Path, go_client: Path, python_client: Path, tmp_path: Path) -> None:
    told = []
    for client in (go_client, python_client):
        out = tmp_path / client.parent.name
        words = [video, "detect/track/draw", "--frames", "3", "-o", out, "--server", server]
        done = run(client, "stream", *words)
        assert (done.returncode, done.stderr) == (0, "")
        told.append([json.loads(line) for line in done.stdout.splitlines()])
        assert sorted(path.name for path in out.iterdir()) == ["000001.jpg", "000002.jpg", "000003.jpg"]
        again = run(client, "stream", *words)
        assert again.returncode == 5
        assert "--force" in again.stderr
    for by_go, by_python in zip(*told, strict=True):
        assert list(by_go) == list(by_python)
        assert (by_go["seq"], by_go["width"], by_go["height"]) == (by_python["seq"], 640, 480)
        labels = [{found["label"] for found in one["findings"]["objects"]} for one in (by_go, by_python)]
        assert labels[0] == labels[1] == {"circle", "square"}


@pytest.mark.parametrize(
    ("words", "code"),
    [(["blurr"], 4), (["detect", "--every", "0"], 2), (["detect", "--answer", "all"], 2), ([], 2)],
    ids=str,
)
def test_failures(server: str, video: Path, go_client: Path, python_client: Path, words: list[str], code: int) -> None:
    for client in (go_client, python_client):
        done = run(client, "stream", video, *words, "--server", server)
        assert (done.returncode, done.stdout) == (code, "")


def test_nobody_listens_and_no_video(server: str, video: Path, go_client: Path, python_client: Path) -> None:
    for client in (go_client, python_client):
        nobody = f"http://127.0.0.1:{free_port()}"
        assert run(client, "stream", video, "detect", "--server", nobody).returncode == 3
        missing = run(client, "stream", "missing.mp4", "detect", "--server", server)
        assert missing.returncode == 5
        assert "missing.mp4: no video that can be read" in missing.stderr
