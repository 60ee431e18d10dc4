"""`make models`: what is fetched, what is said, how it ends."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.jobs import models
from functions.jobs.models import draw_bar, human_size
from tests.conftest import ROOT
from tests.functions.routes.test_models import TABLE
from tests.functions.support import clean_environment
from tests.service.models.upstream import BODY, Upstream, upstream
from tests.waiting import PATIENCE, until


@pytest.fixture(scope="module")
def server() -> Iterator[Upstream]:
    with upstream() as running:
        yield running


@pytest.fixture
def manifest(server: Upstream, tmp_path: Path) -> Path:
    """Two models of one's own: `mine` comes, `stalls` does not."""
    file = server.file("/good/mine.onnx")
    table = TABLE.format(url=file.url, bytes=file.bytes, sha256=file.sha256)
    other = table.replace("[mine]", "[stalls]").replace("/good/", "/stall/")
    (tmp_path / "mine.toml").write_text(table + other)
    return tmp_path / "mine.toml"


def environment(manifest: Path, **variables: str) -> dict[str, str]:
    told = {"DARKROOM_MODELS": str(manifest), "DARKROOM_DATA": str(manifest.parent / "data")}
    return clean_environment(**told, **variables)


def run(manifest: Path, *names: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "functions.jobs.models", *names]
    settings = environment(manifest, **variables)
    return subprocess.run(
        command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False, timeout=PATIENCE
    )


def kept(manifest: Path) -> list[bytes]:
    return [path.read_bytes() for path in (manifest.parent / "data").rglob("*.onnx*")]


def test_without_names_it_lists(manifest: Path) -> None:
    told = run(manifest)
    assert told.returncode == 0
    rows = {line.split()[0]: line.split() for line in told.stdout.splitlines() if line.strip()}
    assert rows["mine"] == ["mine", "detect", "1.0", "MB", "Apache-2.0", "absent"]
    assert rows["yolox_nano"][1:4] == ["detect", "3.7", "MB"]
    assert "make models NAMES=" in told.stdout
    assert kept(manifest) == []


@pytest.mark.parametrize(("words", "code"), [(["--help"], 0), (["-h"], 0), (["check", "--help"], 0), (["--all"], 2)])
def test_help(words: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert models.main(words) == code
    told = capsys.readouterr()
    assert "functions.jobs.models check FILE" in (told.err if code else told.out)


def test_what_is_named_is_fetched(manifest: Path) -> None:
    told = run(manifest, "mine")
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("mine: 1.0 MB, Apache-2.0, verified; in ")
    assert told.stderr == ""
    assert kept(manifest) == [BODY]
    assert "available" in next(line for line in run(manifest).stdout.splitlines() if line.startswith("mine"))


def test_a_task_is_its_default(manifest: Path) -> None:
    assert run(manifest, "detect", DARKROOM_DETECT_MODEL="mine").stdout.startswith("mine: ")


def test_make_takes_from_a_folder(manifest: Path, server: Upstream) -> None:
    (manifest.parent / "from").mkdir()
    (manifest.parent / "from" / "any name").write_bytes(BODY)
    asked = len(server.asked)
    command = ["make", "models", "NAMES=mine", f"MODELS_FROM={manifest.parent / 'from'}"]
    told = subprocess.run(
        command, cwd=ROOT, env=environment(manifest), capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    assert "mine: 1.0 MB" in told.stdout
    assert kept(manifest) == [BODY]
    assert len(server.asked) == asked


@pytest.mark.parametrize(
    ("names", "variables", "code", "says"),
    [
        (["mime"], {}, 2, 'There is no model "mime". Did you mean "mine"?'),
        (["mine"], {"DARKROOM_QUEUE": "x"}, 2, "DARKROOM_QUEUE"),
        (["mine"], {"DARKROOM_DATA": "/proc/nowhere"}, 1, "DARKROOM_DATA is not writable"),
    ],
    ids=["unknown", "settings", "unwritable"],
)
def test_what_fails(manifest: Path, names: list[str], variables: dict[str, str], code: int, says: str) -> None:
    settings = {**environment(manifest), **variables}
    command = [sys.executable, "-m", "functions.jobs.models", *names]
    told = subprocess.run(
        command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert told.returncode == code
    assert says in told.stderr
    assert "Traceback" not in told.stderr


def test_one_that_fails_does_not_stop_the_others(manifest: Path) -> None:
    manifest.write_text(manifest.read_text().replace("/stall/", "/cut/"))
    told = run(manifest, "stalls", "mine")
    assert told.returncode == 1
    assert "ended after" in told.stderr
    assert told.stdout.startswith("mine: ")


def test_it_can_be_stopped(manifest: Path) -> None:
    command = [sys.executable, "-m", "functions.jobs.models", "stalls"]
    with subprocess.Popen(command, cwd=ROOT, env=environment(manifest), stderr=subprocess.PIPE, text=True) as process:
        until(lambda: kept(manifest) != [], "the first bytes")
        process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=PATIENCE)[1]
    assert process.returncode == 130
    assert "Traceback" not in told
    assert kept(manifest) == []


def test_a_terminal_sees_a_bar(manifest: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "functions.jobs.models", "mine"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(manifest), stdout=subprocess.PIPE, stderr=theirs
    ) as process:
        os.close(theirs)
        seen = b""
        try:
            while part := os.read(ours, 65536):
                seen += part
        except OSError:  # how Linux says that nobody writes any more
            pass
        os.close(ours)
    assert process.returncode == 0
    assert b"\rmine.onnx [" in seen
    assert b" of 1.0 MB" in seen
    assert seen.rstrip(b" \r\n").endswith(b"MB") or seen.endswith(b"\r")


@pytest.mark.parametrize(("done", "shown"), [(0, "." * 30), (500, "#" * 15 + "." * 15), (999, "#" * 29 + ".")])
def test_the_bar_grows(done: int, shown: str) -> None:
    drawn: list[str] = []
    draw_bar("a.bin", done, 1000, drawn.append)
    assert f"[{shown}]" in drawn[0]


def test_the_bar_goes() -> None:
    drawn: list[str] = []
    draw_bar("a.bin", 1000, 1000, drawn.append)
    assert drawn[0].strip() == ""


@pytest.mark.parametrize(
    ("length", "shown"), [(0, "0 kB"), (1500, "2 kB"), (3_678_356, "3.7 MB"), (396_000_000, "396.0 MB")]
)
def test_sizes_for_people(length: float, shown: str) -> None:
    assert human_size(length) == shown
