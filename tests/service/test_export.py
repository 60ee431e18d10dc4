"""Findings in the forms of other tools, read by the tools themselves."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pycocotools.coco import COCO

from core import codecs
from core.errors import NeedsFindingsError
from core.limits import Deadline, Limits
from core.output import Output
from core.pipeline import Pipeline
from core.process import Result, process
from core.run import Context
from service.export import Form, check_form, export_findings
from tests.conftest import made_picture
from tests.core.fakes import FakeModels, Seen, street

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools 2.0.11


def result(text: str, **sees: tuple[Seen, ...]) -> Result:
    """What a pipeline makes of a picture of 200 × 100."""
    data = cv2.imencode(".png", made_picture(3, 200, 100))[1].tobytes()
    context = Context(Limits(), Deadline(60), models=FakeModels(**sees))
    output = Output(pipeline=Pipeline.parse(text), format="png", image=False)
    (made,) = process(data, codecs.probe(data, Limits()), [output], context)
    return made


def coco(text: str, **sees: tuple[Seen, ...]) -> dict[str, Any]:
    told = export_findings("coco", result(text, **sees), "street.png")
    assert isinstance(told, dict)
    return told


def test_a_coco_document_is_whole() -> None:
    told = coco("detect:things")
    assert set(told) == {"info", "licenses", "images", "annotations", "categories"}
    assert told["images"] == [{"id": 1, "width": 200, "height": 100, "file_name": "street.png"}]
    assert [(entry["id"], entry["name"]) for entry in told["categories"]] == [
        (1, "person"), (2, "dog"), (3, "hot_dog"), (4, "car"),
    ]  # fmt: skip
    first, *_ = told["annotations"]
    assert first == {
        "id": 1, "image_id": 1, "category_id": 1, "bbox": [20, 10, 60, 80], "score": 0.9, "iscrowd": 0,
        "area": 4800, "segmentation": [[20, 10, 80, 10, 80, 90, 20, 90]],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "count"),
    [("detect:things", 3), ("detect:outlines", 1), ("detect:things/rotate:30", 3), ("faces/detect:things", 5),
     ("detect:things/crop:50p,50p", 3), ("detect:things,0.99", 0)],
)  # fmt: skip
def test_cocos_own_reader_takes_it(text: str, count: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = coco(text)
    path = tmp_path / "found.json"
    path.write_text(json.dumps(told))
    read = COCO(str(path))
    capsys.readouterr()
    assert len(read.getAnnIds(imgIds=[1])) == count
    for entry in read.loadAnns(read.getAnnIds()):
        mask = read.annToMask(entry)
        assert mask.shape == (told["images"][0]["height"], told["images"][0]["width"])
        assert mask.sum() == pytest.approx(entry["area"], rel=0.1, abs=20)
        x, y, width, height = entry["bbox"]
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        assert np.allclose((columns[0], rows[0]), (x, y), atol=2)
        assert np.allclose((columns[-1] + 1, rows[-1] + 1), (x + width, y + height), atol=2)
        assert read.loadCats(entry["category_id"])


def test_keypoints_are_cocos() -> None:
    told = coco("faces/crop:60,100,0,0")  # the second face is cut off, the first reaches from 30 to 70
    (category,) = [entry for entry in told["categories"] if entry["name"] == "face"]
    assert category["keypoints"][:3] == ["right_eye", "left_eye", "nose"]
    (face,) = told["annotations"]
    assert len(face["keypoints"]) == 15
    assert face["keypoints"][:3] == [42, 25.5, 2]
    assert face["num_keypoints"] == sum(flag == 2 for flag in face["keypoints"][2::3]) == 5


def test_a_class_that_two_models_share_is_one_category() -> None:
    names = [entry["name"] for entry in coco("detect:things/detect:outlines/persons")["categories"]]
    assert names == ["person", "dog", "hot_dog", "car"]


YOLO = [
    (
        "detect:things",
        ["0 0.250000 0.500000 0.300000 0.800000", "0 0.700000 0.500000 0.200000 0.400000",
         "1 0.575000 0.725000 0.250000 0.450000"],
    ),
    (
        "detect:things/resize:50/flop",
        ["0 0.750000 0.500000 0.300000 0.800000", "0 0.300000 0.500000 0.200000 0.400000",
         "1 0.425000 0.725000 0.250000 0.450000"],
    ),
    ("detect:things,0.99", []),
    ("faces:max=1", ["0 0.250000 0.300000 0.200000 0.300000"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "lines"), YOLO, ids=[text for text, _ in YOLO])
def test_yolo(text: str, lines: list[str]) -> None:
    assert export_findings("yolo", result(text)) == "".join(f"{line}\n" for line in lines)


def test_a_map_of_labels() -> None:
    told = export_findings("labelmap", result("segment"))
    assert isinstance(told, bytes)
    read = cv2.imdecode(np.frombuffer(told, np.uint8), cv2.IMREAD_UNCHANGED)
    assert read.dtype == np.uint8
    assert np.array_equal(read, street().repeat(2, axis=1))


@pytest.mark.parametrize(
    ("form", "text"),
    [("coco", ""), ("coco", "segment"), ("yolo", "classify"), ("labelmap", "detect"), ("labelmap", "palette")],
)
def test_a_form_that_no_step_fills_is_refused(form: Form, text: str) -> None:
    with pytest.raises(NeedsFindingsError) as refused:
        check_form(form, Pipeline.parse(text))
    assert refused.value.fields["parameter"] == "findings"


@pytest.mark.parametrize(("form", "text"), [("coco", "detect"), ("yolo", "blur/faces"), ("labelmap", "segment/detect")])
def test_a_form_that_a_step_fills_is_made(form: Form, text: str) -> None:
    check_form(form, Pipeline.parse(text))
