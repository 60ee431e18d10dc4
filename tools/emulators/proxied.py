"""An emulator behind our proxy, and the proxy's client for tests."""

import contextlib
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from tools.emulators import fake_gcs, moto, processes
from tools.emulators.dialects import Effect
from tools.emulators.faults import Rule
from tools.ports import free_port


class Proxied:
    """A running proxy. `url` is what a client is given as its endpoint."""

    def __init__(self, url: str) -> None:
        self.url = url

    def befall(self, *rules: Rule) -> None:
        """Replace the active faults."""
        self._ask("PUT", "rules", msgspec.json.encode(rules))

    def reset(self) -> None:
        """No faults, an empty ledger, no counts."""
        self._ask("POST", "reset", b"")

    def ledger(self) -> list[Effect]:
        """Every write and delete that took effect since the reset, in order."""
        lines = self._ask("GET", "ledger").splitlines()
        return [msgspec.json.decode(line, type=Effect) for line in lines]

    def counts(self) -> dict[str, dict[str, int]]:
        """`calls` by kind of call, `faults` by kind of fault."""
        counts: dict[str, dict[str, int]] = msgspec.json.decode(self._ask("GET", "counts"))
        return counts

    def _ask(self, method: str, what: str, body: bytes | None = None) -> Any:
        request = urllib.request.Request(f"{self.url}/_proxy/{what}", body, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()


@contextlib.contextmanager
def before(dialect: str, upstream: str, *, ledger: Path | None = None, seed: int = 0) -> Iterator[Proxied]:
    """A proxy in front of a running emulator."""
    port = free_port()
    command = [sys.executable, "-m", "tools.emulators.proxy", dialect, upstream, f"--port={port}", f"--seed={seed}"]
    command += [f"--ledger={ledger}"] if ledger else []
    with processes.running(command, port) as url:
        yield Proxied(url)


@contextlib.contextmanager
def google(**options: Any) -> Iterator[Proxied]:
    """fake-gcs-server behind the proxy."""
    with fake_gcs.started() as upstream, before("gs", upstream, **options) as proxy:
        yield proxy


@contextlib.contextmanager
def amazon(**options: Any) -> Iterator[Proxied]:
    """An S3 behind the proxy (moto). The client's environment needs `moto.KEYS`."""
    with moto.started() as upstream, before("s3", upstream, **options) as proxy:
        yield proxy
