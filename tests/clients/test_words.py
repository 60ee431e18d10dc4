"""The commands that both clients have say the same: word for word on stdout, and with the same exit code."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.clients.test_both import run
from tests.functions.support import BIN, served
from tools.ports import free_port

SERVER = [str(BIN / "gunicorn"), "--bind=127.0.0.1:PORT", "--threads=4", "--no-control-socket", "main:app"]
Both = Callable[..., tuple[int, list[str]]]


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that stores pictures."""
    kept = tmp_path_factory.mktemp("kept")
    (kept / "results").mkdir()
    results = {"DARKROOM_FILES": str(kept), "DARKROOM_RESULTS": "file://results"}
    with served(SERVER, {"DARKROOM_CATALOG": "sqlite", "DARKROOM_DATA": str(kept), **results}) as url:
        yield url


@pytest.fixture
def both(catalog: str, go_client: Path, python_client: Path) -> Both:
    """Runs both clients, and hands out what both say."""

    def asked(*words: str | Path, server: str = catalog) -> tuple[int, list[str]]:
        said = []
        for client in (go_client, python_client):
            done = run(client, words[0], *words[1:], "--server", server)
            assert "Traceback" not in done.stderr
            lines = [line.rstrip() for line in done.stdout.splitlines()]
            said.append(
                (done.returncode, [json.dumps(json.loads(line)) for line in lines] if "--json" in words else lines)
            )
        assert said[0] == said[1]
        return said[0]

    return asked


