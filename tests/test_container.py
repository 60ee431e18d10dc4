"""The built image, mounted and run read-only under another uid: `make image image-test`.

Where no engine can run containers, bwrap does what `docker run --read-only --user 65532` would: the image is the
root, bound read-only; gunicorn is process 1; only /dev/shm can be written, as an engine mounts it.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import httpx
import numpy as np
import pytest
from packaging.utils import canonicalize_name

from functions import VERSION
from tests.conftest import ROOT, made_picture
from tests.waiting import PATIENCE
from tools import image_size
from tools.locked import pinned
from tools.ports import free_port

pytestmark = [pytest.mark.container, pytest.mark.timeout(600)]
STOPS_WITHIN = 10.0
GPL = re.compile(r"lib(x264|x265|xvid|postproc|readline|fftw|rubberband|vidstab|zbar|gsl|gmp-gpl|dvd)")
"""Libraries that are under the GPL, and that builds of codecs and of scientific packages like to link."""


class Image(NamedTuple):
    """The image's configuration, its health check's words, and where its files are mounted."""

    config: dict[str, Any]
    health_check: list[str]
    root: Path


class Running(NamedTuple):
    """A server in the image: its address, its first process as we see it, and bwrap around it."""

    url: str
    pid: int
    outer: "subprocess.Popen[bytes]"


def buildah(*words: str) -> str:
    environment = {"STORAGE_DRIVER": "vfs", **os.environ}
    ran = subprocess.run(["buildah", *words], env=environment, capture_output=True, text=True, check=True)
    return ran.stdout.strip()


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    missing = [command for command in ("buildah", "bwrap") if not shutil.which(command)]
    if missing:
        pytest.fail(f"this test runs the image by {' and '.join(missing)}, which is not installed")
    name = os.environ.get("DARKROOM_TEST_IMAGE", "darkroom:dev")
    told = json.loads(buildah("inspect", "--type", "image", name))
    health_check = (told["Docker"]["config"].get("Healthcheck") or {}).get("Test", [])
    container = buildah("from", "--pull-never", name)
    try:
        yield Image(told["OCIv1"]["config"], health_check, Path(buildah("mount", container)))
    finally:
        buildah("umount", container)
        buildah("rm", container)


@contextmanager
def serving(image: Image, **settings: str) -> Iterator[Running]:
    port = free_port()
    with started(inside(image, image.config["Cmd"], {"PORT": str(port), **settings}), port) as server:
        yield server


@contextmanager
def started(command: list[str], port: int) -> Iterator[Running]:
    """A command of bwrap's, once it listens on a port."""
    outer = subprocess.Popen(command)
    try:
        wait_for(port, outer)
        yield Running(f"http://127.0.0.1:{port}", first_process(outer.pid), outer)
    finally:
        # bwrap's --die-with-parent is forgotten when the uid changes, so its child is ended first, and all below it.
        if outer.poll() is None:
            os.kill(first_process(outer.pid), signal.SIGKILL)
            outer.kill()
        outer.wait()


SHARED_MEMORY = ("--perms", "1777", "--tmpfs", "/dev/shm")
"""What an engine mounts besides the image."""


def inside(
    image: Image, words: list[str], settings: dict[str, str], mounts: tuple[str, ...] = SHARED_MEMORY, user: str = ""
) -> list[str]:
    """A command that runs these words in the image, as an engine would: its user, its folder, its environment."""
    environment = dict(entry.split("=", 1) for entry in image.config["Env"]) | settings
    uid, _, gid = (user or image.config["User"]).partition(":")
    return [
        *("bwrap", "--ro-bind", str(image.root), "/", "--dev", "/dev", "--proc", "/proc"),
        *(*mounts, "--unshare-pid", "--as-pid-1"),
        *("--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"),
        *("--chdir", image.config["WorkingDir"], "--clearenv"),
        *(word for name, value in environment.items() for word in ("--setenv", name, value)),
        *("setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--no-new-privs", *words),
    ]


