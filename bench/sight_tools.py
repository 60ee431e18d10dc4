"""What the benchmarks of sight share: a server that has the models, requests one after the other, scripts."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench import client
from bench.pictures import PHOTOS
from bench.server import ROOT, Server, serving

MODELS = ROOT.parent / "shared" / "data" / "models"
ROAD = PHOTOS / "ovms_road1.jpg"
"""Without a colour profile: converting one is no part of this."""
NETWORK = MODELS / "yolox" / "yolox_nano.onnx"
ROUNDS = 5


def say(text: str) -> None:
    """Print progress."""
    print(f"  {text}", flush=True)


@contextmanager
def sighted(workers: int, **settings: str) -> Iterator[Server]:
    """A server that has the models, and keeps compiled networks in a folder of its own."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(workers, DARKROOM_MODELS_FROM=str(MODELS), DARKROOM_DATA=folder, **settings) as server,
    ):
        yield server


def answered(server: Server, requests: list[bytes]) -> list[float]:
    """Seconds of each answer, one after the other on one connection."""
    connection = client.Connection(server.port)
    took = []
    for request in requests:
        began = time.perf_counter()
        status, body = connection.exchange(request)
        took.append(time.perf_counter() - began)
        if status != 200:
            raise RuntimeError(f"{status} {bytes(body[:300])!r}")
    connection.socket.close()
    return took


def script(text: str, *arguments: str) -> float:
    """What a script in a process of its own prints."""
    done = subprocess.run(
        [sys.executable, "-c", text, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return float(done.stdout.split()[-1])
