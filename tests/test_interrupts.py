"""Ctrl-C while a command is still imported: it ends by the signal, and leaves no trace."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.waiting import PATIENCE

JOBS = sorted(file.stem for file in (ROOT / "functions/jobs").glob("*.py") if "__main__" in file.read_text())
COMMANDS = {
    "main.py": (["main.py"], "functions.handlers"),
    "make run": (["-m", "functions.server.local"], "functions.server.ports"),
    "the client": (["-m", "darkroom_client"], "darkroom_client.cli.main"),
    **{job: (["-m", f"functions.jobs.{job}"], f"functions.jobs.{job}") for job in JOBS},
}
AT_AN_IMPORT = """
import os, signal, sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
"""


@pytest.mark.parametrize(("arguments", "name"), COMMANDS.values(), ids=COMMANDS)
def test_it_ends_without_a_trace(arguments: list[str], name: str, tmp_path: Path) -> None:
    done = interrupted([sys.executable, *arguments], name, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


@pytest.mark.parametrize("command", COMMANDS)
def test_in_the_background_of_a_script_it_goes_on(command: str, tmp_path: Path) -> None:
    """There a shell has Ctrl-C ignored, because it is meant for what runs in the foreground."""
    arguments, name = COMMANDS[command]
    told = interrupted(
        ["sh", "-c", 'trap "" INT; exec "$@"', "sh", sys.executable, *arguments, "--help"], name, tmp_path
    )
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout


def interrupted(command: list[str], name: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """A command that gets a Ctrl-C while it imports a module."""
    (folder / "sitecustomize.py").write_text(AT_AN_IMPORT.format(name=name))
    paths = os.pathsep.join(map(str, (folder, ROOT / "clients/python")))
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, timeout=PATIENCE,
        check=False,
    )  # fmt: skip
