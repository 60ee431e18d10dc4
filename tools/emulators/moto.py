"""moto's server (Apache-2.0): S3 in memory.

It honours `If-None-Match` and `If-Match` on PUT and `If-Match` on DELETE, not on copies, and checks no signature.
"""

import contextlib
import sys
from collections.abc import Iterator

from tools.emulators import processes
from tools.ports import free_port

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "testtesttest"}
"""Environment of a client; any keys will do."""

_SERVER = """
from moto import backends, server

names = list(backends.list_of_moto_modules())
backends.list_of_moto_modules = lambda: names
server.main()
"""
"""moto's own command, but it lists the folder of its services once: at each request that is a third of the work."""


@contextlib.contextmanager
def started() -> Iterator[str]:
    """Its URL."""
    port = free_port()
    command = [sys.executable, "-c", _SERVER, "--host", "127.0.0.1", "--port", str(port)]
    with processes.running(command, port) as url:
        yield url
