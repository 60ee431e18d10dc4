"""Programs that serve take no arguments: they tell what they take instead, and serve nothing."""

import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.functions.support import clean_environment
from tests.waiting import PATIENCE

PROGRAMS = {"main.py": ["main.py"], "make run": ["-m", "functions.server.local"]}
WORDS = {
    "--help": (["--help"], 0, ""),
    "-h behind another": (["8081", "-h"], 0, ""),
    "a port": (["8081"], 2, '"8081" is too much.'),
    "an option": (["--port=8081"], 2, '"--port=8081" is too much.'),
}


@pytest.mark.parametrize(("words", "code", "complaint"), WORDS.values(), ids=WORDS)
@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_they_are_refused_by_what_it_takes(program: list[str], words: list[str], code: int, complaint: str) -> None:
    done = subprocess.run(
        [sys.executable, *program, *words], cwd=ROOT, env=clean_environment(), capture_output=True, text=True,
        timeout=PATIENCE, check=False,
    )  # fmt: skip
    told = done.stderr if code else done.stdout
    assert done.returncode == code, done.stderr
    assert told.startswith(complaint)
    assert "It takes no arguments: PORT (8080)" in told