def wait_for(port: int, outer: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        if outer.poll() is not None:
            pytest.fail("the container ended at its start")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("the container did not listen within 30 s")


def first_process(outer: int) -> int:
    (child,) = Path(f"/proc/{outer}/task/{outer}/children").read_text().split()
    return int(child)


@pytest.fixture(scope="module")
def running(image: Image) -> Iterator[Running]:
    with serving(image, DARKROOM_LOCAL_WRITES="true") as server:
        yield server


def test_config(image: Image) -> None:
    config = image.config
    uid, _, gid = config["User"].partition(":")
    assert uid.isdigit()
    assert gid.isdigit()
    assert int(uid) > 0
    assert "8080/tcp" in config["ExposedPorts"]
    assert config["Cmd"][0] == "gunicorn", "exec form: no shell between the platform's signal and the server"
    assert config["StopSignal"] == "SIGTERM"
    labels = {name.removeprefix("org.opencontainers.image."): value for name, value in config["Labels"].items()}
    assert labels["title"] == "darkroom"
    assert labels["licenses"] == "Apache-2.0"
    assert labels["version"] == VERSION


def test_health_check(image: Image, running: Running) -> None:
    """It is in the image, runs by the image's own Python, and tells a server that answers from one that does not."""
    kind, *words = image.health_check
    assert kind == "CMD", "exec form: there may be no shell"
    assert words[0] == "python"
    codes = {}
    for name, port in {"serving": running.url.rpartition(":")[2], "nobody": str(free_port())}.items():
        settings = {"PORT": port, "http_proxy": "http://127.0.0.1:9"}
        codes[name] = subprocess.run(inside(image, words, settings), capture_output=True, check=False).returncode
    assert codes["serving"] == 0
    assert codes["nobody"] != 0


@pytest.mark.parametrize("tool", ["pip", "pip3", "gcc", "cc", "make", "g++", "git", "curl", "wget"])
def test_no_build_tools(image: Image, tool: str) -> None:
    folders = ("opt/venv/bin", "usr/local/bin", "usr/bin", "bin", "usr/local/sbin", "usr/sbin")
    assert not [folder for folder in folders if (image.root / folder / tool).exists()]


@pytest.mark.parametrize("package", ["pip", "setuptools", "ensurepip", "pytest", "moto"])
def test_no_python_package_beyond_the_servers(image: Image, package: str) -> None:
    found = [path for part in ("opt", "usr", "srv") for path in (image.root / part).rglob(f"{package}/__init__.py")]
    assert found == []
    assert [path for part in ("opt", "usr", "srv") for path in (image.root / part).rglob("*.whl")] == []


def test_only_the_server_is_in_its_folder(image: Image) -> None:
    folder = image.root / image.config["WorkingDir"].lstrip("/")
    names = {path.name for path in folder.iterdir()} - {"__pycache__"}
    assert names == {"main.py", "core", "storage", "catalog", "service", "functions", "requirements.txt", "LICENSE"}
    foreign = [path for path in (image.root / "opt/venv", folder) if path.stat().st_uid != 0]
    assert foreign == [], "the server's user could change its own code"


def test_runs_as_another_user_and_cannot_write(running: Running) -> None:
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{running.pid}/status").read_text().splitlines())
    assert set(status["Uid"].split()) == {"65532"}
    assert int(status["CapEff"], 16) == 0
    mounts = Path(f"/proc/{running.pid}/mounts").read_text().splitlines()
    (root,) = [line.split()[3] for line in mounts if line.split()[1] == "/"]
    assert "ro" in root.split(",")


def test_it_adds_little_to_its_packages(image: Image) -> None:
    sizes = image_size.sizes_of(image.root)
    assert sizes.packages > 300 * 2**20
    assert sizes.ratio <= image_size.MOST, image_size.told("the image", sizes)


def test_its_packages_are_the_locked_ones(image: Image) -> None:
    """Whose licences tests/test_house.py knows; nothing else with a licence of its own came along."""
    found = {path.name for path in (image.root / "opt/venv").rglob("*.dist-info")}
    told = {tuple(name.removesuffix(".dist-info").rsplit("-", 1)) for name in found}
    python = next((image.root / "opt/venv/lib").glob("python3.*")).name.removeprefix("python")
    locked = pinned("requirements.txt", {"python_version": python, "python_full_version": f"{python}.0"})
    assert {(canonicalize_name(name), version) for name, version in told} == set(locked)


def test_wheels_bring_no_library_under_the_gpl(image: Image) -> None:
    """What a wheel's own licence does not say: which codecs were linked into it."""
    names = {path.name for path in (image.root / "opt/venv").rglob("*.so*")}
    assert any(name.startswith("libopenvino") for name in names)
    assert [name for name in sorted(names) if GPL.match(name)] == []


def test_contract_suite(running: Running) -> None:
    suite = ROOT / "tests" / "functions" / "test_contract.py"
    environment = {**os.environ, "DARKROOM_TEST_URL": running.url}
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", str(suite)]
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-3000:]
    assert " skipped" not in ran.stdout, ran.stdout[-3000:]


