"""`darkroom detect` and `darkroom models` against the real server with real networks."""

import functools
import hashlib
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.clients.test_both import run
from tests.functions.support import BIN, served

SERVER = [str(BIN / "gunicorn"), "--bind=127.0.0.1:PORT", "--threads=4", "--no-control-socket", "main:app"]
Darkroom = functools.partial["subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def darkroom(data: Path, python_client: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Darkroom]:
    """The command, in reach of a server that has the shared models."""
    kept = tmp_path_factory.mktemp("kept")
    with served(SERVER, {"DARKROOM_MODELS_FROM": str(data / "models"), "DARKROOM_DATA": str(kept)}) as url:
        yield functools.partial(run, python_client, "--server", url)


def test_a_newcomers_first_command(server: str, python_client: Path, tmp_path: Path) -> None:
    """With nothing fetched and nothing set: the embedded model finds what is drawn."""
    pixels = np.full((480, 640, 3), 235, np.uint8)
    cv2.circle(pixels, (170, 240), 90, (60, 40, 200), -1)
    cv2.rectangle(pixels, (380, 150), (560, 330), (140, 90, 20), -1)
    drawn, out = tmp_path / "drawn.png", tmp_path / "out.png"
    cv2.imwrite(str(drawn), pixels)
    done = run(python_client, "--server", server, "detect", drawn, "--draw", out)
    assert (done.returncode, done.stderr) == (0, f"Saved {out}\n")
    rows = {row.split()[0]: [float(value) for value in row.split()[2:]] for row in done.stdout.splitlines()[2:4]}
    assert rows == {
        "circle": pytest.approx([80, 150, 180, 180], abs=12),
        "square": pytest.approx([380, 150, 180, 180], abs=12),
    }
    assert not np.array_equal(pixels, cv2.imread(str(out)))


@pytest.mark.parametrize(
    ("picture", "words", "counts"),
    [
        pytest.param("coral/pets.jpg", ["--model", "yolox_nano"], "dog 2", id="dogs"),
        pytest.param("photos/ovms_zebra.jpeg", ["--model", "yolox_nano", "--classes", "zebra"], "zebra 1", id="zebra"),
        pytest.param("coral/hot_dog.jpg", ["--model", "yolox_nano", "--classes", "hot dog"], "hot_dog 1", id="hot-dog"),
        pytest.param("photos/ovms_people1.jpeg", ["--task", "faces", "--model", "yunet"], "face 10", id="faces"),
    ],
)
def test_counts(darkroom: Darkroom, data: Path, picture: str, words: list[str], counts: str) -> None:
    done = darkroom("detect", data / "images" / picture, *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == counts


def test_drawn(darkroom: Darkroom, data: Path, tmp_path: Path) -> None:
    pets, out = data / "images/coral/pets.jpg", tmp_path / "out.png"
    done = darkroom("detect", pets, "--model", "yolox_nano", "--draw", out, "--json")
    assert (done.returncode, done.stderr) == (0, f"Saved {out}\n")
    told = json.loads(done.stdout)
    assert [found["label"] for found in told["objects"]] == ["dog", "dog"]
    with Image.open(pets) as before, Image.open(out) as after:
        assert before.size == after.size == (told["width"], told["height"])
        assert before.convert("RGB").tobytes() != after.convert("RGB").tobytes()


def test_shares_and_labels(darkroom: Darkroom, data: Path) -> None:
    road = darkroom("detect", data / "images/photos/ovms_road1.jpg", "--task", "segment", "--json")
    (segment,) = json.loads(road.stdout)["segments"]
    assert segment["share"]["road"] >= 0.15
    cat = darkroom("detect", data / "images/coral/cat_720p.jpg", "--task", "classify")
    assert cat.stdout.splitlines()[2].split()[0] == "Egyptian_cat"


def test_a_model_that_is_absent(darkroom: Darkroom, data: Path) -> None:
    done = darkroom("detect", data / "images/coral/pets.jpg", "--model", "yolox_x")
    assert (done.returncode, done.stdout) == (4, "")
    assert "make models NAMES=yolox_x" in done.stderr
    assert "[503 model_absent]" in done.stderr


def test_the_table_of_models(darkroom: Darkroom) -> None:
    done = darkroom("models")
    assert done.returncode == 0, done.stderr
    rows = {row.split()[0]: row.split()[1:] for row in done.stdout.splitlines() if row}
    assert rows["yolox_nano"][0] == "detect"
    assert rows["yolox_x"] == ["detect", "absent", "377.8", "Apache-2.0"]
    full = darkroom("models", "yolox_nano")
    assert "person, bicycle, car" in full.stdout
    assert "darkroom detect photo.jpg --model yolox_nano" in full.stdout


def test_a_model_that_is_not_known(darkroom: Darkroom) -> None:
    done = darkroom("models", "yolox_nino")
    assert done.returncode == 4
    assert 'There is no model "yolox_nino"' in done.stderr


def test_the_class_does_what_its_page_says(darkroom: Darkroom, data: Path, tmp_path: Path) -> None:
    """The Python of the client's README, run as it stands there but for the address."""
    clients = Path(__file__).parents[2] / "clients/python"
    code = "\n".join(re.findall(r"```python\n(.*?)```", (clients / "README.md").read_text(), re.DOTALL))
    url = darkroom.args[2]
    shutil.copy(data / "images/photos/ovms_people1.jpeg", tmp_path / "photo.jpg")
    environment = {**os.environ, "PYTHONPATH": str(clients)}
    command = [sys.executable, "-c", code.replace("http://127.0.0.1:8080", str(url))]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    palette, address, seen, ready, refused, several = done.stdout.splitlines()
    assert "palette" in palette
    assert address == f"{url}/v1/render/resize:320/-/gs/photos/a.jpg?format=webp"
    assert "{'person': 10}" in seen
    assert "yolox_nano" in ready
    assert refused.startswith("400 bad_parameter blur.kernel")
    assert several.count("<Result image/jpeg, ") == 3
    assert {path.name for path in tmp_path.iterdir()} == {"photo.jpg", "out.webp", "seen.webp"}


# --- a model of one's own, from absent to ready and back -----------------------------------------------------------


class Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


@pytest.fixture
def upstream(data: Path) -> Iterator[str]:
    """Where the weights lie."""
    handler = functools.partial(Silent, directory=str(data / "models/yunet"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.fixture
def newcomer(data: Path, upstream: str, tmp_path: Path, python_client: Path) -> Iterator[Darkroom]:
    """The command, in reach of a server that knows one model more and has no weights at all."""
    weights = data / "models/yunet/face_detection_yunet_2026may.onnx"
    table = (Path(__file__).parents[2] / "core/models/models.toml").read_text().partition("\n[yunet]\n")[2]
    lines = [line for line in table.partition("\n[")[0].splitlines() if not line.startswith(("files", "copies"))]
    checksum = hashlib.sha256(weights.read_bytes()).hexdigest()
    file = f'{{ url = "{upstream}/{weights.name}", bytes = {weights.stat().st_size}, sha256 = "{checksum}" }}'
    manifest = tmp_path / "mine.toml"
    manifest.write_text("\n".join(["[mine]", *lines, f"files = [{file}]\n"]))
    with served(SERVER, {"DARKROOM_MODELS": str(manifest), "DARKROOM_DATA": str(tmp_path / "kept")}) as url:
        yield functools.partial(run, python_client, "--server", url)


def test_a_model_is_fetched_and_given_back(newcomer: Darkroom, data: Path) -> None:
    group = data / "images/photos/ovms_people1.jpeg"
    look = ("detect", group, "--task", "faces", "--model", "mine")

    def state() -> str:
        return next(row.split()[2] for row in newcomer("models").stdout.splitlines() if row.startswith("mine"))

    assert state() == "absent"
    assert newcomer(*look).returncode == 4, "a request fetched weights by itself"
    loaded = newcomer("models", "load", "mine")
    assert (loaded.returncode, loaded.stderr) == (0, "mine is ready (0.2 MiB).\n")
    assert newcomer(*look).stdout.splitlines()[-1] == "face 10"
    assert "ms (" in newcomer("models", "mine").stdout
    assert newcomer("models", "unload", "mine").returncode == 0
    assert state() == "cached"
    assert newcomer(*look).returncode == 0, "it is loaded again by whoever needs it"
