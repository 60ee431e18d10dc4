"""The programs that play the parts: built by Go, from `.venv`, or installed by whoever owns this machine."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from tools.emulators import fake_gcs, mongo, versitygw
from tools.stack.compose import Part

_BUILT: dict[str, Callable[[], Path]] = {
    "fake-gcs-server": fake_gcs.program, "versitygw": versitygw.program, "ferretdb": mongo.built,
}  # fmt: skip
_PACKAGES = {"go": "golang-go", "prometheus": "prometheus"}
"""Debian packages of the commands that are neither built nor in `.venv`."""


def missing(parts: Iterable[Part]) -> dict[str, list[str]]:
    """The commands that are not here, with the names of the parts that need them."""
    found: dict[str, list[str]] = {}
    for part in parts:
        command = _needs(part)
        if command and shutil.which(command) is None:
            found.setdefault(command, []).append(part.name)
    return found


def _needs(part: Part) -> str | None:
    if part.program in _BUILT:
        return "go"
    return part.program if part.program in _PACKAGES else None


def install_line(command: str) -> str:
    """How to install a command."""
    return f"sudo apt-get install {_PACKAGES[command]}"


def install(commands: Iterable[str]) -> None:
    """Install Debian's packages. CalledProcessError."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    packages = [_PACKAGES[command] for command in commands]
    subprocess.run([*sudo, "apt-get", "update", "--quiet=2"], check=True, env=environment)
    subprocess.run([*sudo, "apt-get", "install", "--yes", "--quiet=2", *packages], check=True, env=environment)


def path_of(program: str) -> str:
    """A program's path; one of Go is built the first time."""
    if program in _BUILT:
        return str(_BUILT[program]())
    beside = Path(sys.executable).with_name(program)  # not resolved: .venv's Python is a link
    return str(beside) if beside.exists() else shutil.which(program) or program
