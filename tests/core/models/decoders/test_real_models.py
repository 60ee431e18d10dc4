"""The figures of the shared data's README, from networks that others trained; and their outputs decoded by others."""

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from core.models.prediction import Classification, ClassMap, DetectionOptions, Detections
from core.picture import Size
from tests.core.models.decoders.conftest import Open, Run
from tests.core.models.support import (
    Seen,
    assert_same,
    decode,
    detections,
    expected,
    off_grid,
    places,
)

COCO = {"person": 0, "car": 2, "bus": 5, "bird": 14, "cat": 15, "dog": 16, "zebra": 22, "kite": 33, "hot_dog": 52}


def planes(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    return pixels.transpose(2, 0, 1)[np.newaxis].astype(np.float32)


# --- yolox_nano ----------------------------------------------------------------------------------------------------

YOLOX, SQUARE = "yolox/yolox_nano.onnx", Size(416, 416)


def letterboxed(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    height, width = pixels.shape[:2]
    scale = min(SQUARE.height / height, SQUARE.width / width)
    inner = round(width * scale), round(height * scale)
    filled = np.full((SQUARE.height, SQUARE.width, 3), 114, np.uint8)
    filled[: inner[1], : inner[0]] = cv2.resize(pixels, inner, interpolation=cv2.INTER_LINEAR)
    return planes(filled)


@pytest.mark.parametrize(
    ("name", "score", "counts"),
    [
        ("ovms_people1", 0.3, {"person": 10}),
        ("ovms_zebra", 0.3, {"zebra": 1}),
        ("kite", 0.3, {"kite": 4, "person": 6}),
        ("pets", 0.3, {"dog": 2}),
        ("cat_720p", 0.3, {"cat": 1}),
        ("owl", 0.3, {"bird": 1}),
        ("parrot", 0.3, {"bird": 1}),
        ("hot_dog", 0.3, {"hot_dog": 1}),
        ("ovms_coco", 0.3, {"dog": 1}),
        ("ovms_road1", 0.35, {"car": 17, "bus": 1}),
        ("ovms_road1", 0.3, {"car": 23, "bus": 1}),
    ],
    ids=lambda value: str(value) if isinstance(value, str | float) else "",
)
def test_yolox_sees_what_is_there(run: Run, picture: Open, name: str, score: float, counts: dict[str, int]) -> None:
    outputs = run(YOLOX, letterboxed(picture(name)))
    found = detections("yolox", outputs, SQUARE, DetectionOptions(score, 0.45, 100))
    seen = Counter(found.classes.tolist())
    got = {label: seen[COCO[label]] for label in counts}
    assert all(count >= 1 and abs(count - counts[label]) <= 1 for label, count in got.items()), got
    assert found.boxes.shape == (len(found.scores), 4)


@pytest.mark.parametrize("name", ["ovms_people1", "ovms_road1", "kite"])
@pytest.mark.parametrize("score", [0.3, 0.01])
def test_yolox_equals_a_plain_loop(run: Run, picture: Open, name: str, score: float) -> None:
    outputs, wanted = run(YOLOX, letterboxed(picture(name))), DetectionOptions(score, 0.45, 1000)
    seen = []
    for row, cell in zip(outputs[0][0].tolist(), places(SQUARE), strict=True):
        kind = max(range(80), key=lambda kind, row=row: row[5 + kind])
        seen.append(Seen(off_grid(row[:4], cell), row[4] * row[5 + kind], kind))
    assert_same(detections("yolox", outputs, SQUARE, wanted), expected(seen, SQUARE, wanted))


# --- faces and persons ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("network", "size", "name", "count"),
    [
        ("face-detection-retail-0005", Size(300, 300), "ovms_people1", 10),
        ("face-detection-retail-0005", Size(300, 300), "face", 4),
        ("face-detection-retail-0005", Size(300, 300), "grace_hopper", 1),
        ("face-detection-retail-0005", Size(300, 300), "ovms_road1", 0),
        ("person-detection-retail-0013", Size(544, 320), "ovms_people1", 8),
        ("person-detection-retail-0013", Size(544, 320), "ovms_road1", 0),
    ],
)
def test_ssd(run: Run, picture: Open, network: str, size: Size, name: str, count: int) -> None:
    outputs = run(f"{network}/FP16/{network}.xml", planes(cv2.resize(picture(name), size)))
    found = detections("ssd", outputs, size, DetectionOptions(0.5, 0.45, 100), label_offset=-1, labels=("one",))
    assert abs(len(found.boxes) - count) <= (count > 1)
    assert set(found.classes.tolist()) <= {0}


YUNET = "yunet/face_detection_yunet_2026may.onnx"


def padded(pixels: NDArray[np.uint8], longest: int) -> NDArray[np.uint8]:
    """Scaled so that no side is longer, then filled right and below up to multiples of 32."""
    scale = min(1, longest / max(pixels.shape[:2]))
    scaled = cv2.resize(pixels, None, fx=scale, fy=scale)
    height, width = scaled.shape[:2]
    return np.pad(scaled, ((0, -height % 32), (0, -width % 32), (0, 0)))


def faces(run: Run, pixels: NDArray[np.uint8]) -> Detections:
    size = Size(pixels.shape[1], pixels.shape[0])
    return detections("yunet", run(YUNET, planes(pixels)), size, DetectionOptions(0.6, 0.3, 100))


@pytest.mark.parametrize("longest", [640, 960, 1280])
def test_yunet_counts_the_faces(run: Run, picture: Open, longest: int) -> None:
    assert len(faces(run, padded(picture("ovms_people1"), longest)).boxes) == 10


@pytest.mark.parametrize("name", ["ovms_people1", "face", "grace_hopper", "squat"])
def test_yunet_equals_opencv(run: Run, data: Path, picture: Open, name: str) -> None:
    """OpenCV's own decoder of the same file; it does not cut boxes to the picture."""
    pixels = padded(picture(name), 640)
    size = Size(pixels.shape[1], pixels.shape[0])
    _, theirs = cv2.FaceDetectorYN.create(f"{data}/models/{YUNET}", "", size, 0.6, 0.3, 5000).detect(pixels)
    ours = faces(run, pixels)
    assert ours.keypoints is not None
    assert ours.scores == pytest.approx(theirs[:, 14], abs=1e-3)
    boxes = np.hstack([theirs[:, :2], theirs[:, :2] + theirs[:, 2:4]])
    assert np.abs(ours.boxes - np.clip(boxes, 0, [*size, *size])).max() <= 1
    assert np.abs(ours.keypoints[:, :, :2].reshape(-1, 10) - theirs[:, 4:14]).max() <= 1


# --- class maps and labels -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("face", 0, 0.5),
        ("ovms_people1", 0, 0.5),
        ("kodim04", 0, 0.5),
        ("cat_720p", 0, 0.5),
        ("grace_hopper", 1.5, 3.5),
        ("squat", 1.5, 3.5),
        ("ovms_road1", 15, 60),
    ],
)
def test_road_share(run: Run, picture: Open, name: str, least: float, most: float) -> None:
    size = Size(896, 512)
    network = "road-segmentation-adas-0001/FP32/road-segmentation-adas-0001.xml"
    outputs = run(network, planes(cv2.resize(picture(name), size)))
    found = decode("argmax", outputs, size, labels=("background", "road", "curb", "mark"))
    assert isinstance(found, ClassMap)
    assert least <= 100 * float((found.map == 1).mean()) <= most
    assert np.array_equal(found.map, outputs[0][0].argmax(axis=0))


