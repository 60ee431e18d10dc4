"""The servers that are measured, each with two processes, and how each is asked for an operation."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import psutil

from bench import client
from bench.peers.rows import KINDS, Row
from bench.server import ROOT
from bench.sight_tools import MODELS, NETWORK

HERE = Path(__file__).resolve().parent
PROCESSES = 2
_PEERS = ROOT / ".venv-peers" / "bin"
_GUNICORN = [str(_PEERS / "gunicorn"), f"--workers={PROCESSES}", "--worker-class=gthread", "--threads=4", "--preload",
             "--log-level=error", "--bind=127.0.0.1:PORT", f"--chdir={HERE}"]  # fmt: skip
_OURS = {
    "fit-512": "resize:512x512", "fit-800": "resize:800x800", "cover-400": "resize:400x400,fit=cover",
    "fit-200": "resize:200x200", "blur": "blur:15", "grey": "grayscale", "detect": "detect:model=yolox_nano",
    "four": "resize:800x800/sepia/contrast:120/sharpen",
}  # fmt: skip
_OPTIONS: dict[str, dict[str, str]] = {
    "jpeg": {"quality": "80"}, "webp": {"quality": "80"}, "avif": {"quality": "60", "effort": "2"},
    "jxl": {"quality": "80"}, "png": {}, "gif": {},
}  # fmt: skip
_THUMBOR = {
    "fit-512": "fit-in/512x512", "fit-800": "fit-in/800x800", "cover-400": "400x400",
    "blur": "filters:blur(15,2.6)", "grey": "filters:grayscale()",
}  # fmt: skip
_IPX = {
    "fit-512": "s_512x512,fit_inside", "fit-800": "s_800x800,fit_inside", "cover-400": "s_400x400,fit_cover",
    "fit-200": "animated,s_200x200,fit_inside", "blur": "blur_2.6", "grey": "grayscale",
}  # fmt: skip
_WRITTEN = {"jpeg", "webp", "avif", "png"}
"""Formats that all peers write."""


class Peer(NamedTuple):
    """A server: its command, with PORT and FOLDER to be replaced, and the request of a row for a picture of a folder.

    A request is None where the server has no such operation.
    """

    name: str
    command: list[str]
    request: Callable[[Row, Path], bytes | None]
    environment: dict[str, str]


def _posted(row: Row, picture: Path) -> bytes | None:
    """For the peers that take the picture in the body; `/four.jpeg` and the like name an operation and a format."""
    if row.operation == "detect" or row.kind not in _WRITTEN | {"gif"}:
        return None
    return _body(f"/{row.operation}.{row.kind}", picture)


def _still(row: Row, picture: Path) -> bytes | None:
    return _posted(row, picture) if row.kind != "gif" else None


def _detected(row: Row, picture: Path) -> bytes | None:
    return _body("/detect.json", picture) if row.operation == "detect" else None


def _body(where: str, picture: Path) -> bytes:
    return client.raw(where, picture.read_bytes(), f"image/{KINDS[picture.suffix]}")


def _ours(row: Row, picture: Path) -> bytes:
    if row.operation == "detect":
        return _body(client.target("/v1/process", _OURS[row.operation]), picture)
    return _body(client.target("/v1/process", _OURS[row.operation], format=row.kind, **_OPTIONS[row.kind]), picture)


def _thumbor(row: Row, picture: Path) -> bytes | None:
    if row.operation not in _THUMBOR or row.kind not in _WRITTEN:
        return None
    part = _THUMBOR[row.operation]
    filters = f"format({row.kind}):quality({60 if row.kind == 'avif' else 80})"
    path = f"{part}:{filters}" if part.startswith("filters:") else f"{part}/filters:{filters}"
    return client.get(f"/unsafe/{path}/{picture.name}")


def _ipx(row: Row, picture: Path) -> bytes | None:
    if row.operation not in _IPX or row.kind not in _WRITTEN | {"gif"}:
        return None
    quality = "" if row.kind in {"png", "gif"} else f",quality_{60 if row.kind == 'avif' else 80}"
    return client.get(f"/{_IPX[row.operation]},f_{row.kind}{quality}/{picture.name}")


PEERS = (
    Peer("darkroom", [sys.executable, "-m", "gunicorn", "--config", "functions/server/gunicorn_conf.py", "main:app"],
         _ours, {"DARKROOM_WORKERS": str(PROCESSES), "DARKROOM_LOG_LEVEL": "error", "DARKROOM_METRICS": "false",
                 "DARKROOM_QUEUE": "32", "DARKROOM_MODELS_FROM": str(MODELS)}),
    Peer("pyvips + Flask", [*_GUNICORN, "flask_vips:app"], _posted, {"VIPS_CONCURRENCY": "1"}),
    Peer("OpenCV + Flask", [*_GUNICORN, "flask_opencv:app"], _still, {}),
    Peer("OpenVINO + Flask", [sys.executable, "-m", "gunicorn", *_GUNICORN[1:], "flask_openvino:app"], _detected,
         {"NETWORK": str(NETWORK)}),
    Peer("sharp", ["node", str(HERE / "node" / "sharp.mjs"), "PORT", str(PROCESSES)], _posted, {}),
    Peer("ipx", ["node", str(HERE / "node" / "ipx.mjs"), "PORT", str(PROCESSES), "FOLDER"], _ipx, {}),
    Peer("thumbor", [str(_PEERS / "thumbor"), "--port=PORT", "--ip=127.0.0.1", f"--processes={PROCESSES}",
                     "--conf=FOLDER/thumbor.conf", "--log-level=error"], _thumbor, {}),
)  # fmt: skip
THUMBOR = """FILE_LOADER_ROOT_PATH = {folder!r}
LOADER = "thumbor.loaders.file_loader"
STORAGE = "thumbor.storages.no_storage"
MAX_PIXELS = 200000000
"""


class Running(NamedTuple):
    """A peer that serves."""

    peer: Peer
    port: int
    process: psutil.Process

    def _all(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]

    def core_seconds(self) -> float:
        """What all its processes have used so far, seconds of one core."""
        times = [one.cpu_times() for one in self._all()]
        return sum(one.user + one.system for one in times)

    def memory(self) -> int:
        """Its proportional share of memory (PSS), bytes."""
        return sum(one.memory_full_info().pss for one in self._all())


@contextmanager
def running(peer: Peer, folder: Path) -> Iterator[Running]:
    """The peer as processes of its own, which are ended."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [word.replace("PORT", str(port)).replace("FOLDER", str(folder)) for word in peer.command]
    environment = {**os.environ, **peer.environment, "PORT": str(port)}
    process = subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        _listens(process, port, peer.name)
        yield Running(peer, port, psutil.Process(process.pid))
    finally:
        forked = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        process.terminate()
        process.wait(timeout=40)
        for one in forked:  # thumbor's do not heed SIGTERM
            with suppress(psutil.NoSuchProcess):
                one.kill()


def _listens(process: "subprocess.Popen[bytes]", port: int, name: str) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"{name} ended at its start; its message is above")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"{name} did not listen within 60 s")
