"""A server of the test's own, the command in this process, and the command as a process."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from darkroom_client.cli.main import main

from tests.clients.python.fault_server import FaultServer
from tests.clients.python.model_server import ModelServer
from tools.ports import free_port

ROOT = Path(__file__).parents[3]


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


@pytest.fixture
def seer() -> Iterator[ModelServer]:
    """A server that sees what it was told to see."""
    with ModelServer() as running:
        yield running


@pytest.fixture
def nowhere() -> str:
    """An address where nobody listens."""
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"\xff\xd8 a picture")
    return path


@pytest.fixture
def darkroom(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """The command in this process, in reach of `server`; gives its exit code."""
    monkeypatch.setenv("DARKROOM_SERVER", server.url)

    def call(*words: object) -> int:
        try:
            return int(main([str(word) for word in words]))
        except SystemExit as end:
            return int(end.code or 0)

    return call


@pytest.fixture
def spawn(server: FaultServer) -> Callable[..., "subprocess.Popen[bytes]"]:
    """The command as a process of its own, in reach of `server`."""
    env = {**os.environ, "DARKROOM_SERVER": server.url, "PYTHONPATH": str(ROOT / "clients/python"), "NO_COLOR": "1"}

    def start(*words: object, **options: object) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "darkroom_client", *map(str, words)]
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        return subprocess.Popen(command, env=env, **{**streams, **options})  # type: ignore[call-overload]

    return start
