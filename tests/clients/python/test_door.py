"""The client at the real door: its words are the grammar's, and it reads the answers that the server truly gives.

Only what the models see is made up, so no network's weights are needed here.
"""

import io
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from darkroom_client import Box, Darkroom, RefusedError
from PIL import Image
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.clients.python.conftest import ROOT
from tests.core.fakes import FakeModels
from tests.functions.support import app_with, clean_environment, decoded, picture
from tests.waiting import PATIENCE

WIDTH, HEIGHT = 400, 300


class Silent(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def door() -> Iterator[str]:
    app = app_with(log_level="error")
    app.service.processor = msgspec.structs.replace(app.service.processor, models=FakeModels())
    running = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
    thread = threading.Thread(target=running.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    path.write_bytes(picture("png", width=WIDTH, height=HEIGHT))
    return path


def run(door: str, *words: object) -> "subprocess.CompletedProcess[str]":
    """The command as a process."""
    environment = clean_environment(DARKROOM_SERVER=door, PYTHONPATH=str(ROOT / "clients/python"))
    command = [sys.executable, "-m", "darkroom_client", *map(str, words)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)


def test_objects(door: str, photo: Path) -> None:
    with Darkroom(door) as darkroom:
        seen = darkroom.detect(photo)
    assert [(found.label, found.score, found.box) for found in seen.first.objects] == [
        ("circle", 0.9, Box(40, 60, 120, 120)),
        ("star", 0.7, Box(220, 90, 140, 150)),
    ]
    assert (seen.width, seen.height, seen.drawn) == (WIDTH, HEIGHT, None)


@pytest.mark.parametrize(
    ("task", "words", "seen"),
    [
        pytest.param("detect", ["--model", "things"], ["person", "person", "dog"], id="model"),
        pytest.param("detect", ["--model", "things", "--score", "0.55"], ["person", "person"], id="score"),
        pytest.param("detect", ["--model", "things", "--classes", "dog,hot dog"], ["dog"], id="classes"),
        pytest.param("faces", [], ["face", "face"], id="faces"),
        pytest.param("persons", ["--model", "walkers"], ["person"], id="persons"),
        pytest.param("classify", [], ["hot_dog", "tabby_cat", "macaw"], id="classify"),
        pytest.param("segment", [], ["background", "road", "curb", "mark"], id="segment"),
    ],
)
def test_every_task(door: str, photo: Path, task: str, words: list[str], seen: list[str]) -> None:
    done = run(door, "detect", photo, "--task", task, *words)
    assert (done.returncode, done.stderr) == (0, "")
    head, _, *rows = done.stdout.splitlines()
    assert head == f"{photo}, {WIDTH} × {HEIGHT}"
    assert [row.split()[0] for row in rows][: len(seen)] == seen
    told = json.loads(run(door, "detect", photo, "--task", task, *words, "--json").stdout)
    kind = {"classify": "labels", "segment": "segments"}.get(task, "objects")
    assert kind in told
    assert told["input"] == str(photo)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "avif", "tif"])
def test_the_drawn_picture_has_the_format_of_its_name(door: str, photo: Path, suffix: str) -> None:
    out = photo.with_name(f"out.{suffix}")
    done = run(door, "detect", photo, "--draw", out)
    assert done.returncode == 0, done.stderr
    assert "circle 1, star 1" in done.stdout
    with Image.open(out) as image:
        assert image.format == {"jpg": "JPEG", "tif": "TIFF"}.get(suffix, suffix.upper())


def test_the_boxes_that_are_drawn_are_those_in_the_table(door: str, photo: Path) -> None:
    with Darkroom(door) as darkroom:
        seen = darkroom.detect(photo, draw=True)
        told = darkroom.detect(photo)
    assert seen.findings == told.findings
    assert seen.drawn
    before, after = decoded(photo.read_bytes()), decoded(seen.drawn.data)
    changed = np.argwhere(np.any(before != after, axis=2))
    for found in seen.first.objects:
        x, y, width, height = map(int, found.box)
        edges = [(y, x + width // 2), (y + height, x + width // 2), (y + height // 2, x), (y + height // 2, x + width)]
        assert all(np.abs(changed - edge).max(axis=1).min() <= 3 for edge in edges)


def test_an_animation_has_findings_for_each_frame(door: str, photo: Path) -> None:
    frames = [Image.fromarray(np.full((60, 80, 3), grey, np.uint8)) for grey in (40, 120, 200)]
    moving = io.BytesIO()
    frames[0].save(moving, "GIF", save_all=True, append_images=frames[1:], duration=80)
    path = photo.with_name("moving.gif")
    path.write_bytes(moving.getvalue())
    done = run(door, "detect", path, "--draw", photo.with_name("out.gif"))
    assert done.returncode == 0, done.stderr
    assert [row.split()[:2] for row in done.stdout.splitlines()[1:]] == [
        ["frame", "label"], ["0", "circle"], ["0", "star"], ["1", "circle"], ["1", "star"],
        ["2", "circle"], ["2", "star"], ["circle", "1,"],
    ]  # fmt: skip
    assert "1 (most in one of 3 frames)" in done.stdout
    with Image.open(photo.with_name("out.gif")) as image:
        assert getattr(image, "n_frames", 1) == 3


def test_a_folder(door: str, photo: Path, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    cv2.imwrite(str(tmp_path / "sub/other.jpg"), np.full((90, 60, 3), 90, np.uint8))
    done = run(door, "detect", tmp_path, "--json", "--draw", tmp_path / "seen/{stem}.webp")
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(line["input"], line["width"], line["height"]) for line in told] == [
        (str(photo), WIDTH, HEIGHT), (str(tmp_path / "sub/other.jpg"), 60, 90)
    ]  # fmt: skip
    assert sorted(path.name for path in (tmp_path / "seen").iterdir()) == ["other.webp", "photo.webp"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["--model", "thing"], 'Did you mean "things"?', id="model"),
        pytest.param(["--model", "retail"], 'There is no model "retail" for this task', id="model-of-another-task"),
        pytest.param(["--classes", "cicle"], 'Did you mean "circle"?', id="class"),
        pytest.param(["--task", "segment", "--score", "0.5"], '"segment" has no parameter "score"', id="parameter"),
        pytest.param(["--draw", "out.heic"], 'There is no format "heic"', id="format"),
        pytest.param(["--model", "../../etc"], "the name of a model", id="no-name"),
    ],
)
def test_refused_with_the_servers_words(door: str, photo: Path, words: list[str], said: str) -> None:
    done = run(door, "detect", photo, *words)
    assert (done.returncode, done.stdout) == (4, "")
    assert said in done.stderr
    assert not Path("out.heic").exists()


@pytest.mark.parametrize("name", ["a,score=0", "a/blur:99", "a+b", "a=b", "%2F", "a b", "é"])
def test_a_name_is_never_more_than_a_name(door: str, name: str) -> None:
    """Whatever is in it, it reaches the server as the value that it is."""
    with Darkroom(door) as darkroom, pytest.raises(RefusedError) as caught:
        darkroom.detect(picture(), model=name)
    assert (caught.value.code, caught.value.parameter, caught.value.got) == ("bad_parameter", "detect.model", name)
