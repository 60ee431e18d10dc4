"""The price of growth: a filter in a package of one's own is found everywhere, with no other edit."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tests.conftest import ROOT
from tests.functions.support import BIN, app_with, client_of, decoded, picture, served
from tests.waiting import PATIENCE

FILTER = '''"""Loud filters."""

from typing import Annotated

import cv2

from core.picture import Pixels
from core.registry import image_filter
from core.language.values import ranged


@image_filter(cost=lambda loudness: 1.0 if loudness < 9 else 1e9, example="shout:5")
def shout(
    pixels: Pixels,
    loudness: Annotated[int, ranged(1, 9, "How loud, in steps of 10 levels")] = 3,
) -> Pixels:
    """Make everything louder.

    Source: https://docs.opencv.org/4.x/d2/de8/group__core__array.html (add).
    """
    return cv2.add(pixels, (10.0 * loudness,) * 4)
'''


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package `loud_filters` in it."""
    folder = tmp_path_factory.mktemp("growth")
    (folder / "loud_filters").mkdir()
    (folder / "loud_filters" / "__init__.py").touch()
    (folder / "loud_filters" / "loud.py").write_text(FILTER)
    return folder


@pytest.fixture(scope="module")
def server(package: Path) -> Iterator[httpx.Client]:
    """A server that was told of the package, and of nothing else."""
    environment = {"DARKROOM_FILTERS": "loud_filters", "PYTHONPATH": str(package)}
    command = [str(BIN / "gunicorn"), "--bind=127.0.0.1:PORT", "--threads=2", "--no-control-socket", "main:app"]
    with served(command, environment) as url, httpx.Client(base_url=url, timeout=PATIENCE) as client:
        yield client


def told(response: httpx.Response) -> dict[str, Any]:
    """A JSON answer."""
    answer: dict[str, Any] = response.json()
    return answer


def test_it_runs(server: httpx.Client) -> None:
    answer = server.post("/v1/process?pipeline=shout:5", content=picture())
    expected = np.clip(decoded(picture()).astype(int) + 50, 0, 255)
    assert np.array_equal(decoded(answer.content), expected)


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("shuot", "unknown_filter", 'Did you mean "shout"'),
        ("shout:10", "bad_parameter", "a whole number from 1 to 9"),
        ("shout:loudnes=2", "unknown_parameter", 'Did you mean "loudness"'),
        ("shout:9", "too_much_work", "s of work"),
    ],
    ids=["parser", "schema", "parameter", "limits"],
)
def test_it_is_parsed_and_limited(server: httpx.Client, text: str, code: str, says: str) -> None:
    refused = told(server.post(f"/v1/process?pipeline={text}", content=picture()))
    assert refused["code"] == code
    assert says in refused["detail"]


def test_it_is_listed(server: httpx.Client) -> None:
    listed = {entry["name"]: entry for entry in told(server.get("/v1/filters"))["filters"]}
    assert listed["shout"]["example"] == "shout:5"
    assert listed["shout"]["parameters"]["properties"]["loudness"]["maximum"] == 9


def test_it_is_in_the_open_api_document(server: httpx.Client) -> None:
    assert "How loud, in steps of 10 levels" in server.get("/openapi.json").text


def test_it_is_in_the_pages_form(server: httpx.Client) -> None:
    assert 'value="shout:5"' in server.get("/once").text


def test_it_is_in_the_command_lines_help(server: httpx.Client) -> None:
    command = [str(BIN / "darkroom"), "--server", str(server.base_url), "filters", "shout"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout
    assert "Make everything louder" in shown
    assert "loudness" in shown


def test_it_is_in_the_reference_page(package: Path) -> None:
    script = (
        "from core import registry; registry.load_package('loud_filters')\n"
        "from tools.docs_filters import pages; made = pages()\n"
        "assert b'How loud, in steps of 10 levels' in made['filters.md']\n"
        "assert made['../functions/pages/static/filters/shout.webp']\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(package)}
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment, check=True, timeout=PATIENCE)


def test_it_is_in_the_tests_of_rejection_and_conventions(package: Path) -> None:
    files = ["tests/core/test_rejects.py", "tests/core/filters/test_conventions.py"]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "loud_filters.loud",
        "-p",
        "no:cacheprovider",
        "-k",
        "shout",
        *files,
    ]
    environment = {**os.environ, "PYTHONPATH": str(package)}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert int(done.stdout.rsplit("\n", 2)[-2].split(" passed")[0].split()[-1]) >= 10, done.stdout[-500:]


def test_a_package_that_cannot_be_imported_is_said_at_start() -> None:
    with pytest.raises(ValueError, match='FILTERS: "no_such_package" cannot be imported'):
        app_with(filters="no_such_package")


def test_without_the_setting_it_is_not_there() -> None:
    assert told(client_of(app_with()).post("/v1/process?pipeline=shout", content=picture()))["code"] == "unknown_filter"
