"""README's curl lines, pasted as they are against a server that `make run` would start."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from tests.conftest import ROOT
from tools.docs_filters import AFTER

README = (ROOT / "README.md").read_text()
LINES = re.findall(r"^    (curl .*)$", README, re.MULTILINE)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    framework = Path(sys.executable).parent / "functions-framework"
    command = [framework, "--target=handle", "--host=127.0.0.1", f"--port={free}"]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        wait_for(free, process)
        yield free
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=40)


def wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        assert process.poll() is None, "the server ended at its start"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("the server did not listen within 30 s")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A place with README's picture at README's path."""
    shutil.copytree(ROOT / "docs" / "img", tmp_path / "docs" / "img", ignore=shutil.ignore_patterns("filters"))
    return tmp_path


@pytest.mark.parametrize("line", LINES)
def test_curl_line_as_pasted(line: str, port: int, folder: Path) -> None:
    asked = line.replace("localhost:8080", f"localhost:{port}").replace("curl ", "curl --silent --fail-with-body ", 1)
    ran = subprocess.run(
        asked,
        shell=True,
        cwd=folder,
        env=os.environ,
        capture_output=True,
        check=False,
        timeout=60,
        executable="/bin/bash",
    )
    assert ran.returncode == 0, ran.stdout
    written = re.search(r" -o (\S+)", line)
    answer = (folder / written[1]).read_bytes() if written else ran.stdout
    assert answer
    if written and not written[1].endswith(".multipart"):
        assert cv2.imread(str(folder / written[1])) is not None


def test_there_are_lines() -> None:
    assert len(LINES) >= 5


def test_readme_names_the_pipeline_of_its_picture() -> None:
    assert f"| before | after `{AFTER}` |" in README