def test_a_model_sees_on_a_read_only_root(running: Running) -> None:
    """The detector that ships, compiled as another user who can keep nothing; others cannot be fetched there."""
    drawing = (ROOT / "docs" / "img" / "shapes.png").read_bytes()
    told = httpx.post(f"{running.url}/v1/process?pipeline=detect/count", content=drawing, timeout=PATIENCE).json()
    assert sum(told["findings"]["counts"].values()) == 8
    refused = httpx.post(f"{running.url}/v1/models/yunet/load", timeout=PATIENCE).json()
    assert (refused["status"], refused["code"]) == (503, "model_absent")
    assert "DARKROOM_DATA is not writable" in refused["detail"]


def test_answers_what_is_in_flight_at_sigterm(image: Image) -> None:
    """A request that a worker has begun to read, as its 100 Continue says, and has not yet answered."""
    body = cv2.imencode(".png", np.tile(made_picture(3, 320, 200), (2, 2, 1)))[1].tobytes()
    head = (
        "POST /v1/process?pipeline=denoise&format=jpeg HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    )
    with serving(image) as server:
        address = ("127.0.0.1", int(server.url.rpartition(":")[2]))
        with socket.create_connection(address, timeout=60) as connection, connection.makefile("rb") as answers:
            connection.sendall(head.encode())
            assert b" 100 " in answers.readline()
            os.kill(server.pid, signal.SIGTERM)
            asked = time.monotonic()
            connection.sendall(body)
            assert answers.readline() == b"\r\n"
            answer = answers.read()
        code = server.outer.wait(timeout=STOPS_WITHIN)
        took = time.monotonic() - asked
    assert code == 0
    assert took < STOPS_WITHIN
    assert answer.startswith(b"HTTP/1.1 200")
    picture = np.frombuffer(answer.partition(b"\r\n\r\n")[2], np.uint8)
    assert cv2.imdecode(picture, cv2.IMREAD_COLOR).shape == (400, 640, 3)


def test_stops_at_once_when_idle(image: Image) -> None:
    with serving(image) as server:
        os.kill(server.pid, signal.SIGTERM)
        assert server.outer.wait(timeout=5) == 0


def test_listens_beyond_loopback_but_serves_nobody_there_unasked(running: Running) -> None:
    refused = httpx.get(f"{running.url}/v1/filters", headers={"Host": "pictures.example"})
    assert refused.status_code == 401
    assert refused.json()["code"] == "unauthorized"
    port = int(running.url.rpartition(":")[2])
    listening = [line.split()[1] for line in Path(f"/proc/{running.pid}/net/tcp").read_text().splitlines()[1:]]
    assert f"00000000:{port:04X}" in listening
