"""`main.py`: short, quick to import, and first in the search for modules."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.functions.support import clean_environment
from tests.waiting import PATIENCE

HEAVY = ["openvino", "google.cloud.storage", "boto3", "pymongo", "PIL", "pi_heif", "gunicorn", "schemathesis"]


def python(code: str, cwd: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = clean_environment(**variables)
    command = [sys.executable, "-c", code]
    return subprocess.run(command, check=False, cwd=cwd, capture_output=True, text=True, env=environment)


def test_it_is_short(root: Path) -> None:
    assert len((root / "main.py").read_text().splitlines()) < 30


def test_nothing_heavy_is_imported(root: Path) -> None:
    told = python("import main, sys, json; print(json.dumps(sorted(sys.modules)))", root)
    assert told.returncode == 0, told.stderr
    loaded = set(json.loads(told.stdout))
    assert {"flask", "cv2", "functions.http"} <= loaded
    assert not [name for name in HEAVY if name in loaded]


def test_a_stray_package_does_not_win(root: Path, tmp_path: Path) -> None:
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "__init__.py").write_text("raise RuntimeError('the wrong core')")
    code = f"import sys; sys.path.append({str(root)!r}); import runpy; runpy.run_path({str(root / 'main.py')!r})"
    told = python(code, tmp_path, PYTHONPATH=str(tmp_path))
    assert told.returncode == 0, told.stderr


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"DARKROOM_QUEUE": "x", "DARKROOM_AUHT": "none"}, ["DARKROOM_QUEUE", "Did you mean DARKROOM_AUTH?"]),
        ({"K_SERVICE": "darkroom"}, ["DARKROOM_AUTH must be set"]),
    ],
)
def test_it_does_not_start_with_wrong_settings(root: Path, variables: dict[str, str], told: list[str]) -> None:
    ended = python("import main", root, **variables)
    assert ended.returncode != 0
    assert all(text in ended.stderr for text in told)


@pytest.mark.parametrize(("words", "code", "says"), [(["--help"], 0, "PORT"), (["--port", "1"], 2, '"--port"')])
def test_arguments_are_answered(root: Path, words: list[str], code: int, says: str) -> None:
    """It would serve, whatever was asked."""
    command = [sys.executable, "main.py", *words]
    told = subprocess.run(
        command, check=False, cwd=root, capture_output=True, text=True, env=clean_environment(), timeout=PATIENCE
    )
    assert told.returncode == code
    assert says in (told.stderr if code else told.stdout)


def test_a_port_in_use_is_one_line(root: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        command, environment = [sys.executable, "main.py"], clean_environment(PORT=str(port))
        told = subprocess.run(
            command, check=False, cwd=root, capture_output=True, text=True, env=environment, timeout=PATIENCE
        )
    assert told.returncode == 1
    assert told.stderr == f"Port {port} cannot be served on (Address already in use). Choose another by PORT=…\n"
