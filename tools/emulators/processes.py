"""Programs built once into the user's cache folder, and run while the caller needs them."""

import contextlib
import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
_PATIENCE = 60.0
"""Seconds until a started process must listen."""


def cache() -> Path:
    """The user's cache folder of this project."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "darkroom"


def go_built(package: str, version: str) -> Path:
    """A Go program, built by `go install` if need be. Concurrent builds are safe."""
    name = package.rsplit("/", 1)[1]
    folder = cache() / "tools" / f"{name}-{version}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(dir=folder.parent) as fresh:
                go = shutil.which("go") or "go"
                environment = {**os.environ, "GOBIN": fresh, "GOFLAGS": ""}
                subprocess.run([go, "install", f"{package}@{version}"], check=True, env=environment)
                shutil.copytree(fresh, folder)
    return folder / name


@contextlib.contextmanager
def running(command: list[str], port: int, environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """A process that listens on a port: its URL. Ended by its own pid; its output is shown if it does not start."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **(environment or {})}, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            if not _listens(process, port):
                output.seek(0)
                raise RuntimeError(f"{command[0]} does not start: {output.read()[-2000:].decode('utf-8', 'replace')}")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _listens(process: "subprocess.Popen[bytes]", port: int) -> bool:
    ends = time.monotonic() + _PATIENCE
    while time.monotonic() < ends and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        time.sleep(0.05)
    return False
