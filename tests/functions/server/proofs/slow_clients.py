"""What slow clients do to the others: each kind in turn, and all of them at once.

python -m tests.functions.server.proofs.slow_clients [--seconds 20]

A table of the slowest `/health` in milliseconds, on connections of its own, beside clients that process pictures. Exit
code 1 if it took more than 100 ms, or if anybody else was not served.
"""

import argparse
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import httpx

from tests.functions.support import BIN, picture, served
from tests.waiting import PATIENCE

MOST_MS = 100.0
HALF_HEAD = b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
SLOW_BODY = b"POST /v1/process HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"
_WHOLE = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
_DRIP_SECONDS = 0.5


class Kind(NamedTuple):
    """A kind of slow client: how many, what each sends at first, and whether it then sends a byte at a time."""

    number: int
    first: bytes
    drips: bool


KINDS = {
    "silent": Kind(64, b"", drips=False),
    "heads": Kind(32, HALF_HEAD[:1], drips=True),
    "half-heads": Kind(32, HALF_HEAD, drips=True),
    "bodies": Kind(32, SLOW_BODY, drips=True),
    "idle": Kind(1000, _WHOLE, drips=False),
}


class Outcome(NamedTuple):
    """The times of `/health` and of processing, milliseconds, and what was not answered with 200."""

    health: list[float]
    process: list[float]
    failures: list[str]


class _Crowd:
    """Clients of one kind; whoever is disconnected comes back."""

    def __init__(self, port: int, kind: Kind) -> None:
        self._port, self._kind = port, kind
        self._ends = threading.Event()
        self._sockets = [self._connected() for _ in range(kind.number)]
        self._thread = threading.Thread(target=self._drip)
        self._thread.start()

    def _connected(self) -> socket.socket:
        one = socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE)
        one.sendall(self._kind.first)
        if self._kind.first == _WHOLE:
            one.recv(65536)
        return one

    def _drip(self) -> None:
        while not self._ends.wait(_DRIP_SECONDS):
            for place, one in enumerate(self._sockets):
                if self._is_refused(one):
                    one.close()
                    self._sockets[place] = self._connected()

    def _is_refused(self, one: socket.socket) -> bool:
        try:
            if self._kind.drips:
                one.send(b"x", socket.MSG_DONTWAIT)
            return bool(one.recv(65536, socket.MSG_DONTWAIT)) or True
        except BlockingIOError:
            return False
        except OSError:
            return True

    def leave(self) -> None:
        self._ends.set()
        self._thread.join()
        for one in self._sockets:
            one.close()


@contextmanager
def crowd(url: str, *names: str) -> Iterator[None]:
    """Slow clients of these kinds, while the context is open."""
    with ExitStack() as stack:
        for name in names:
            stack.callback(_Crowd(int(url.rpartition(":")[2]), KINDS[name]).leave)
        yield


def observed(url: str, seconds: float) -> Outcome:
    """What others experience for so long, and until each has been answered twice."""
    outcome = Outcome([], [], [])
    ends = time.monotonic() + seconds
    body = picture("jpg", width=320, height=240)
    workers = [
        threading.Thread(target=_repeat, args=(ends, outcome.health, outcome.failures, lambda: _health(url))),
        threading.Thread(target=_repeat, args=(ends, outcome.process, outcome.failures, lambda: _process(url, body))),
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return outcome


def _repeat(ends: float, times: list[float], failures: list[str], ask: Callable[[], httpx.Response]) -> None:
    while time.monotonic() < ends or len(times) < 2:
        began = time.monotonic()
        try:
            status = str(ask().status_code)
        except httpx.HTTPError as error:
            status = type(error).__name__
        times.append((time.monotonic() - began) * 1000)
        if status != "200":
            failures.append(status)
        time.sleep(0.02)


def _health(url: str) -> httpx.Response:
    return httpx.get(f"{url}/health", timeout=PATIENCE)


def _process(url: str, body: bytes) -> httpx.Response:
    return httpx.post(f"{url}/v1/process?pipeline=resize:64", content=body, timeout=PATIENCE)


def _write(*cells: str) -> None:
    sys.stdout.write(f"| {' | '.join(cells)} |\n")
    sys.stdout.flush()


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0)
    seconds = parser.parse_args().seconds
    good = True
    with served([str(BIN / "python"), "main.py"], {"DARKROOM_WORKERS": "2", "DARKROOM_MAX_SECONDS": "30"}) as url:
        _write("slow clients", "/health: asked, slowest ms", "processed, slowest ms", "failures", "")
        for names in ((), *((name,) for name in KINDS), tuple(KINDS)):
            with crowd(url, *names):
                outcome = observed(url, seconds)
            held = max(outcome.health) <= MOST_MS and not outcome.failures and len(outcome.process) > 0
            good &= held
            label = "all at once" if len(names) > 1 else " ".join(names) or "none"
            cells = [label, f"{len(outcome.health)}, {max(outcome.health):.0f}"]
            cells += [f"{len(outcome.process)}, {max(outcome.process):.0f}", str(outcome.failures[:5] or "none")]
            _write(*cells, "✓" if held else "✗")
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
