"""README's curl lines, pasted as they are while `make run` serves."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from tests.conftest import ROOT
from tests.functions.support import served
from tests.waiting import PATIENCE
from tools.docs_filters import AFTER

README = (ROOT / "README.md").read_text()
LINES = re.findall(r"^    (curl .*)$", README, re.MULTILINE)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with served(["make", "run"]) as url:
        yield url


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A place with README's picture at README's path."""
    shutil.copytree(ROOT / "docs" / "img", tmp_path / "docs" / "img", ignore=shutil.ignore_patterns("filters"))
    return tmp_path


@pytest.mark.parametrize("line", LINES)
def test_curl_line_as_pasted(line: str, server: str, folder: Path) -> None:
    assert "http://localhost:8080/" in line
    pasted = line.replace("http://localhost:8080", server).replace("curl ", "curl --silent --fail-with-body ", 1)
    ran = subprocess.run(["bash", "-c", pasted], cwd=folder, capture_output=True, check=False, timeout=PATIENCE)
    assert ran.returncode == 0, ran.stdout
    written = re.search(r" -o (\S+)", line)
    assert (folder / written[1]).stat().st_size > 0 if written else ran.stdout
    if written and not written[1].endswith(".multipart"):
        assert cv2.imread(str(folder / written[1])) is not None


@pytest.mark.parametrize("name", sorted({name for line in LINES for name in re.findall(r" -o (\S+)", line)}))
def test_what_a_line_writes_is_not_for_git(name: str) -> None:
    assert subprocess.run(["git", "check-ignore", "-q", name], cwd=ROOT, check=False).returncode == 0


def test_there_are_lines() -> None:
    assert len(LINES) >= 5


def test_readme_names_the_pipeline_of_its_picture() -> None:
    assert f"| before | after `{AFTER}` |" in README


def test_no_line_writes_what_another_wrote() -> None:
    written = [Path(name).name for name in re.findall(r"^    .* -o (\S+)", README, re.MULTILINE)]
    assert len(written) > 8
    assert sorted(written) == sorted(set(written))  # the clients refuse to write over a file
