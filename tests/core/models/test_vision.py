"""Predictions in a network's coordinates become findings in the picture's."""

import numpy as np
import pytest

from core.errors import UnknownModelError
from core.findings.findings import VOID
from core.limits import Deadline
from core.models.prediction import Classification, ClassMap, DetectionOptions, Detections
from core.models.vision import NO_MODELS, VisionInput, findings_of, labels_of
from core.picture import Origin, Picture, Size
from tests.core.fakes import FakeModels, Scaled, Seen, detections, ellipse

MODELS = FakeModels()
THINGS = MODELS.find("detect", "things")
SIZE = Size(400, 200)
LETTERBOX = Scaled(np.diag((4.0, 4.0, 1.0)))
"""A network of 100 × 100 pixels in which the picture fills the upper half."""


def seen(*objects: Seen, fit: Scaled = LETTERBOX) -> list[dict[str, object]]:
    """What is shown of a detection."""
    found = findings_of(detections(list(objects)), fit, THINGS, labels_of(MODELS, THINGS), SIZE)
    shown: list[dict[str, object]] = found.to_json(*SIZE)["objects"]
    return shown


def test_a_box_is_scaled_and_named() -> None:
    assert seen(Seen(2, (10, 20, 30, 40.5), 0.87654)) == [
        {"label": "hot_dog", "class": 2, "score": 0.8765, "box": [40, 80, 80, 82], "model": "things"}
    ]


@pytest.mark.parametrize(
    ("box", "shown"),
    [
        ((10, 40, 20, 60), [40, 160, 40, 40]),  # hangs over into what was filled up
        ((10, 51, 20, 90), None),  # lies wholly in it
        ((-5, -5, 200, 200), [0, 0, 400, 200]),
        ((10, 10, 10, 30), None),
    ],
    ids=["half outside", "outside", "all over", "no width"],
)
def test_boxes_are_clipped_to_the_picture(box: tuple[float, float, float, float], shown: list[float] | None) -> None:
    assert [entry["box"] for entry in seen(Seen(0, box))] == ([shown] if shown else [])


def test_nothing_seen_is_an_empty_list_and_not_none() -> None:
    assert seen() == []


def test_a_class_without_a_name_is_its_number() -> None:
    assert seen(Seen(7, (0, 0, 10, 10)))[0]["label"] == "7"


def test_keypoints_move_with_the_box() -> None:
    model = MODELS.find("faces", None)
    found = findings_of(
        detections([Seen(0, (10, 10, 20, 30))], keypoints=True), LETTERBOX, model, labels_of(MODELS, model), SIZE
    )
    (face,) = found.to_json(*SIZE)["objects"]
    assert face["label"] == "face"
    assert face["keypoints"][0] == {"name": "right_eye", "x": 52, "y": 68, "score": 0.9}
    assert len(face["keypoints"]) == 5


@pytest.mark.parametrize("step", [1, 4], ids=["full", "a quarter"])
def test_masks_of_any_resolution_fill_their_object(step: int) -> None:
    model = MODELS.find("detect", "outlines")
    found = detections([Seen(0, (20, 10, 80, 40))])
    masks = ellipse((20, 10, 80, 40))[step // 2 :: step, step // 2 :: step][None]
    objects = findings_of(found._replace(masks=masks), LETTERBOX, model, ("person",), SIZE).objects
    assert objects
    mask = objects[0].mask
    assert mask is not None
    down, across = np.mgrid[0:200, 0:400] + 0.5
    away = np.hypot((across - 200) / 120, (down - 100) / 60)
    whole = np.zeros((200, 400), np.bool_)
    whole[mask.rows, mask.columns] = mask.bits > 0
    assert set(np.unique(mask.bits)) == {0, 255}
    assert whole[away < 1 - 0.05 * step].all()
    assert not whole[away > 1 + 0.05 * step].any()


def test_each_object_has_its_own_mask_also_where_one_before_it_was_dropped() -> None:
    model = MODELS.find("detect", "outlines")
    told = detections([Seen(0, (10, 60, 90, 90)), Seen(0, (5, 5, 25, 25))], masks=True)  # the first lies in the filling
    (thing,) = findings_of(told, LETTERBOX, model, ("person",), SIZE).objects or ()
    assert thing.mask is not None
    assert (thing.mask.x, thing.mask.y) == pytest.approx((20, 20), abs=4)
    assert thing.mask.bits.shape == pytest.approx((80, 80), abs=8)


def test_masks_are_bounded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.models.vision.MASK_PIXELS", 10_000)
    model = MODELS.find("detect", "outlines")
    told = detections([Seen(0, (0, 0, 50, 50))] * 4, masks=True)  # 40,000 pixels each
    objects = findings_of(told, LETTERBOX, model, ("person",), SIZE).objects or ()
    assert [thing.mask is not None for thing in objects] == [True, False, False, False]


def test_a_class_map_takes_the_picture_s_size_and_what_was_not_seen_is_void() -> None:
    plane = np.zeros((100, 100), np.uint8)
    plane[:, 50:] = 1
    middle = Scaled(np.array([[2, 0, 100], [0, 2, 0], [0, 0, 1.0]]))  # only the middle square was looked at
    found = findings_of(ClassMap(plane), middle, MODELS.find("segment", None), ("a", "b"), SIZE).segments
    assert found
    expected = np.full((200, 400), VOID, np.uint8)
    expected[:, 100:200], expected[:, 200:300] = 0, 1
    assert np.array_equal(found[0].map, expected)
    assert found[0].share() == {"a": 0.25, "b": 0.25}


def test_labels_of_the_whole_picture() -> None:
    model = MODELS.find("classify", None)
    told = Classification(np.array([1, 2]), np.array([0.8, 0.1], np.float32))
    found = findings_of(told, LETTERBOX, model, labels_of(MODELS, model), SIZE)
    assert found.to_json(*SIZE) == {
        "labels": [
            {"label": "hot_dog", "class": 1, "score": 0.8, "model": "names"},
            {"label": "macaw", "class": 2, "score": 0.1, "model": "names"},
        ]
    }


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ((None, None, 100, ()), DetectionOptions(0.3, 0.45, 100, None)),
        ((0.0, 0.9, 3, ("dog", "hot_dog")), DetectionOptions(0.0, 0.9, 3, frozenset({1, 2}))),
    ],
    ids=["the model's own", "given"],
)
def test_what_is_asked_of_the_decoder(asked: tuple[object, ...], wanted: DetectionOptions) -> None:
    pixels = np.zeros((200, 400, 3), np.uint8)
    picture = Picture(pixels=pixels, origin=Origin(format="png", size=SIZE))
    view = VisionInput(picture, THINGS, labels_of(MODELS, THINGS), MODELS, Deadline(5))
    assert view.wanted(*asked) == wanted  # type: ignore[arg-type]


def test_without_models_every_name_is_unknown() -> None:
    for ask in (lambda: NO_MODELS.find("detect", None), lambda: NO_MODELS.labels(THINGS)):
        with pytest.raises(UnknownModelError):
            ask()


def test_detections_are_what_they_say() -> None:
    made = detections([Seen(0, (1, 2, 3, 4))], keypoints=True, masks=True)
    assert isinstance(made, Detections)
    assert made.keypoints is not None
    assert made.masks is not None
    assert (made.boxes.shape, made.keypoints.shape, made.masks.shape) == ((1, 4), (1, 5, 3), (1, 100, 100))
