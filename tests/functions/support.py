"""What the tests of the HTTP door share: pictures as bytes, servers as processes, one client for all of them."""

import contextlib
import io
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
from flask import Flask

from functions.http import Darkroom, create_app
from service.service import Service
from tests.conftest import ROOT, made_picture
from tests.waiting import PATIENCE, until
from tools.ports import free_port

BIN = Path(sys.executable).parent
PATIENT = {"DARKROOM_MAX_SECONDS": str(PATIENCE), "DARKROOM_LOCAL_WRITES": "true"}
"""A request's deadline, and that this machine may write, where a test does not set them."""


def picture(extension: str = "png", channels: int = 3, width: int = 96, height: int = 64) -> bytes:
    """An encoded made picture."""
    done, data = cv2.imencode(f".{extension}", made_picture(channels, width, height))
    assert done
    return data.tobytes()


def decoded(data: bytes) -> np.ndarray[Any, Any]:
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert pixels is not None, data[:80]
    return pixels


def psnr(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> float:
    assert one.shape == other.shape
    return float(cv2.PSNR(one, other))


def app_with(**variables: str) -> Darkroom:
    """The application with these DARKROOM_… settings, and time enough on a busy machine."""
    given = {**PATIENT, **{f"DARKROOM_{name.upper()}": value for name, value in variables.items()}}
    return create_app(Service.open(given))


class FlaskTransport(httpx.BaseTransport):
    """Lets an httpx client speak to Flask's test client."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self.app.test_client(use_cookies=False).open(
            request.url.raw_path.decode("latin-1"),
            method=request.method,
            headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw],
            input_stream=io.BytesIO(request.read()),
            environ_overrides={"wsgi.input_terminated": True},
        )
        with contextlib.closing(response):
            return httpx.Response(response.status_code, headers=list(response.headers), content=response.data)


def client_of(app: Flask) -> httpx.Client:
    return httpx.Client(transport=FlaskTransport(app), base_url="http://localhost")


def clean_environment(**variables: str) -> dict[str, str]:
    """This process's environment without its own settings of the server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DARKROOM_")}
    return {**kept, **variables}


@contextlib.contextmanager
def served(command: list[str], environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """A server as a process; PORT in the command is replaced. Ended by its own pid."""
    port = str(free_port())
    process = subprocess.Popen(
        [part.replace("PORT", port) for part in command],
        cwd=ROOT,
        env=clean_environment(PORT=port, **{**PATIENT, **(environment or {})}),
        stdout=subprocess.DEVNULL,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(PATIENCE)


def wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    """Wait until a server answers."""
    host, _, port = url.rpartition("/")[2].partition(":")

    def answers() -> bool:
        assert process.poll() is None, "the server did not start"
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=PATIENCE):
            return True
        return False

    until(answers, "the server's first answer")
    httpx.get(f"{url}/health", timeout=PATIENCE)
