"""`make run` as a person meets it: a line when it serves, a line when it cannot, and Ctrl-C."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from tests.conftest import ROOT
from tests.functions.support import clean_environment, decoded
from tests.waiting import PATIENCE, until
from tools.ports import free_port

READY = re.compile(r"^Darkroom serves (\S+) ", re.MULTILINE)


@contextmanager
def running(port: int | str, **settings: str) -> Iterator["subprocess.Popen[str]"]:
    """`make run` in a group of its own, as a terminal gives it one."""
    process = subprocess.Popen(
        ["make", "run", f"PORT={port}"],
        cwd=ROOT,
        env=clean_environment(**settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def ready_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    for line in process.stdout:
        if READY.match(line):
            return line.strip()
    pytest.fail("it ended without a word")


def test_the_line_when_it_serves() -> None:
    port = free_port()
    with running(port) as process:
        line = ready_line(process)
        assert line.startswith(f"Darkroom serves http://127.0.0.1:{port} ")
        assert "inbox/" in line
        assert "outbox/" in line
        (render,) = re.findall(r"http://\S+/v1/render/\S+", line)
        rendered = httpx.get(render, timeout=PATIENCE)
        assert decoded(rendered.content).shape[1] == 320, "the very first request is answered, and by a picture"
        os.killpg(process.pid, signal.SIGTERM)
        assert "Darkroom serves" not in process.communicate(timeout=PATIENCE)[0], "told once"


def test_a_new_gallery_has_sample_pictures(tmp_path: Path) -> None:
    settings = {
        "DARKROOM_FILES": str(tmp_path), "DARKROOM_DATA": str(tmp_path / "data"), "DARKROOM_WATCH": "file://inbox",
        "DARKROOM_SOURCES": "file://outbox/", "DARKROOM_TARGETS": "file://outbox/",
    }  # fmt: skip
    port = free_port()
    with running(port, **settings) as process:
        ready_line(process)
        until((tmp_path / "data" / "samples-added").exists, "the sample pictures")
        page = httpx.get(f"http://127.0.0.1:{port}/", timeout=PATIENCE).text
    assert page.count('class="badge">sample<') == 7


def test_the_line_names_no_render_that_would_be_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    settings = {"DARKROOM_FILES": str(tmp_path), "DARKROOM_SOURCES": "file://mine/", "DARKROOM_TARGETS": "file://mine/"}
    with running(free_port(), **settings) as process:
        line = ready_line(process)
    assert "/v1/render/" not in line
    assert "inbox/" in line


def test_a_port_in_use_is_one_line() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with running(port) as process:
            told = process.communicate(timeout=PATIENCE)[0]
    assert process.returncode not in {0, None}
    assert [line for line in told.splitlines() if not line.startswith("make")] == [
        f"Port {port} cannot be served on (Address already in use). Choose another by PORT=…"
    ]


@pytest.mark.parametrize(
    ("port", "settings", "told"),
    [
        pytest.param("x", {}, ["PORT must be"], id="port"),
        pytest.param(None, {"DARKROOM_QUEUE": "x", "DARKROOM_NIX": "1"}, ["DARKROOM_QUEUE", "DARKROOM_NIX"], id="two"),
        pytest.param(None, {"DARKROOM_RULES": "absent.toml"}, ["absent.toml"], id="rules"),
    ],
)
def test_a_wrong_setting_is_its_text(port: str | None, settings: dict[str, str], told: list[str]) -> None:
    with running(port or free_port(), **settings) as process:
        output = process.communicate(timeout=PATIENCE)[0]
    assert process.returncode not in {0, None}
    assert [text for text in told if text not in output] == []
    assert "Traceback" not in output


AT_ITS_FIRST_IMPORT = """
import os, runpy, signal, sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "functions.server.ports":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
runpy.run_module("functions.server.local", run_name="__main__")
"""


def test_ctrl_c_while_our_own_code_is_imported() -> None:
    done = subprocess.run(
        [sys.executable, "-c", AT_ITS_FIRST_IMPORT], cwd=ROOT, env=clean_environment(PORT="x"), capture_output=True,
        text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")


def has_begun(process: "subprocess.Popen[str]") -> bool:
    """Whether our code runs, and has seen to Ctrl-C: Python ignores SIGPIPE from its start on, and handles SIGINT."""
    for child in psutil.Process(process.pid).children(recursive=True):
        with contextlib.suppress(OSError, psutil.Error):
            is_ours = child.cmdline()[1:] == ["-m", "functions.server.local"]
            status = Path(f"/proc/{child.pid}/status").read_text()
            ignored, handled = (int(status.split(f"{name}:")[1].split()[0], 16) for name in ("SigIgn", "SigCgt"))
            if is_ours and ignored >> signal.SIGPIPE - 1 & 1 and not handled >> signal.SIGINT - 1 & 1:
                return True
    return False


@pytest.mark.parametrize("seconds", [None, 0, 0.5, 1, 1.5], ids=["serving", "0", "0.5", "1", "1.5"])
def test_ctrl_c_ends_it_without_a_trace(seconds: float | None) -> None:
    """Once it serves, and at some moments of its start; while Python itself starts, its own trace cannot be helped."""
    with running(free_port()) as process:
        if seconds is None:
            ready_line(process)
        else:
            until(lambda: has_begun(process), "the first line of our code")
            time.sleep(seconds)
        os.killpg(process.pid, signal.SIGINT)
        output = process.communicate(timeout=PATIENCE)[0]
    assert "Traceback" not in output
    assert "KeyboardInterrupt" not in output
