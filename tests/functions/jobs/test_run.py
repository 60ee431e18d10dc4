"""What commands print: a reader who has gone hears nothing, of what cannot be written there is a sentence."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from service.keys.file import read_key_file
from tests.conftest import ROOT
from tests.functions.support import clean_environment
from tests.waiting import PATIENCE

COMMANDS = {
    "check": ["check", "rules.toml"],
    "keys": ["keys", "new", "--name", "a", "--scopes", "read", "--file", "keys.json"],
    "models": ["models"],
    "sign": ["sign", "/v1/render/sepia/-/file/a/b.png"],
}


def nobody_reads() -> int:
    reader, writer = os.pipe()
    os.close(reader)
    return writer


OUTPUTS: dict[str, tuple[Callable[[], int | None], str]] = {
    "a pipe that nobody reads": (nobody_reads, ""),
    "closed": (lambda: None, "Standard output is closed: nobody could read what this command prints.\n"),
    "a full disk": (
        lambda: os.open("/dev/full", os.O_WRONLY), "Standard output cannot be written: No space left on device.\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("opened", "told"), OUTPUTS.values(), ids=OUTPUTS)
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_what_cannot_be_printed(
    command: list[str], opened: Callable[[], int | None], told: str, tmp_path: Path
) -> None:
    (tmp_path / "rules.toml").write_bytes((ROOT / "rules.toml").read_bytes())
    output = opened()
    try:
        done = printed(command, tmp_path, output)
    finally:
        if output is not None:
            os.close(output)
    assert (done.returncode, done.stderr) == (1, told)
    keys = tmp_path / "keys.json"
    assert not keys.exists() or not read_key_file(keys), "a key that nobody could be told"


def printed(command: list[str], folder: Path, output: int | None) -> "subprocess.CompletedProcess[str]":
    """A command that prints to a descriptor; to none, if that is None."""
    closing = ["sh", "-c", 'exec "$@" >&-', "sh"] if output is None else []
    settings = {"DARKROOM_SIGNING_KEY": "0" * 40, "DARKROOM_FILES": ".", "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [*closing, sys.executable, "-m", f"functions.jobs.{command[0]}", *command[1:]],
        cwd=folder, env=clean_environment(**settings), stdout=output, stderr=subprocess.PIPE, text=True,
        timeout=PATIENCE, check=False,
    )  # fmt: skip