def rgb(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    return np.ascontiguousarray(cv2.resize(pixels, (side, side))[np.newaxis, :, :, ::-1])


def test_deeplab_finds_the_bird(run: Run, picture: Open) -> None:
    side, bird = 513, 3
    (output,) = run("coral/deeplabv3_mnv2_dm05_pascal_quant.tflite", rgb(picture("bird_segmentation"), side))
    assert output.dtype == np.int64
    found = decode("argmax", [output], Size(side, side), layout="NHWC")
    assert isinstance(found, ClassMap)
    ours, theirs = found.map == bird, picture("bird_segmentation_mask")[:, :, 0] == bird
    assert (ours & theirs).sum() / (ours | theirs).sum() >= 0.8


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("cat_720p", "Egyptian cat"),
        ("parrot", "macaw"),
        ("hot_dog", "hotdog"),
        ("ovms_zebra", "zebra"),
        ("grace_hopper", "military uniform"),
        ("ovms_coco", "flat-coated retriever"),
    ],
)
def test_mobilenet_names_the_subject(run: Run, data: Path, picture: Open, name: str, label: str) -> None:
    outputs = run("coral/mobilenet_v2_1.0_224_quant.tflite", rgb(picture(name), 224))
    found = decode("softmax", outputs, Size(224, 224), DetectionOptions(0.0, 1.0, 5), layout="NHWC")
    assert isinstance(found, Classification)
    labels = (data / "models/coral/imagenet_labels.txt").read_text().splitlines()
    assert labels[found.classes[0]].startswith(label)
    assert 0.3 < found.scores[0] < 1
    assert (np.diff(found.scores) <= 0).all()
