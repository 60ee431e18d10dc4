"""README's five lines about keys, as a newcomer pastes them: a key, the server, both clients; and the page."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import ROOT
from tests.functions.support import BIN, clean_environment, served
from tests.waiting import PATIENCE

README = (ROOT / "README.md").read_text()
(BLOCK,) = re.findall(r"With keys, in five lines.*\n\n((?:    .*\n)+)", README)
MAKE_KEY, SERVE, PYTHON, GO, PUT = [line.strip() for line in BLOCK.splitlines()]


def adapted(line: str, folder: Path, url: str = "") -> str:
    """The line with this environment's programs, files of the test's own, and the server that runs."""
    for name in ("laptop.key", "sepia.png", "soft.jpg"):
        line = re.sub(rf"(\.\./)*{name}", str(folder / name), line)
    line = line.replace(".venv/bin/", f"{BIN}/").replace(f"{BIN}/pip install ./clients/python && ", "")
    return line.replace(" --key-file", f" --server {url} --key-file").replace(" -key-file", f" -server {url} -key-file")


def ran(line: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["bash", "-c", line], cwd=ROOT, env=clean_environment(**variables), capture_output=True, text=True,
        check=False, timeout=PATIENCE,
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("newcomer")
    for name in ("inbox", "outbox"):
        (made / name).mkdir()
    return made


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    made = ran(adapted(MAKE_KEY, folder), DARKROOM_KEYS=str(folder / "keys.json"))
    assert made.returncode == 0, made.stderr
    *settings, make, run = SERVE.split()
    given = dict(setting.split("=") for setting in settings)
    assert given == {"DARKROOM_AUTH": "keys", "DARKROOM_KEYS": "keys.json"}
    given |= {"DARKROOM_KEYS": str(folder / "keys.json"), "DARKROOM_FILES": str(folder)}
    given |= {"DARKROOM_DATA": str(folder / "data"), "DARKROOM_SOURCES": "file://inbox/"}
    with served([make, run], given) as url:
        yield url


@pytest.mark.parametrize(("line", "writes"), [(PYTHON, "sepia.png"), (GO, "soft.jpg"), (PUT, None)])
def test_a_client(url: str, folder: Path, line: str, writes: str | None) -> None:
    done = ran(adapted(line, folder, url))
    assert done.returncode == 0, done.stderr
    if writes:
        assert (folder / writes).stat().st_size > 0
    refused = ran(adapted(re.sub(r" -?-key-file \S+", "", line), folder), DARKROOM_SERVER=url)
    assert refused.returncode != 0


def test_the_page(url: str, folder: Path) -> None:
    with httpx.Client(base_url=url, timeout=PATIENCE, follow_redirects=True) as browser:
        assert browser.get("/").url.path == "/login"
        page = browser.post("/login", data={"key": (folder / "laptop.key").read_text()})
        assert (page.status_code, page.url.path) == (200, "/")
        picture = (ROOT / "docs" / "img" / "street.png").read_bytes()
        sent = browser.post("/", files={"file": ("a.png", picture)}, data={"step": "sepia"})
        assert (sent.status_code, "data:image/png" in sent.text) == (200, True)
        assert browser.post("/logout").url.path == "/login"
        assert browser.get("/").url.path == "/login"


def test_what_the_lines_write_is_not_for_git() -> None:
    for name in ("keys.json", "laptop.key"):
        assert subprocess.run(["git", "check-ignore", "-q", name], cwd=ROOT, check=False).returncode == 0
