"""The environment that make keeps: a working one stays, whatever else on PATH has the same name."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MINE = f"python{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("venv") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    return folder


@pytest.mark.parametrize(
    ("asked", "stays"),
    [([], True), ([MINE], True), (["elsewhere"], False)],
    ids=["nothing is asked for", "its version", "another by its path"],
)
def test_a_working_one_stays(folder: Path, tmp_path: Path, asked: list[str], *, stays: bool) -> None:
    other = tmp_path / MINE  # another build of the same version, first on PATH
    pretends = f'exec {sys.executable} -c "import sys; sys.base_prefix = \'/other\'; exec(sys.argv[1])" "$2"'
    other.write_text(f"#!/bin/sh\n{pretends}\n")
    other.chmod(0o755)
    (folder / "kept").touch()
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    asked = [str(other) if one == "elsewhere" else one for one in asked]
    subprocess.run([ROOT / "tools/venv", folder, *asked], env={**os.environ, **path}, check=stays, capture_output=True)
    assert (folder / "kept").exists() == stays


def test_what_make_was_told_is_not_for_another_make() -> None:
    command = ["make", "-C", str(ROOT), "told", "PYTHON=nowhere", "PORT=1"]
    told = subprocess.run([*command, "--eval", "told: ; @env"], capture_output=True, text=True, check=True).stdout
    assert "PATH=" in told
    assert "nowhere" not in told
    assert "PORT=1" not in told


@pytest.mark.parametrize("environment", [{}, {"PORT": ""}, {"PORT": "9090"}], ids=["unset", "empty", "set"])
def test_make_serves_where_readme_says_or_where_it_is_told(environment: dict[str, str]) -> None:
    plain = {name: value for name, value in os.environ.items() if name != "PORT"} | environment
    command = ["make", "-C", str(ROOT), "told", "--eval", "told: ; @echo $(PORT)"]
    told = subprocess.run(command, env=plain, capture_output=True, text=True, check=True).stdout
    assert (environment.get("PORT") or "8080") in told.split()
