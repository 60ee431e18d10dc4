"""fake-gcs-server (BSD-2-Clause): the JSON API of Google Cloud Storage, in memory.

It honours `ifGenerationMatch` and `ifGenerationNotMatch` on uploads only, and checks no signature; the proxy
enforces what it ignores.
"""

import contextlib
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from tools.emulators import processes
from tools.ports import free_port

VERSION = "v1.55.1"


def program() -> Path:
    """The server's program, built if need be."""
    return processes.go_built("github.com/fsouza/fake-gcs-server", VERSION)


@contextlib.contextmanager
def started() -> Iterator[str]:
    """Its URL."""
    port = free_port()
    command = [
        str(program()), "-backend=memory", "-scheme=http", "-host=127.0.0.1", f"-port={port}", "-log-level=error",
    ]  # fmt: skip
    with processes.running(command, port) as url:
        yield url


def make_bucket(url: str, name: str) -> None:
    """A new bucket."""
    body = json.dumps({"name": name}).encode()
    headers = {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(f"{url}/storage/v1/b?project=test", body, headers)):
        pass
