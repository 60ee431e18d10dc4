"""Paths that earlier versions documented still start, and each says where it has moved to."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.functions.support import BIN, clean_environment, wait_for
from tests.waiting import PATIENCE
from tools.ports import free_port

KEY = "a secret of the tests' own, 32 or more"
LAMBDA = "import main; from functions.events.door import on_lambda; assert on_lambda is main.on_lambda; print('alike')"
MOVED = {  # old path: the words after `python`, the new path, and what the program itself answers
    "rules": (["-m", "functions.rules", "check", "rules.toml"], "functions.jobs.check", "1 rule is valid"),
    "sweep": (["-m", "functions.sweep", "--help"], "functions.jobs.sweep", "--apply"),
    "render": (["-m", "functions.render", "sign", "/v1/render/blur/-/file/in/a.jpg"], "functions.jobs.sign", "&sig="),
    "models": (["-m", "functions.sight.models"], "functions.jobs.models", "yolox_nano"),
    "lambda": (["-c", LAMBDA], "main.on_lambda", "alike"),
}


@pytest.mark.parametrize(("words", "new", "says"), MOVED.values(), ids=MOVED)
def test_an_old_path_starts_and_warns(tmp_path: Path, words: list[str], new: str, says: str) -> None:
    environment = clean_environment(
        DARKROOM_FILES=str(tmp_path), DARKROOM_DATA=str(tmp_path / "data"), DARKROOM_SIGNING_KEY=KEY,
    )  # fmt: skip
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
        timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert says in done.stdout
    assert f"has moved: use {'python -m ' * new.startswith('functions')}{new}." in done.stderr
    assert "until version 0.3" in done.stderr


def test_the_old_path_of_gunicorn_s_settings_serves_and_warns(tmp_path: Path) -> None:
    port = str(free_port())
    command = [str(BIN / "gunicorn"), "--config", "functions/gunicorn_conf.py", "main:app"]
    said = tmp_path / "said"
    with said.open("wb") as err:
        process = subprocess.Popen(
            command, cwd=ROOT, env=clean_environment(PORT=port), stdout=subprocess.DEVNULL, stderr=err
        )
        try:
            wait_for(f"http://127.0.0.1:{port}", process)
        finally:
            process.terminate()
            process.wait(PATIENCE)
    assert "functions/gunicorn_conf.py has moved: use functions/server/gunicorn_conf.py." in said.read_text()
