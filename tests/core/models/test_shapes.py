"""The embedded detector keeps what its card promises, on pictures of seeds that training never saw."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from core.models.loading import RuntimeOptions
from core.models.manifest import Manifest
from core.models.model import Model
from core.models.prediction import DetectionOptions, Detections
from core.models.runtime import Runtime
from core.picture import Pixels
from tests.conftest import ROOT
from tests.core.models.making import at_hand, soon
from tools.shapes.drawing import scene
from tools.shapes.evaluation import OVERLAP, SCORE, SIDE, Boxes, figures
from tools.shapes.example import example
from tools.shapes.outlines import LABELS

MODELS = ROOT / "core" / "models"
SEED, PICTURES = 7_000_000, 200


@pytest.fixture(scope="module")
def runtime() -> Runtime:
    manifest = Manifest.read(((MODELS / "models.toml").read_text(), MODELS))
    return Runtime(manifest, at_hand, RuntimeOptions(threads=2, defaults={"detect": "shapes"}))


@pytest.fixture(scope="module")
def model(runtime: Runtime) -> Model:
    return runtime.find("detect", None)


def seen(runtime: Runtime, model: Model, pixels: Pixels) -> Boxes:
    """What `detect` sees by default, in pixels of the picture."""
    prediction, fit = runtime.see(model, pixels, DetectionOptions(model.score, model.iou, 100), soon())
    assert isinstance(prediction, Detections)
    across, down = fit.matrix[0, 0], fit.matrix[1, 1]
    limit = np.array([pixels.shape[1], pixels.shape[0]] * 2)
    boxes = np.minimum(prediction.boxes * (across, down, across, down), limit)
    return Boxes(boxes.astype(np.float32), prediction.classes, prediction.scores)


def test_recall_and_precision(runtime: Runtime, model: Model) -> None:
    pictures = (scene(SEED + index) for index in range(PICTURES))
    result = figures(((seen(runtime, model, drawn.pixels), drawn) for drawn in pictures), len(LABELS))
    assert result.recall >= 0.95, result
    assert result.precision >= 0.95, result


def test_the_example_shows_each_class_once(runtime: Runtime, model: Model) -> None:
    assert sorted(seen(runtime, model, example()).classes.tolist()) == list(range(len(LABELS)))


@pytest.mark.parametrize("size", [(320, 240), (1600, 1200), (240, 900)], ids=str)
def test_nothing_is_seen_where_nothing_is(runtime: Runtime, model: Model, size: tuple[int, int]) -> None:
    assert len(seen(runtime, model, np.full((size[1], size[0], 3), 200, np.uint8)).boxes) == 0


def test_the_files_are_small(model: Model) -> None:
    assert sum(file.bytes for file in model.files) <= 400_000


def test_the_manifest_names_these_files(model: Model) -> None:
    assert [file.name for file in model.files] == ["shapes.xml", "shapes.bin"]
    for file in model.files:
        content = (MODELS / "shapes" / file.name).read_bytes()
        assert (file.bytes, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())


def test_the_manifest_says_what_was_trained_and_measured(model: Model) -> None:
    assert model.labels == LABELS
    assert (model.score, model.iou, model.input.size) == (SCORE, OVERLAP, (SIDE, SIDE))


def test_the_options_are_told_without_torch() -> None:
    code = "import runpy, sys; sys.modules['torch'] = None; sys.argv = ['tools.train_shapes', '--help'];"
    code += "runpy.run_module('tools.train_shapes', run_name='__main__')"
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "--pictures" in told
