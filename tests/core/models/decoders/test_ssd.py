"""DetectionOutput's [1, 1, N, 7]."""

import numpy as np
import pytest
from numpy.typing import NDArray

from core.models.prediction import DetectionOptions
from tests.core.models.support import ALL, OBJECTS, SIZE, Seen, assert_same, detections, expected

CUT = [one._replace(kind=one.kind + 1) for one in expected(OBJECTS, SIZE)]


def rows(objects: list[Seen], count: int = 200) -> NDArray[np.float32]:
    """Objects of classes from 1, then the row that ends the list."""
    output = np.zeros((1, 1, count, 7), np.float32)
    scale = np.array([SIZE.width, SIZE.height] * 2)
    for place, one in enumerate(objects):
        output[0, 0, place] = [0, one.kind + 1, one.score, *(np.array(one.box) / scale)]
    if len(objects) < count:
        output[0, 0, len(objects), 0] = -1
    return output


def test_known_boxes_come_back() -> None:
    assert_same(detections("ssd", [rows(OBJECTS)], SIZE), CUT)


def test_a_full_list_has_no_end() -> None:
    assert_same(detections("ssd", [rows(OBJECTS, len(OBJECTS))], SIZE), CUT)


def test_an_empty_list() -> None:
    assert len(detections("ssd", [np.zeros((1, 1, 0, 7), np.float32)], SIZE).boxes) == 0


@pytest.mark.parametrize("rest", [np.nan, np.inf, 0.9, -1.0], ids=["NaN", "Inf", "objects", "ends"])
def test_what_is_after_the_end_means_nothing(rest: float) -> None:
    output = rows(OBJECTS)
    output[0, 0, len(OBJECTS) + 1 :] = rest
    assert_same(detections("ssd", [output], SIZE), CUT)


def test_class_1_is_the_first_label_and_the_background_goes() -> None:
    background = Seen((0, 0, 50, 50), 0.9, -1)
    found = detections("ssd", [rows([background, *OBJECTS])], SIZE, label_offset=-1, labels=("a", "b", "c"))
    assert_same(found, expected(OBJECTS, SIZE))


def test_iou_is_smaller_on_demand() -> None:
    near = [Seen((0, 0, 100, 100), 0.9, 0), Seen((0, 40, 100, 140), 0.8, 0)]
    assert len(detections("ssd", [rows(near)], SIZE).boxes) == 2
    assert len(detections("ssd", [rows(near)], SIZE, ALL._replace(iou=0.3)).boxes) == 1


def test_equals_a_plain_loop() -> None:
    rng = np.random.default_rng(6)
    output = rng.random((1, 1, 200, 7)).astype(np.float32)
    output[..., 0], output[..., 1] = 0, rng.integers(0, 4, 200)
    output[..., 5:] = output[..., 3:5] + output[..., 5:] / 4
    wanted, scale = DetectionOptions(0.2, 0.45, 40), (SIZE.width, SIZE.height) * 2
    seen = []
    for _, kind, score, *box in output[0, 0].tolist():
        left, top, right, bottom = (side * by for side, by in zip(box, scale, strict=True))
        seen.append(Seen((left, top, right, bottom), score, round(kind)))
    assert_same(detections("ssd", [output], SIZE, wanted), expected(seen, SIZE, wanted))
