"""`check FILE`: the table that it writes works, and says why."""

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.models.manifest import Manifest
from functions.jobs import models
from tests.conftest import ROOT
from tests.core.models.making import means, planes, saved
from tests.core.models.test_trial import gives, two_inputs

__all__ = ["two_inputs"]  # a fixture

YOLOX, YUNET = "models/yolox/yolox_nano.onnx", "models/yunet/face_detection_yunet_2026may.onnx"
MOBILENET = "models/coral/mobilenet_v2_1.0_224_quant.tflite"
ROAD = "models/road-segmentation-adas-0001/FP32/road-segmentation-adas-0001.xml"
FACES = "models/face-detection-retail-0005/FP16/face-detection-retail-0005.xml"
PERSONS = "models/person-detection-retail-0013/FP16/person-detection-retail-0013.xml"
DEEPLAB = "models/coral/deeplabv3_mnv2_dm05_pascal_quant.tflite"
PEOPLE, PARROT, STREET = "images/photos/ovms_people1.jpeg", "images/coral/parrot.jpg", "images/photos/ovms_road1.jpg"

REAL: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "YOLOX-Nano": (
        YOLOX, PEOPLE,
        {"task": "detect", "decoder": "yolox", "labels": "coco80",
         "input": {"name": "images", "size": [416, 416], "resize": "letterbox"}},
        "person 0.87",
    ),
    "YuNet": (
        YUNET, PEOPLE,
        {"task": "faces", "decoder": "yunet", "labels": ["face"],
         "input": {"name": "input", "size": [640, 640], "dynamic": True, "multiple": 32, "resize": "letterbox"}},
        "face 0.9",
    ),
    "MobileNet": (
        MOBILENET, PARROT,
        {"task": "classify", "decoder": "softmax", "labels": "imagenet_labels.txt",
         "input": {"name": "input", "size": [224, 224], "layout": "NHWC", "color": "RGB", "type": "u8"}},
        "macaw",
    ),
    "roads": (
        ROAD, STREET,
        {"task": "segment", "decoder": "argmax", "labels": "road_adas", "input": {"name": "data", "size": [896, 512]}},
        "road 22.",
    ),
    "faces by SSD": (
        FACES, PEOPLE,
        {"task": "faces", "decoder": "ssd", "labels": ["face"], "label_offset": -1,
         "input": {"name": "input.1", "size": [300, 300]}},
        "face 1.00",
    ),
    "persons by SSD": (
        PERSONS, PEOPLE,
        {"task": "persons", "decoder": "ssd", "labels": ["person"], "label_offset": -1,
         "input": {"name": "data", "size": [544, 320]}},
        "person 1.00",
    ),
    "DeepLab": (
        DEEPLAB, "images/coral/bird_segmentation.bmp",
        {"task": "segment", "decoder": "argmax", "labels": "voc21",
         "input": {"name": "MobilenetV2/MobilenetV2/input", "size": [513, 513], "layout": "NHWC", "color": "RGB",
                   "type": "u8"}},
        "bird 17.",
    ),
    "our shapes": (
        str(ROOT / "core/models/shapes/shapes.xml"), str(ROOT / "docs/img/shapes.png"),
        {"task": "detect", "decoder": "yolox",
         "input": {"name": "image", "size": [320, 320], "resize": "letterbox"}},
        "5 0.97, 9",
    ),
    "our styles": (
        str(ROOT / "core/models/shapes/shape_style.xml"), str(ROOT / "docs/img/shapes.png"),
        {"task": "attributes", "decoder": "heads",
         "heads": [{"name": "lightness"}, {"name": "style", "labels": ["0", "1"]}],
         "input": {"name": "image", "size": [48, 48]}},
        "lightness 0.",
    ),
    "our arrows": (
        str(ROOT / "tests/core/models/trained/arrows.xml"), str(ROOT / "docs/img/shapes.png"),
        {"task": "detect", "decoder": "heatmaps", "labels": ["object"], "keypoints": ["point0", "point1"],
         "input": {"name": "image", "size": [64, 64]}},
        "point0",
    ),
}  # fmt: skip


