"""What ships is enough: every example that needs no model of one's own runs with the detector of shapes."""

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from core.filter import Filter
from core.pipeline import Pipeline
from core.registry import filters
from service.checks import load_settings
from service.models.setup import open_manifest, open_runtime
from tests.core.filters.support import apply, run

LOOKING = [
    known
    for known in filters().values()
    if "model" not in known.needs and any(step.filter.task for step in Pipeline.parse(known.example).steps)
]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The runtime as the server has it without a setting, but for where it may write."""
    folder = tmp_path_factory.mktemp("shipped")
    settings = load_settings({"DARKROOM_DATA": str(folder)})
    return open_runtime(settings, open_manifest(settings))


def drawn() -> NDArray[np.uint8]:
    """A red disc and a blue square on grey, 320 × 240."""
    pixels = np.full((240, 320, 3), 205, np.uint8)
    cv2.circle(pixels, (90, 110), 55, (40, 40, 210), cv2.FILLED, cv2.LINE_AA)
    cv2.rectangle(pixels, (190, 80), (280, 170), (190, 90, 30), cv2.FILLED)
    return pixels


def test_there_are_examples() -> None:
    assert {known.name for known in LOOKING} >= {"detect", "count", "draw", "redact", "crop_to", "cutout", "mask"}


@pytest.mark.parametrize("known", LOOKING, ids=lambda known: known.name)
def test_example_runs(known: Filter, models: Any) -> None:
    picture = run(known.example, drawn(), models=models)
    assert picture.findings.objects is not None
    assert len(picture.findings.objects) in ({1, 2} if known.name == "crop_to" else {2})


def test_it_is_told_what_is_drawn(models: Any) -> None:
    picture = run("detect/count", drawn(), models=models)
    told = picture.findings.to_json(*picture.size)
    assert told["counts"] == {"circle": 1, "square": 1}
    boxes = {entry["label"]: entry["box"] for entry in told["objects"]}
    assert boxes["circle"] == pytest.approx([35, 55, 111, 111], abs=6)
    assert boxes["square"] == pytest.approx([190, 80, 91, 91], abs=6)


def test_redact_leaves_nothing_of_what_is_drawn(models: Any) -> None:
    result = apply("detect/redact:circle,color=00ff00", drawn(), models=models)
    assert not (result == (40, 40, 210)).all(axis=2).any()
    assert (result == (190, 90, 30)).all(axis=2).sum() > 8000
