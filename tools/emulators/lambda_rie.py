"""AWS Lambda's runtime interface emulator (Apache-2.0): runs a function as Lambda does, and invokes it over HTTP."""

import contextlib
import json
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.emulators import processes
from tools.ports import free_port

VERSION = "v0.0.0-20261030222936-bef5c4ba774d"
PATH = "/2015-03-31/functions/function/invocations"
_SECONDS = 300
"""The function's timeout, and how long an invocation is waited for."""


def program() -> Path:
    """The emulator's program, built if need be."""
    return processes.go_built("github.com/aws/aws-lambda-runtime-interface-emulator/cmd/aws-lambda-rie", VERSION)


def words(rie: str, port: int, runtime_port: int, command: list[str]) -> list[str]:
    """The command line that runs a function's command under the emulator; its own addresses must always be given."""
    here, runtime = f"127.0.0.1:{port}", f"127.0.0.1:{runtime_port}"
    addresses = [f"--runtime-interface-emulator-address={here}", f"--runtime-api-address={runtime}"]
    return [rie, *addresses, "--log-level=error", *command]


@contextlib.contextmanager
def started(command: list[str], environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """The URL at which a function, started in the repository's folder, is invoked."""
    port, runtime_port = free_port(), free_port()
    environment = {"AWS_LAMBDA_FUNCTION_TIMEOUT": str(_SECONDS), **(environment or {})}
    with processes.running(words(str(program()), port, runtime_port, command), port, environment) as url:
        yield url + PATH


def invoke(url: str, event: Any) -> Any:
    """What the function answers to an event; of one that failed, a dictionary with `errorType`."""
    request = urllib.request.Request(url, json.dumps(event).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
        return json.loads(answer.read())
