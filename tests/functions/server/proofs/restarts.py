"""Restarts under load: a new server takes over the listening socket, then the old one is told to end.

python -m tests.functions.server.proofs.restarts [--restarts 20]

Every request is answered, whichever server read it: with 200, or with 503, `Retry-After` and `Connection: close`. A
connection that waits is closed, never reset. Exit code 1 if not.
"""

import argparse
import http.client
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import IO

from tests.conftest import ROOT
from tests.functions.support import BIN, clean_environment, picture
from tests.waiting import PATIENCE

_BETWEEN = 0.5
"""Seconds that the old and the new server both serve."""
Sender = Callable[[http.client.HTTPConnection], None]


class Load:
    """Clients that keep asking; `outcomes` counts what became of each request and of each idle connection."""

    def __init__(self, port: int, threads: int = 2) -> None:
        self.outcomes: Counter[str] = Counter()
        self._port = port
        self._ends = threading.Event()
        body = picture("jpg", width=320, height=240)
        senders: dict[str, Sender] = {
            "health": lambda http: http.request("GET", "/health"),
            "process": lambda http: http.request("POST", "/v1/process?pipeline=resize:64", body),
            "long": lambda http: http.request("POST", "/v1/process?pipeline=denoise/denoise", body),
            "slowly sent": lambda http: _send_slowly(http, body),
        }
        self._threads = [
            threading.Thread(target=self._ask, args=(name, send, keeps))
            for name, send in senders.items()
            for keeps in (True, False)
            for _ in range(threads)
        ]
        self._threads += [threading.Thread(target=self._idle) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Let every request be answered, and stop."""
        self._ends.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, name: str, send: Sender, keeps: bool) -> None:
        connection = self._connection()
        while not self._ends.is_set():
            try:
                send(connection)
                response = connection.getresponse()
                response.read()
                self.outcomes[f"{name}: {_judged(response)}"] += 1
            except (OSError, http.client.HTTPException) as error:
                self.outcomes[f"{name}, {'kept' if keeps else 'new'}: {type(error).__name__}"] += 1
                connection.close()
            if not keeps:
                connection.close()
                connection = self._connection()
        connection.close()

    def _idle(self) -> None:
        """Connections that ask once and then wait for the server to close them."""
        while not self._ends.is_set():
            connection = self._connection()
            connection.request("GET", "/health")
            connection.getresponse().read()
            waiting = connection.sock
            while waiting is not None and not self._ends.is_set():
                waiting.settimeout(0.1)
                try:
                    self.outcomes["idle: closed" if waiting.recv(1) == b"" else "idle: unasked bytes"] += 1
                    break
                except TimeoutError:
                    continue
                except OSError as error:
                    self.outcomes[f"idle: {type(error).__name__}"] += 1
                    break
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)


def _send_slowly(connection: http.client.HTTPConnection, body: bytes) -> None:
    connection.putrequest("POST", "/v1/process?pipeline=resize:64")
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders()
    for start in range(0, len(body), len(body) // 4):
        time.sleep(0.1)
        connection.send(body[start : start + len(body) // 4])


def _judged(response: http.client.HTTPResponse) -> str:
    if response.status == 503 and (response.headers["Retry-After"], response.headers["Connection"]) == ("1", "close"):
        return "503, try again"
    return str(response.status)


def _started(listener: socket.socket) -> "subprocess.Popen[bytes]":
    """A server on this socket, as soon as it has answered a request: that is its first line of log."""
    number = listener.fileno()
    command = [str(BIN / "gunicorn"), "-c", "functions/server/gunicorn_conf.py", f"--bind=fd://{number}", "main:app"]
    environment = clean_environment(PORT="8080", DARKROOM_WORKERS="1", DARKROOM_MAX_SECONDS=str(PATIENCE))
    process = subprocess.Popen(command, cwd=ROOT, env=environment, pass_fds=[number], stdout=subprocess.PIPE)
    assert process.stdout
    if not process.stdout.readline():
        raise RuntimeError("the server ended at its start")
    threading.Thread(target=_emptied, args=(process.stdout,), daemon=True).start()
    return process


def _emptied(log: IO[bytes]) -> None:
    """Read a log to its end, which comes with the server's, and close it: nobody else does while this reads."""
    with log:
        while log.read(65536):
            pass


def restarted(restarts: int) -> Counter[str]:
    """The outcomes of all requests during so many restarts."""
    servers: list[subprocess.Popen[bytes]] = []
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        load = Load(listener.getsockname()[1])
        try:
            servers.append(_started(listener))
            for _ in range(restarts):
                servers.append(_started(listener))
                time.sleep(_BETWEEN)
                servers[-2].send_signal(signal.SIGTERM)
                servers[-2].wait(PATIENCE)
            load.end()  # while the last one serves
        finally:
            for server in servers:
                server.kill()
                server.wait()
            load.end()
    return load.outcomes


def failures(outcomes: Counter[str]) -> Counter[str]:
    """The outcomes that break the promise."""
    kept = ("200", "429", "503, try again", "idle: closed")
    return Counter({name: count for name, count in outcomes.items() if not name.endswith(kept)})


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--restarts", type=int, default=20)
    outcomes = restarted(parser.parse_args().restarts)
    broken = failures(outcomes)
    lines = [f"{count:7} {name}" for name, count in sorted(outcomes.items())]
    lines.append(f"{outcomes.total()} requests and idle connections, {broken.total()} lost")
    sys.stdout.write("\n".join(lines) + "\n")
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
