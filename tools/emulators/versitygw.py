"""versitygw (Apache-2.0): S3 over a folder. It checks signatures, their time and what they cover."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tools.emulators import processes
from tools.ports import free_port

VERSION = "v1.8.0"
KEYS = {"AWS_ACCESS_KEY_ID": "darkroom-test", "AWS_SECRET_ACCESS_KEY": "not-a-secret-0123456789"}
"""What a client of it must have in its environment."""


def program() -> Path:
    """The server's program, built if need be."""
    return processes.go_built("github.com/versity/versitygw/cmd/versitygw", VERSION)


@contextlib.contextmanager
def started() -> Iterator[str]:
    """Its URL. Its objects are temporary."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = [
            str(program()), f"--port=127.0.0.1:{port}", f"--access={KEYS['AWS_ACCESS_KEY_ID']}",
            f"--secret={KEYS['AWS_SECRET_ACCESS_KEY']}", "--quiet", "--keep-alive", "posix", folder,
        ]  # fmt: skip
        with processes.running(command, port) as url:
            yield url
