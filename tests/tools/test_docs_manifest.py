"""docs/models.md: the walk-through, walked as it is written, with an ONNX file."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import cv2
import httpx
import pytest

from service import settings
from service.models import setup
from tests.conftest import ROOT
from tests.functions.support import BIN, served
from tests.waiting import PATIENCE
from tools.docs_manifest import OWN, pages

PAGE = (ROOT / "docs" / "models.md").read_text()
WALK = PAGE.partition("## Bring your own")[2].partition("## The keys")[0]
LINES = re.findall(r"^    (.*my_detector.*)$", WALK, re.MULTILINE)
COMMANDS = [line for line in LINES if line.startswith(("curl", "sha256sum", "stat"))]


@pytest.fixture(scope="module")
def folder(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the reader has: an ONNX file, the table beside it, a photograph."""
    place = tmp_path_factory.mktemp("walk")
    shutil.copy(data / "models" / "yolox" / "yolox_nano.onnx", place / "my_detector.onnx")
    shutil.copy(data / "images" / "photos" / "ovms_people1.jpeg", place / "photo.jpg")
    (place / "my.toml").write_text(re.search(r"```toml\n(.*?)```", WALK, re.DOTALL)[1])  # type: ignore[index]
    return place


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[str]:
    """`make run` with the settings of the walk-through's last line."""
    environment = {
        "DARKROOM_MODELS": str(folder / "my.toml"),
        "DARKROOM_DATA": str(folder / "data"),
        "DARKROOM_DETECT_MODEL": "my_detector",
        "DARKROOM_WARM": "detect",
    }
    assert f"DARKROOM_MODELS=my.toml {' '.join(f'{k}={v}' for k, v in list(environment.items())[2:])} make run" in WALK
    command = [str(BIN / "functions-framework"), "--target=handle", "--host=127.0.0.1", "--port=PORT"]
    with served(command, environment) as url:
        yield url


def typed(line: str, server: str, folder: Path) -> str:
    pasted = line.replace("http://localhost:8080", server).replace("curl ", "curl --silent --fail-with-body ", 1)
    ran = subprocess.run(
        ["bash", "-c", pasted], cwd=folder, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_there_are_commands() -> None:
    assert len([line for line in COMMANDS if line.startswith("curl")]) == 5
    assert {line.split()[0] for line in COMMANDS} == {"curl", "sha256sum", "stat"}


@pytest.mark.parametrize("line", COMMANDS)
def test_command_as_pasted(line: str, server: str, folder: Path) -> None:
    told = typed(line, server, folder)
    if line.startswith(("sha256sum", "stat")):
        assert told.split()[0] in (folder / "my.toml").read_text()
    elif " -o " in line:
        assert cv2.imread(str(folder / line.rpartition(" ")[2])) is not None
    else:
        assert "my_detector" in told


def test_it_sees_persons(server: str, folder: Path) -> None:
    for pipeline in ("detect:my_detector/count", "detect/count"):
        photo = (folder / "photo.jpg").read_bytes()
        told = httpx.post(f"{server}/v1/process?pipeline={pipeline}", content=photo, timeout=PATIENCE).json()
        assert told["findings"]["counts"] == {"person": 10}


def test_every_model_decoder_and_key_is_in_the_page() -> None:
    from core.models.decoders import DECODERS
    from core.models.model import Input, Model, WeightsFile

    for name in setup.open_manifest(settings.Settings()):
        assert f"\n### {name}\n" in PAGE
    keys = {name for kind in (Model, Input, WeightsFile) for name in kind.__struct_fields__}
    assert [word for word in (*DECODERS, *keys) if f"\n| `{word}` |" not in PAGE] == []


def test_the_page_holds_the_table_that_is_tested() -> None:
    assert OWN in PAGE
    assert str(ROOT) not in pages()["models.md"].decode()