def written(text: str, folder: Path) -> dict[str, Any]:
    """The table that was printed; the server takes it."""
    Manifest.read(("", folder), (text, folder))
    ((_, table),) = tomllib.loads(text).items()
    return dict(table)


@pytest.mark.parametrize("name", REAL)
def test_a_real_network_gets_its_table(name: str, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, picture, fields, seen = REAL[name]
    assert models.main(["check", str(data / file), str(data / picture)]) == 0
    told = capsys.readouterr().out
    table = written(told, (data / file).parent)
    assert {key: table.get(key) for key in fields} == fields
    assert "# It loads." in told
    assert seen in told


LISTS = [
    np.array([[1, 0]], np.int64),
    np.array([[[5, 5, 40, 40], [1, 1, 30, 30]]], np.float32),
    np.array([[0.9, 0.8]], np.float32),
]
UNIT = LISTS[1] / np.float32(64)
LAYOUTS = {
    "RT-DETR": (gives(*LISTS), "rtdetr"),
    "RT-DETR, boxes first": (gives(LISTS[1], LISTS[0], LISTS[2]), "rtdetr"),
    "SSD's lists": (gives(UNIT, LISTS[0], LISTS[2]), "ssd_lists"),
    "YOLOv8": (gives(np.full((1, 6, 90), 0.1, np.float32)), "yolo_v8"),
    "YOLOv5": (gives(np.full((1, 252, 85), 0.1, np.float32)), "yolo_v5"),
    "NanoDet-Plus": (gives(np.full((1, 85, 112), -0.1, np.float32)), "nanodet_plus"),
    "MoveNet": (gives(np.full((1, 1, 17, 3), 0.5, np.float32)), "movenet"),
    "heatmaps": (gives(np.full((1, 17, 16, 16), 0.1, np.float32)), "heatmaps"),
    "DeepLab": (gives(np.full((1, 21, 8, 8), 0.1, np.float32)), "deeplab"),
    "a classifier": (means, "softmax"),
    "a map": (planes, "argmax"),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_is_recognised(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build, decoder = LAYOUTS[name]
    path = saved(tmp_path, "made", build, (1, 3, 64, 64))
    assert models.main(["check", str(path)]) == 0
    told = capsys.readouterr().out
    assert written(told, tmp_path)["decoder"] == decoder, told
    assert "# It loads." in told


def test_further_inputs_get_values(two_inputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert models.main(["check", str(two_inputs)]) == 0
    told = capsys.readouterr().out
    table = written(told, two_inputs.parent)
    assert (table["decoder"], table["constants"]) == ("rtdetr", {"orig_target_sizes": [64, 64]})
    assert "# It loads." in told


def test_what_no_decoder_reads_is_raw(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(tmp_path, "odd", gives(np.zeros((2, 3, 5, 7, 2), np.float32)), (1, 3, 64, 64))
    assert models.main(["check", str(path)]) == 0
    told = capsys.readouterr().out
    assert written(told, tmp_path)["decoder"] == "raw"
    assert "[2, 3, 5, 7, 2], which no decoder reads" in told


def test_without_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert models.main(["check"]) == 2
    assert "check FILE [PICTURE]" in capsys.readouterr().err
    assert models.main(["check", str(tmp_path / "none.onnx")]) == 2
    assert "none.onnx: No such file" in capsys.readouterr().err


def test_what_is_no_network_and_what_is_no_picture(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("no network")
    assert models.main(["check", str(tmp_path / "text.onnx")]) == 1
    assert "damaged or not supported" in capsys.readouterr().err
    assert models.main(["check", str(tmp_path / "text.onnx"), str(tmp_path / "text.onnx")]) == 1


def test_no_picture_goes_in(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = saved(tmp_path, "four", lambda ops, picture: ops.abs(picture), (1, 4, 8, 8))
    assert models.main(["check", str(path)]) == 1
    assert "No input is a picture of three channels" in capsys.readouterr().err
