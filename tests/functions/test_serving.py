"""The server as a process: it ends gracefully, and does not start with wrong settings."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.functions.support import BIN, clean_environment, decoded, picture, wait_for
from tests.waiting import PATIENCE
from tools.ports import free_port

COMMANDS = {
    "python-main": [str(BIN / "python"), "main.py"],
    "gunicorn": [str(BIN / "gunicorn"), "--config=functions/server/gunicorn_conf.py", "main:app"],
}


def started(root: Path, command: list[str], port: int, **variables: str) -> "subprocess.Popen[bytes]":
    environment = clean_environment(PORT=str(port), **variables)
    return subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def answer_of(connection: socket.socket) -> bytes:
    received = b""
    while part := connection.recv(65536):
        received += part
    return received


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_request_in_flight_is_answered(root: Path, command: list[str]) -> None:
    port, body = free_port(), picture("png")
    fields = ("Host: localhost", "Connection: close", f"Content-Length: {len(body)}", "Expect: 100-continue", "", "")
    head = "\r\n".join(["POST /v1/process HTTP/1.1", *fields]).encode()
    with started(root, command, port) as process:
        try:
            wait_for(f"http://127.0.0.1:{port}", process)
            with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
                connection.sendall(head)
                assert connection.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"  # a thread is at it
                connection.sendall(body[:100])
                process.send_signal(signal.SIGTERM)
                time.sleep(0.5)  # for the signal to be noticed; forked workers hold the socket until they end
                connection.sendall(body[100:])
                answered = answer_of(connection)
            process.wait(PATIENCE)
        finally:
            process.kill()
    assert answered.startswith(b"HTTP/1.1 200")
    assert decoded(answered.partition(b"\r\n\r\n")[2]).shape == (64, 96, 3)
    assert process.returncode == 0


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_wrong_settings_end_it_at_once(root: Path, command: list[str]) -> None:
    with started(root, command, free_port(), DARKROOM_QUEUE="x", DARKROOM_NIX="1") as process:
        told = process.communicate(timeout=PATIENCE)[0].decode()
    assert process.returncode not in {0, None}
    assert "DARKROOM_QUEUE" in told
    assert "DARKROOM_NIX" in told
    assert "Traceback" not in told


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_wrong_port_is_told(root: Path, command: list[str]) -> None:
    with subprocess.Popen(
        command, cwd=root, env=clean_environment(PORT="x"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        told = process.communicate(timeout=PATIENCE)[0].decode()
    assert process.returncode not in {0, None}
    assert 'PORT must be a whole number from 1 to 65535; it is "x".' in told
    assert "Traceback" not in told


def test_it_listens_on_this_machine_only_until_told(root: Path) -> None:
    code = "from functions import gunicorn_conf as c; print(c.bind, c.workers, c.threads)"
    command = [sys.executable, "-c", code]
    plain = subprocess.check_output(command, cwd=root, env=clean_environment(PORT="81"), text=True).split()
    told = {"DARKROOM_HOST": "0.0.0.0", "DARKROOM_WORKERS": "3", "DARKROOM_THREADS": "5", "PORT": "81"}
    chosen = subprocess.check_output(command, cwd=root, env=clean_environment(**told), text=True).split()
    assert plain[0] == "127.0.0.1:81"
    assert chosen == ["0.0.0.0:81", "3", "5"]
