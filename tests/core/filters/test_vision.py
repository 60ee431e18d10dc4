"""Vision steps: what each asks of its model, and what it shows."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import DeadlineExceededError
from core.limits import Deadline, Limits
from core.models.prediction import DetectionOptions
from core.picture import Origin, Picture, Size
from core.pipeline import Pipeline
from core.registry import filters, find_filter
from core.run import Context, Run
from tests.core.fakes import FakeModels
from tests.core.filters.support import run

PIXELS = np.zeros((200, 400, 3), np.uint8)


def shown(text: str, models: FakeModels | None = None) -> dict[str, Any]:
    """Findings of a pipeline as JSON."""
    picture = run(text, PIXELS, models=models)
    return picture.findings.to_json(*picture.size)


ASKED = [
    ("detect", [("shapes", DetectionOptions(0.3, 0.45, 100, None))]),
    ("detect:things", [("things", DetectionOptions(0.3, 0.45, 100, None))]),
    ("detect:things,0.5,0.6,dog+hot_dog,7", [("things", DetectionOptions(0.5, 0.6, 7, frozenset({1, 2})))]),
    ("detect:score=0", [("shapes", DetectionOptions(0.0, 0.45, 100, None))]),
    ("faces:max=1", [("retail", DetectionOptions(0.3, 0.45, 1, None))]),
    ("persons:score=1,iou=0", [("walkers", DetectionOptions(1.0, 0.0, 100, None))]),
    ("segment", [("street", DetectionOptions(0.3, 0.45, 1, None))]),
    ("classify", [("names", DetectionOptions(0.0, 0.45, 5, None))]),
    ("classify:top=2,score=0.25", [("names", DetectionOptions(0.25, 0.45, 2, None))]),
    (
        "detect/detect:things",
        [("shapes", DetectionOptions(0.3, 0.45, 100, None)), ("things", DetectionOptions(0.3, 0.45, 100, None))],
    ),
]


@pytest.mark.parametrize(("text", "asked"), ASKED, ids=[text for text, _ in ASKED])
def test_what_a_step_asks(text: str, asked: list[tuple[str, DetectionOptions]]) -> None:
    models = FakeModels()
    shown(text, models)
    assert models.asked == asked


def test_detect_tells_label_class_score_box_and_model() -> None:
    assert shown("detect") == {
        "objects": [
            {"label": "circle", "class": 0, "score": 0.9, "box": [40, 40, 120, 80], "model": "shapes"},
            {"label": "star", "class": 3, "score": 0.7, "box": [220, 60, 140, 100], "model": "shapes"},
        ]
    }


def test_a_second_detect_adds_its_objects() -> None:
    objects = shown("detect/detect:things")["objects"]
    assert [entry["label"] for entry in objects] == ["circle", "star", "person", "person", "dog"]
    assert [entry["model"] for entry in objects] == ["shapes"] * 2 + ["things"] * 3


def test_faces_are_objects_with_keypoints() -> None:
    (first, _) = shown("faces")["objects"]
    assert first["label"] == "face"
    assert [point["name"] for point in first["keypoints"]][:2] == ["right_eye", "left_eye"]


@pytest.mark.parametrize("text", ["detect:things", "faces", "persons"])
def test_nothing_seen_is_an_empty_list(text: str) -> None:
    assert shown(text, FakeModels(things=(), retail=(), walkers=())) == {"objects": []}


def test_segment_tells_shares_that_add_up() -> None:
    (segment,) = shown("segment")["segments"]
    assert segment["model"] == "street"
    assert segment["labels"] == ["background", "road", "curb", "mark"]
    assert segment["share"] == {"background": 0.5, "road": 0.37, "curb": 0.1, "mark": 0.03}
    assert "map" not in segment


def test_masks_and_maps_are_shown_where_they_are_asked_for() -> None:
    picture = run("segment/detect:outlines", PIXELS)
    plain, full = (picture.findings.to_json(*picture.size, masks=masks) for masks in (False, True))
    assert "mask" not in plain["objects"][0]
    assert full["objects"][0]["mask"]["size"] == [200, 400]
    assert full["segments"][0]["map"].startswith(b"\x89PNG")


def test_classify_tells_the_best_first() -> None:
    labels = shown("classify:top=2")["labels"]
    assert [(entry["label"], entry["class"], entry["score"]) for entry in labels] == [
        ("hot_dog", 1, 0.8),
        ("tabby_cat", 0, 0.15),
    ]


COUNTS = [
    ("detect:things/count", {"dog": 1, "person": 2}),
    ("detect:things/count:person+car", {"person": 2, "car": 0}),
    ("detect:things,classes=dog/count", {"dog": 1}),
    ("detect:things/faces/count", {"dog": 1, "face": 2, "person": 2}),
    ("detect:things/crop:30p,100p,0,0/count", {"person": 1}),
    ("detect:things/count/crop:30p,100p,0,0", {"dog": 1, "person": 2}),
]


@pytest.mark.parametrize(("text", "counts"), COUNTS, ids=[text for text, _ in COUNTS])
def test_count(text: str, counts: dict[str, int]) -> None:
    assert shown(text)["counts"] == counts


def test_count_of_nothing() -> None:
    assert shown("detect:things/count", FakeModels(things=())) == {"objects": [], "counts": {}}


def test_vision_looks_at_every_frame_and_at_pixels_as_they_are_then() -> None:
    models = FakeModels()
    frames = [
        Picture(pixels=PIXELS, origin=Origin(format="gif", size=Size(400, 200), frames=3, frame=i)) for i in range(3)
    ]
    made = list(Run(Pipeline.parse("resize:100/detect"), Context(Limits(), Deadline(9), models=models)).frames(frames))
    assert len(models.asked) == 3
    assert [frame.findings.to_json(*frame.size)["objects"][0]["box"] for frame in made] == [[10, 10, 30, 20]] * 3


def test_the_deadline_reaches_the_models() -> None:
    context = Context(Limits(), Deadline(-1), models=FakeModels())
    picture = Picture(pixels=PIXELS, origin=Origin(format="png", size=Size(400, 200)))
    with pytest.raises(DeadlineExceededError):
        next(Run(Pipeline.parse("detect"), context).frames([picture]))


def test_vision_changes_no_pixels(pixels: NDArray[np.uint8]) -> None:
    assert run("detect/faces/persons/segment/classify/count", pixels).pixels is pixels


def test_every_vision_step_takes_a_model_first_and_says_what_it_needs() -> None:
    steps = [known for known in filters().values() if known.kind == "vision"]
    assert {known.name for known in steps} == {
        "detect", "faces", "persons", "segment", "classify", "attributes", "barcodes"
    }  # fmt: skip
    for known in steps:
        if known.labels:
            continue
        assert known.parameters[0].name == "model"
        findings = ["findings"] * (known.name == "attributes")
        assert known.needs == (findings if known.ships else ["model"])
    assert [known.name for known in steps if known.ships] == ["attributes", "detect"]
    assert find_filter("redact").needs == ["findings"]
    assert find_filter("crop").needs == []
