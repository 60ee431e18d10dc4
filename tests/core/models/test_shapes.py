"""The embedded detector keeps what its card promises, on pictures of seeds that training never saw."""

import hashlib
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT
from tools.shapes import evaluation
from tools.shapes.drawing import Floats, scene
from tools.shapes.evaluation import Boxes, figures, found, letterboxed
from tools.shapes.grounds import Pixels
from tools.shapes.outlines import LABELS
from tools.shapes.writing import detector

FOLDER = ROOT / "core" / "models" / "shapes"
SEED, PICTURES = 7_000_000, 200
FILES = ("shapes.xml", "shapes.bin")


@pytest.fixture(scope="module")
def heads() -> Callable[[Pixels], Floats]:
    return detector(FOLDER / "shapes.xml")


def test_recall_and_precision(heads: Callable[[Pixels], Floats]) -> None:
    drawn = [scene(SEED + index) for index in range(PICTURES)]
    result = figures(((found(heads, one.pixels, "area"), one) for one in drawn), len(LABELS))
    assert result.recall >= 0.95, result
    assert result.precision >= 0.95, result


def test_it_sees_nothing_where_nothing_is(heads: Callable[[Pixels], Floats]) -> None:
    plain = np.full((240, 320, 3), 200, np.uint8)
    assert len(found(heads, plain, "area").boxes) == 0


def test_the_files_are_small() -> None:
    assert sum((FOLDER / name).stat().st_size for name in FILES) <= 400_000


def table() -> dict[str, object]:
    return tomllib.loads((ROOT / "core" / "models" / "models.toml").read_text())["shapes"]


@pytest.mark.parametrize("index", range(len(FILES)), ids=FILES)
def test_the_manifest_names_these_files(index: int) -> None:
    entry, content = table()["files"][index], (FOLDER / FILES[index]).read_bytes()
    assert entry["file"] == f"shapes/{FILES[index]}"
    assert entry["bytes"] == len(content)
    assert entry["sha256"] == hashlib.sha256(content).hexdigest()


def test_the_manifest_names_these_classes() -> None:
    assert tuple(table()["labels"]) == LABELS


def test_the_options_are_told_without_torch() -> None:
    code = "import sys; sys.modules['torch'] = None; sys.argv = ['x', '--help']; from tools.train_shapes import main; main()"
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "--pictures" in told