def drawn(path: Path) -> Path:
    pixels = np.full((480, 640, 3), 235, np.uint8)
    cv2.circle(pixels, (170, 240), 90, (60, 40, 200), -1)
    cv2.rectangle(pixels, (380, 150), (560, 330), (140, 90, 20), -1)
    cv2.imwrite(str(path), pixels)
    return path


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["filters"], "barcodes"),
        (["filters", "resize"], "try:  darkroom run"),
        (["filters", "detect"], "tiles"),
        (["filters", "crop"], "center"),
        (["filters", "redact"], "needs findings"),
        (["formats"], "-O KEY=VALUE"),
        (["version"], "client  0.1.0"),
        (["models"], "shapes"),
        (["models", "shapes"], "try:  darkroom detect photo.jpg --model shapes"),
        (["models", "yolox_nano"], "fetch it:  darkroom models load yolox_nano"),
        (["models", "yunet"], "state    absent"),
    ],
    ids=" ".join,
)
def test_tables(both: Both, words: list[str], part: str) -> None:
    code, lines = both(*words)
    assert code == 0
    assert any(part in line for line in lines)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["filters", "nothing"], 2),
        (["formats", "jpeg"], 2),
        (["completions", "ksh"], 2),
        (["explain", "sepia"], 2),
        (["explain", "sepia", "missing.jpg"], 5),
        (["stream", "missing.mp4"], 2),
        (["models", "nothing"], 4),
        (["models", "load"], 2),
        (["models", "a", "b"], 2),
        (["images", "get", "0" * 32], 4),
        (["images", "get"], 2),
        (["images", "list", "what"], 2),
        (["images", "list", "min_width=x"], 4),
        (["images", "put"], 2),
        (["images", "put", "missing.jpg"], 5),
        (["images", "rm"], 2),
        (["images", "rm", "0" * 32], 4),
        (["images", "similar"], 2),
        (["images", "list", "-o", "x"], 2),
        (["detect", "missing.jpg"], 2),
        (["detect", "--score", "2", "missing.jpg"], 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_failures(both: Both, words: list[str], code: int) -> None:
    assert both(*words)[0] == code


COMMANDS = (
    "run", "detect", "explain", "stream", "images", "models", "sign", "filters", "formats", "version", "completions",
)  # fmt: skip
OTHER_WORDS = {
    "It needs pip install 'darkroom-client[video]'.": "Videos, cameras and URLs need ffmpeg on the PATH.",
    "http://127.0.0.1:8080": "http://localhost:8080",
}
"""What is different: how each gets at the frames of a video, and how each spells the usual server."""
NEEDLESS = {"sign": "server:", "completions": "server:"}
"""Python's parser gives these to every command; they ask no server."""


def told(client: Path, command: str) -> dict[str, str]:
    """What a command's help tells, by entry; what follows its options is one."""
    done = run(client, command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, str] = {}
    heading, entry = "", ""
    for full in done.stdout.partition("\n\n")[2].splitlines():
        line = full
        if heading != "examples" and (other := re.fullmatch(r"([a-z ]+):", line)):
            heading = "examples" if other[1] in {"example", "examples"} else other[1]
            continue
        if heading in {"positional arguments", "options", "server"} and (other := re.match(r"  (\S.*?)(?:  |$)", line)):
            entry = f"{heading}: {other[1]}"
            line = line[len(other[0]) :]
        at = entry if heading in {"positional arguments", "options", "server"} else heading
        found[at] = " ".join(f"{found.get(at, '')} {line}".split())
    return {at: text for at, text in found.items() if not at.startswith(NEEDLESS.get(command, "-"))}


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_in_the_same_words(go_client: Path, python_client: Path, command: str) -> None:
    by_python = told(python_client, command)
    assert len(by_python) > 2
    for python, go in OTHER_WORDS.items():
        by_python = {at: text.replace(python, go) for at, text in by_python.items()}
    assert told(go_client, command) == by_python


@pytest.mark.parametrize("words", [["filters"], ["formats"], ["models"], ["images", "list"]], ids=" ".join)
def test_nobody_listens(both: Both, words: list[str]) -> None:
    assert both(*words, server=f"http://127.0.0.1:{free_port()}") == (3, [])


@pytest.mark.parametrize("words", [[], ["--classes", "circle"], ["--score", "0.99"], ["--model", "shapes"]], ids=str)
def test_detect(both: Both, tmp_path: Path, words: list[str]) -> None:
    code, lines = both("detect", drawn(tmp_path / "a.png"), drawn(tmp_path / "b.png"), *words)
    assert code == 0
    assert lines[0] == f"{tmp_path / 'a.png'}, 640 × 480"
    assert lines.count("") == 1, "between the two"


@pytest.mark.parametrize("words", [["resize:320/sepia/blur:9"], ["detect/draw", "-f", "webp"], ["", "--json"]], ids=str)
def test_explain(both: Both, tmp_path: Path, words: list[str]) -> None:
    picture = drawn(tmp_path / "a.png")
    code, lines = both("explain", words[0], picture, *words[1:])
    assert code == 0
    assert any("640" in line for line in lines)
    assert both("explain", "blurr", picture) == (4, [])


def test_detect_as_json_and_drawn(go_client: Path, python_client: Path, catalog: str, tmp_path: Path) -> None:
    picture, told, files = drawn(tmp_path / "a.png"), [], []
    for client in (go_client, python_client):
        out = tmp_path / client.name / "seen-{stem}.webp"
        done = run(client, "detect", picture, "--json", "--draw", out, "--server", catalog)
        saved = Path(str(out).replace("{stem}", "a"))
        assert (done.returncode, done.stderr) == (0, f"Saved {saved}\n")
        told.append(json.loads(done.stdout))
        files.append(saved.read_bytes())
        again = run(client, "detect", picture, "--draw", saved, "--server", catalog)
        assert again.returncode == 5
        assert "--force" in again.stderr
        saved.unlink()
    assert told[0] == told[1]
    assert {found["label"] for found in told[0]["objects"]} == {"circle", "square"}
    assert files[0] == files[1]


def test_a_pictures_life(go_client: Path, python_client: Path, catalog: str, both: Both, tmp_path: Path) -> None:
    picture = drawn(tmp_path / "life.png")
    for client, other in ((go_client, python_client), (python_client, go_client)):
        stored = run(client, "images", "put", picture, "--json", "--server", catalog)
        row = json.loads(stored.stdout)
        assert row["name"] == "life.png"
        assert row == json.loads(run(other, "images", "get", row["id"], "--json", "--server", catalog).stdout)
        assert both("images", "list", "name=life.png")[0] == 0
        assert row["id"] in "".join(both("images", "list", "limit=1", "--json")[1])
        assert any(line.startswith("sha256") for line in both("images", "get", row["id"])[1])
        out = tmp_path / f"{client.parent.name}.png"
        assert run(client, "images", "get", row["id"], "-o", out, "--server", catalog).returncode == 0
        assert out.read_bytes() == picture.read_bytes()
        assert run(client, "images", "get", row["id"], "-o", out, "--server", catalog).returncode == 5
        assert run(client, "images", "rm", row["id"], "0" * 32, "--server", catalog).returncode == 1
        assert run(other, "images", "get", row["id"], "--server", catalog).returncode == 4


def test_more_pages(both: Both, catalog: str, go_client: Path, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        stored = run(go_client, "images", "put", drawn(tmp_path / name), "--json", "--server", catalog)
        assert stored.returncode == 0
    assert any("distance" in line for line in both("images", "similar", json.loads(stored.stdout)["id"])[1])
    _, lines = both("images", "list", "limit=1")
    assert lines[-1].startswith("more:  darkroom images list limit=1 cursor=")
