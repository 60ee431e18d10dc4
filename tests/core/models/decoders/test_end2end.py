"""Networks without duplicates: YOLO's [N, 6] and the DETR family."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from core.models.prediction import DetectionOptions
from tests.core.models.support import ALL, OBJECTS, SIZE, Seen, around, assert_same, centred, detections, expected

CUT = expected(OBJECTS, SIZE, suppress=False)
QUERIES, CLASSES = 30, 4
WANTED = pytest.mark.parametrize(
    "wanted",
    [
        ALL,
        DetectionOptions(0.0, 0.45, 10_000),
        DetectionOptions(0.1, 0.0, 7),
        DetectionOptions(0.1, 0.45, 50, frozenset({1, 3})),
    ],
    ids=["default", "everything", "seven", "two classes"],
)


def rows(objects: list[Seen]) -> NDArray[np.float32]:
    output = np.zeros((1, 300, 6), np.float32)
    for place, one in enumerate(reversed(objects)):
        output[0, place] = [*one.box, one.score, one.kind]
    return output


def test_end2end_known_boxes_come_back() -> None:
    assert_same(detections("yolo_end2end", [rows(OBJECTS)], SIZE), CUT)


def test_end2end_suppresses_nothing() -> None:
    twice = [OBJECTS[0], OBJECTS[0]._replace(score=0.85)]
    assert_same(detections("yolo_end2end", [rows(twice)], SIZE, ALL._replace(iou=0.0)), twice)


@WANTED
def test_end2end_equals_a_plain_loop(wanted: DetectionOptions) -> None:
    rng = np.random.default_rng(2)
    output = rng.random((1, 300, 6)).astype(np.float32)
    output[..., :2] = output[..., :2] * 200 - 20
    output[..., 2:4] = output[..., :2] + output[..., 2:4] * 40
    output[..., 5] = rng.integers(0, CLASSES, 300)
    seen = [Seen((row[0], row[1], row[2], row[3]), row[4], round(row[5])) for row in output[0].tolist()]
    assert_same(detections("yolo_end2end", [output], SIZE, wanted), expected(seen, SIZE, wanted, suppress=False))


# --- DETR ----------------------------------------------------------------------------------------------------------


def queries(objects: list[Seen], *, sigmoid: bool) -> list[NDArray[np.float32]]:
    """Logits whose softmax, or sigmoid, is the object's score; the other queries see nothing."""
    logits = np.full((1, QUERIES, CLASSES + (not sigmoid)), -9, np.float32)
    boxes = np.full((1, QUERIES, 4), 0.5, np.float32)
    if not sigmoid:
        logits[..., -1] = 9
    for place, one in enumerate(objects, 3):
        boxes[0, place] = np.array(centred(one.box)) / [SIZE.width, SIZE.height, SIZE.width, SIZE.height]
        if sigmoid:
            logits[0, place, one.kind] = math.log(one.score / (1 - one.score))
        else:
            logits[0, place] = [-40] * (CLASSES + 1)
            logits[0, place, [one.kind, -1]] = math.log(one.score), math.log(1 - one.score)
    return [logits, boxes]


@pytest.mark.parametrize("decoder", ["detr", "detr_sigmoid"])
def test_detr_known_boxes_come_back(decoder: str) -> None:
    assert_same(detections(decoder, queries(OBJECTS, sigmoid=decoder != "detr"), SIZE), CUT)


def _noise(classes: int) -> list[NDArray[np.float32]]:
    rng = np.random.default_rng(4)
    return [rng.normal(0, 2, (1, QUERIES, classes)).astype(np.float32),
            rng.random((1, QUERIES, 4)).astype(np.float32)]  # fmt: skip


def _box(raw: list[float]) -> tuple[float, float, float, float]:
    return around(raw[0] * SIZE.width, raw[1] * SIZE.height, raw[2] * SIZE.width, raw[3] * SIZE.height)


@WANTED
def test_detr_equals_a_plain_loop(wanted: DetectionOptions) -> None:
    outputs = _noise(CLASSES + 1)
    seen = []
    for logits, box in zip(outputs[0][0].tolist(), outputs[1][0].tolist(), strict=True):
        total = sum(math.exp(value) for value in logits)
        scores = [math.exp(value) / total for value in logits[:-1]]
        seen.append(Seen(_box(box), max(scores), scores.index(max(scores))))
    assert_same(detections("detr", outputs, SIZE, wanted), expected(seen, SIZE, wanted, suppress=False))


@WANTED
def test_detr_sigmoid_equals_a_plain_loop(wanted: DetectionOptions) -> None:
    outputs = _noise(CLASSES)
    seen = [Seen(_box(box), 1 / (1 + math.exp(-value)), kind)
            for logits, box in zip(outputs[0][0].tolist(), outputs[1][0].tolist(), strict=True)
            for kind, value in enumerate(logits)]  # fmt: skip
    assert_same(detections("detr_sigmoid", outputs, SIZE, wanted), expected(seen, SIZE, wanted, suppress=False))


@pytest.mark.parametrize("decoder", ["detr", "detr_sigmoid"])
@pytest.mark.parametrize("largest", [1e3, 3e38], ids=["e^x overflows", "the largest"])
def test_detr_large_logits_overflow_nothing(decoder: str, largest: float) -> None:
    logits, boxes = queries([], sigmoid=decoder != "detr")
    logits[0, 0, 0], logits[0, 1] = largest, -largest
    found = detections(decoder, [logits, boxes], SIZE)
    assert (found.classes[0], found.scores[0]) == (0, 1)
