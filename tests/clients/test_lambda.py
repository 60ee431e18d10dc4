"""Both clients behind a function URL of AWS Lambda: what it does not pass on they fetch from the bucket."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import cv2
import msgspec
import pytest

from service.keys.key import new_key
from tests.conftest import ROOT
from tests.functions.deployed import ENLARGE, Deployed, noisy, with_buckets
from tests.functions.support import clean_environment
from tests.waiting import PATIENCE

TEXT, KEY = new_key("clients", ["process"])


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """A function that asks for a key."""
    keys = msgspec.json.encode({"keys": [KEY]}).decode()
    with with_buckets(tmp_path_factory.mktemp("cloud"), DARKROOM_AUTH="keys", DARKROOM_KEYS=keys) as function:
        yield function


@pytest.mark.parametrize("which", ["python", "go"])
def test_a_large_answer(cloud: Deployed, which: str, tmp_path: Path, python_client: Path, go_client: Path) -> None:
    photo, out, key = tmp_path / "a.png", tmp_path / "b.png", tmp_path / "a.key"
    photo.write_bytes(noisy())
    key.write_text(TEXT)
    command: list[str | Path] = {
        "python": [python_client, "--server", cloud.url, "--key-file", key, "run", ENLARGE, photo, "-o", out],
        "go": [go_client, "-server", cloud.url, "-key-file", key, "-pipeline", ENLARGE, "-file", photo, "-output", out],
    }[which]  # fmt: skip
    environment = clean_environment()
    ran = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert ran.returncode == 0, ran.stderr
    assert out.stat().st_size > 4_500_000
    assert cv2.imread(str(out)).shape == (1500, 1500, 3)
