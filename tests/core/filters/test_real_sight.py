"""Vision steps with real networks, from a file to findings, beside what was seen when each was run once."""

from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from core import codecs
from core.limits import Deadline, Limits
from core.output import Output
from core.pipeline import Pipeline
from core.process import Result, process
from core.run import Context
from service.checks import load_settings
from service.models.setup import open_manifest, open_runtime
from tests.core.things import apart

IMAGES = "images/photos"
COUNTS = [
    ("ovms_people1.jpeg", "detect:yolox_nano,0.3/count:person", {"person": 10}),
    ("ovms_zebra.jpeg", "detect:yolox_nano,0.3/count:zebra", {"zebra": 1}),
    ("kite.jpg", "detect:yolox_nano,0.3/count:kite+person", {"kite": 4, "person": 6}),
    ("pets.jpg", "detect:yolox_nano,0.3/count:dog", {"dog": 2}),
    ("ovms_road1.jpg", "detect:yolox_nano,0.35/count:car+bus", {"car": 17, "bus": 1}),
    ("ovms_people1.jpeg", "faces:yunet/count:face", {"face": 10}),
    ("pets.jpg", "detect:yolox_nano,0.3/resize:300/rotate:20/count:dog", {"dog": 2}),
]


@pytest.fixture(scope="module")
def models(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The shipped manifest with the weights of the shared data."""
    folder = tmp_path_factory.mktemp("models")
    settings = load_settings({"DARKROOM_MODELS_FROM": str(data / "models"), "DARKROOM_DATA": str(folder)})
    return open_runtime(settings, open_manifest(settings))


@cache
def found(data: Path, name: str) -> Path:
    """A picture of the shared data by its name."""
    return next(path for path in sorted((data / "images").rglob(name)))


def made(models: Any, path: Path, text: str, *, image: bool = False) -> Result:
    """What a pipeline makes of a file."""
    context = Context(Limits(), Deadline(120), models=models)
    picture = path.read_bytes()
    output = Output(pipeline=Pipeline.parse(text), format="png", image=image)
    return next(process(picture, codecs.probe(picture, Limits()), [output], context))


@pytest.mark.parametrize(("name", "text", "counts"), COUNTS, ids=[f"{name} {text}" for name, text, _ in COUNTS])
def test_counts(models: Any, data: Path, name: str, text: str, counts: dict[str, int]) -> None:
    seen = made(models, found(data, name), text).findings()["counts"]
    assert {label: abs(seen[label] - count) <= 1 for label, count in counts.items()} == dict.fromkeys(counts, True)


@pytest.mark.parametrize(
    ("turn", "back"), [("flop", "flop"), ("rotate:90", "rotate:-90"), ("rotate:180", "rotate:180")]
)
def test_looking_before_a_turn_is_turning_what_was_seen(models: Any, data: Path, turn: str, back: str) -> None:
    """Seen, then turned there and back: every box is where it was."""
    path = found(data, "pets.jpg")
    straight, turned = (
        made(models, path, text).findings()["objects"]
        for text in ("detect:yolox_nano", f"detect:yolox_nano/{turn}/{back}")
    )
    assert [one["label"] for one in straight] == [one["label"] for one in turned]
    for one, other in zip(straight, turned, strict=True):
        assert one["box"] == pytest.approx(other["box"], abs=0.02)


def test_a_bird_is_cut_out_along_its_class_map(models: Any, data: Path) -> None:
    path, mask = found(data, "bird_segmentation.bmp"), found(data, "bird_segmentation_mask.bmp")
    result = made(models, path, "segment:deeplabv3/cutout:bird", image=True)
    alpha = cv2.imdecode(np.frombuffer(result.data, np.uint8), cv2.IMREAD_UNCHANGED)[:, :, 3] > 127
    marked = cv2.imread(str(mask), cv2.IMREAD_GRAYSCALE)
    truth = cv2.resize(marked, alpha.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
    assert (alpha & truth).sum() / (alpha | truth).sum() >= 0.8


def test_faces_are_redacted_and_nothing_else(models: Any, data: Path) -> None:
    path = found(data, "ovms_people1.jpeg")
    plain = made(models, path, "", image=True)
    result = made(models, path, "faces:yunet/redact:color=00ff00", image=True)
    before, after = (cv2.imdecode(np.frombuffer(one.data, np.uint8), cv2.IMREAD_UNCHANGED) for one in (plain, result))
    green = (after == (0, 255, 0)).all(axis=2)
    hidden = np.zeros_like(green)
    for entry in result.findings()["objects"]:
        left, top, width, height = entry["box"]
        rows = slice(max(int(top - height / 10), 0), int(np.ceil(top + height * 1.1)))
        hidden[rows, max(int(left - width / 10), 0) : int(np.ceil(left + width * 1.1))] = True
    assert apart(green, hidden) <= 1
    assert np.array_equal(after[~hidden], before[~hidden])


@pytest.mark.parametrize("text", ["detect:yolox_nano", "faces", "persons", "faces/persons"])
@pytest.mark.parametrize("name", ["IMG_20180725_163423_12MP.jpg", "ovms_people1.jpeg", "ovms_road1.jpg"])
def test_a_picture_that_is_shrunk_while_it_is_decoded_shows_the_same(
    models: Any, data: Path, name: str, text: str
) -> None:
    shrunk, whole = (made(models, found(data, name), text, image=image) for image in (False, True))
    assert shrunk.size == whole.size
    ours, theirs = (result.findings()["objects"] for result in (shrunk, whole))
    assert [seen["label"] for seen in ours] == [seen["label"] for seen in theirs]
    for seen, other in zip(ours, theirs, strict=True):
        assert seen["score"] == pytest.approx(other["score"], abs=0.05)
        assert seen["box"] == pytest.approx(other["box"], abs=max(whole.size) * 0.01)
