"""Every decoder refuses what is not its output: other shapes, other numbers, NaN and Inf, more labels or fewer."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import DarkroomError, ModelMismatchError, ModelOutputError
from core.models.decoders import DECODERS
from core.models.model import Head
from core.picture import Size
from tests.core.models.support import decode

SIZE = Size(64, 64)
CELLS = 64 + 16 + 4
LEVELS = (64, 16, 4)
Outputs = list[NDArray[np.generic]]


def f32(*shape: int) -> NDArray[np.float32]:
    return np.zeros(shape, np.float32)


RIGHT: dict[str, Callable[[], Outputs]] = {
    "yolox": lambda: [f32(1, CELLS, 8)],
    "yolo_v5": lambda: [f32(1, 90, 8)],
    "yolo_v8": lambda: [f32(1, 7, 90)],
    "yolo_seg": lambda: [f32(1, 9, 90), f32(1, 2, 16, 16)],
    "yolo_pose": lambda: [f32(1, 10, 90)],
    "yolo_end2end": lambda: [f32(1, 300, 6)],
    "detr": lambda: [f32(1, 20, 4), f32(1, 20, 4)],
    "detr_sigmoid": lambda: [f32(1, 20, 3), f32(1, 20, 4)],
    "ssd": lambda: [f32(1, 1, 20, 7)],
    "yunet": lambda: [f32(1, count, width) for width in (1, 1, 4, 10) for count in LEVELS],
    "yolo_nms": lambda: [f32(20, 7)],
    "nanodet": lambda: [*(f32(1, count, 3) for count in LEVELS), *(f32(1, count, 32) for count in LEVELS)],
    "nanodet_plus": lambda: [f32(1, CELLS, 3 + 32)],
    "rtdetr": lambda: [f32(1, 20), f32(1, 20, 4), f32(1, 20)],
    "dets_labels": lambda: [f32(1, 20, 5), f32(1, 20)],
    "paddle": lambda: [f32(20, 6)],
    "ssd_scores": lambda: [f32(1, 20, 3), f32(1, 20, 4)],
    "ssd_tf": lambda: [f32(1, 20, 4), f32(1, 20), f32(1, 20)],
    "ssd_lists": lambda: [f32(1, 20, 4), f32(1, 20), f32(1, 20)],
    "movenet": lambda: [f32(1, 1, 17, 3)],
    "heatmaps": lambda: [f32(1, 2, 16, 16)],
    "argmax": lambda: [f32(1, 3, 64, 64)],
    "deeplab": lambda: [f32(1, 3, 16, 16)],
    "softmax": lambda: [f32(1, 3)],
    "heads": lambda: [f32(1, 1, 1, 1), f32(1, 2, 1, 1)],
}
"""Outputs of the right shapes; of three classes where a shape tells how many there are."""
DECODER = pytest.mark.parametrize("decoder", RIGHT)
FIELDS = {"keypoints": ("nose",)}
HEADS = (Head(name="age", times=100), Head(name="gender", labels=("female", "male")))
POINTS = {"movenet": tuple("abcdefghijklmnopq"), "heatmaps": ("nose", "tail")}
LISTS = {"yolo_end2end", "yolo_nms", "rtdetr", "dets_labels", "paddle", "ssd", "ssd_tf", "ssd_lists"}
COUNTED = [name for name in RIGHT if name not in {"yunet", "heads", *POINTS, *LISTS}]


def fields_of(decoder: str) -> dict[str, tuple[object, ...]]:
    """The table's keypoints and heads."""
    return {"keypoints": POINTS.get(decoder, FIELDS["keypoints"]), "heads": HEADS}


def refusal(decoder: str, outputs: Outputs, **fields: object) -> DarkroomError:
    with pytest.raises(DarkroomError) as raised:
        decode(decoder, outputs, SIZE, **{**fields_of(decoder), **fields})
    assert raised.value.status == 503
    assert '"made"' in raised.value.detail
    return raised.value


def test_every_decoder_is_here() -> None:
    assert set(DECODERS) == set(RIGHT) | {"raw"}, "raw decodes nothing"


@DECODER
def test_right_shapes_pass(decoder: str) -> None:
    decode(decoder, RIGHT[decoder](), SIZE, **fields_of(decoder))


@DECODER
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_no_number(decoder: str, value: float) -> None:
    for place in range(len(RIGHT[decoder]())):
        outputs = RIGHT[decoder]()
        outputs[place].flat[-1] = value
        error = refusal(decoder, outputs)
        assert (type(error), error.code) == (ModelOutputError, "model_output")


@DECODER
def test_numbers_too_large_for_f32(decoder: str) -> None:
    outputs = [output.astype(np.float64) for output in RIGHT[decoder]()]
    outputs[0].flat[-1] = 1e300
    if decoder == "argmax":
        decode(decoder, outputs, SIZE, **fields_of(decoder))  # nothing but the order counts there
    else:
        assert type(refusal(decoder, outputs)) is ModelOutputError


@pytest.mark.parametrize("decoder", ["yolox", "yolo_v5", "yunet"])
def test_scores_whose_product_is_too_large_for_f32(decoder: str) -> None:
    """Each is a number, and their product is none."""
    outputs = RIGHT[decoder]()
    for output in outputs[:6]:
        output.fill(1e30)
    assert type(refusal(decoder, outputs)) is ModelOutputError


WRONG: dict[str, list[list[tuple[int, ...]]]] = {
    "yolox": [[(1, CELLS, 5)], [(1, CELLS - 1, 8)], [(1, 8, CELLS)], [(CELLS, 8)], [(2, CELLS, 8)], [(1, 1, CELLS, 8)]],
    "yolo_v5": [[(1, 90, 5)], [(90, 8)], [(2, 90, 8)], [(1, 1, 90, 8)], [(1, 90, 0)]],
    "yolo_v8": [[(1, 4, 90)], [(1, 90, 7)], [(7, 90)], [(2, 7, 90)], [(1, 7, 0)], [(1, 1, 7, 90)]],
    "yolo_seg": [
        [(1, 9, 90)], [(1, 6, 90), (1, 2, 16, 16)], [(1, 9, 90), (1, 2, 16)], [(1, 9, 90), (2, 2, 16, 16)],
        [(1, 2, 16, 16), (1, 9, 90)], [(1, 9, 90), (1, 2, 16, 0)], [(1, 9, 90), (1, 0, 16, 16)],
    ],
    "yolo_pose": [[(1, 7, 90)], [(10, 90)], [(2, 10, 90)], [(1, 90, 10)], [(1, 10, 0)]],
    "yolo_end2end": [[(1, 300, 7)], [(1, 6, 300)], [(300, 6)], [(2, 300, 6)]],
    "detr": [[(1, 20, 4)], [(1, 20, 1), (1, 20, 4)], [(1, 20, 0), (1, 20, 4)], [(1, 20, 4), (1, 19, 4)],
             [(1, 20, 4), (1, 20, 5)], [(2, 20, 4), (2, 20, 4)], [(1, 0, 4), (1, 0, 4)]],
    "detr_sigmoid": [[(1, 20, 3)], [(1, 20, 0), (1, 20, 4)], [(1, 20, 3), (1, 19, 4)], [(1, 20, 4), (1, 20, 3)],
                     [(2, 20, 3), (2, 20, 4)], [(1, 0, 3), (1, 0, 4)]],
    "ssd": [[(1, 20, 7)], [(1, 1, 20, 6)], [(1, 2, 20, 7)], [(2, 1, 20, 7)], [(1, 1, 7, 20)]],
    "yunet": [[(1, count, width) for width in (1, 1, 4, 10) for count in counts] for counts in
              [(64, 16, 5), (4, 16, 64)]] + [[(1, count, width) for count in LEVELS for width in (1, 1, 4, 10)]],
    "argmax": [[(64, 64)], [(3, 64, 64)], [(2, 3, 64, 64)], [(1, 1, 64, 64)], [(1, 3, 0, 64)], [(1, 1, 3, 64, 64)]],
    "yolo_nms": [[(20, 6)], [(1, 20, 7)], [(7, 20)]],
    "nanodet": [[(1, 64, 3), (1, 64, 32), (1, 16, 3), (1, 16, 32)], [(1, 65, 3), (1, 65, 32)],
                [(1, CELLS, 3), (1, 80, 32)],
                [(1, CELLS, 3), (1, CELLS, 30)], [(1, CELLS, 3), (1, CELLS, 4)], [(1, CELLS, 32)], [(CELLS, 35)],
                [(2, CELLS, 35)]],
    "nanodet_plus": [[(1, CELLS, 32)], [(1, CELLS + 3, 35)], [(1, 35, CELLS)]],
    "rtdetr": [[(1, 20), (1, 20, 4)], [(1, 20, 4), (1, 20), (1, 20)], [(1, 20), (1, 20, 4), (1, 19)],
               [(2, 20), (2, 20, 4), (2, 20)], [(1, 20), (1, 20, 5), (1, 20)]],
    "dets_labels": [[(1, 20, 4), (1, 20)], [(1, 20), (1, 20, 5)], [(1, 20, 5), (1, 21)], [(2, 20, 5), (2, 20)]],
    "paddle": [[(20, 7)], [(1, 20, 6)], [(20, 6), (2,)]],
    "ssd_scores": [[(1, 20, 4), (1, 20, 3)], [(1, 20, 1), (1, 20, 4)], [(1, 19, 3), (1, 20, 4)], [(20, 3), (20, 4)]],
    "ssd_tf": [[(1, 20), (1, 20, 4), (1, 20)], [(1, 20, 4), (1, 20)], [(1, 20, 4), (1, 20), (1, 20), (2,)]],
    "ssd_lists": [[(1, 20), (1, 20, 4), (1, 20)], [(1, 20, 4), (1, 20), (1, 21)]],
    "movenet": [[(1, 1, 16, 3)], [(1, 17, 3)], [(1, 6, 55)], [(2, 1, 17, 3)], [(1, 1, 17, 2)]],
    "heatmaps": [[(1, 3, 16, 16)], [(2, 2, 16, 16)], [(2, 16, 16)], [(1, 2, 0, 16)]],
    "deeplab": [[(64, 64)], [(3, 64, 64)], [(2, 3, 64, 64)], [(1, 1, 64, 64)], [(1, 3, 0, 64)], [(1, 64, 64)]],
    "heads": [[(1, 1, 1, 1)], [(1, 2, 1, 1), (1, 1, 1, 1)], [(1, 1), (1, 3)], [(1, 1), (2, 1, 2)], [(1, 2), (1, 2)]],
    "softmax": [[(1, 3, 3)], [(2, 3)], [(1, 0)], [(1, 1)], [()]],
}  # fmt: skip


@pytest.mark.parametrize(
    ("decoder", "shapes"),
    [pytest.param(name, shapes, id=f"{name} {shapes}") for name in WRONG for shapes in WRONG[name]],
)
def test_other_shapes(decoder: str, shapes: list[tuple[int, ...]]) -> None:
    error = refusal(decoder, [f32(*shape) for shape in shapes])
    assert (type(error), error.code) == (ModelMismatchError, "model_mismatch")
    assert f'"{decoder}"' in error.detail


@DECODER
def test_other_numbers_of_outputs(decoder: str) -> None:
    right = RIGHT[decoder]()
    spare = [f32(2, 3, 4, 5, 6)]  # no decoder's, where it takes a count or another stride too
    for outputs in ([], [*right, *spare], right[:-1]):
        assert type(refusal(decoder, outputs)) is ModelMismatchError


@DECODER
@pytest.mark.parametrize("kind", [np.int32, np.bool_, np.complex64])
def test_other_numbers(decoder: str, kind: type) -> None:
    outputs = [output.astype(kind) for output in RIGHT[decoder]()]
    if decoder in {"argmax", "deeplab"} and kind is np.int32:
        decode(decoder, outputs, SIZE)
    else:
        assert type(refusal(decoder, outputs)) is ModelMismatchError


@pytest.mark.parametrize("decoder", COUNTED)
@pytest.mark.parametrize(
    ("labels", "offset", "fits"),
    [(3, 0, True), (2, 0, False), (4, 0, False), (2, -1, True), (4, 1, True), (3, 1, False), (0, 0, True)],
)
def test_labels_of_the_table(decoder: str, labels: int, offset: int, fits: bool) -> None:
    fields = {"labels": ("a", "b", "c", "d")[:labels], "label_offset": offset}
    if fits:
        decode(decoder, RIGHT[decoder](), SIZE, **{**fields_of(decoder), **fields})
    else:
        assert type(refusal(decoder, RIGHT[decoder](), **fields)) is ModelMismatchError


@pytest.mark.parametrize("decoder", ["yolo_end2end", "ssd"])
@pytest.mark.parametrize("raw", [3, 250, 3e38])
def test_a_class_past_the_labels(decoder: str, raw: float) -> None:
    (output,) = RIGHT[decoder]()
    output[..., 0, :] = [5, 5, 40, 40, 0.9, raw] if decoder == "yolo_end2end" else [0, raw, 0.9, 0.1, 0.1, 0.5, 0.5]
    decode(decoder, [output], SIZE)
    assert type(refusal(decoder, [output], labels=("a", "b", "c"))) is ModelMismatchError


LOGITS = {  # where a value is a score that should have gone through a sigmoid
    "yolox": (0, (0, 0, 4)), "yolo_v5": (0, (0, 0, 4)), "yolo_v8": (0, (0, 5, 0)), "yolo_seg": (0, (0, 5, 0)),
    "yolo_pose": (0, (0, 5, 0)), "yolo_end2end": (0, (0, 0, 4)), "ssd": (0, (0, 0, 0, 2)), "yunet": (0, (0, 0, 0)),
    "yolo_nms": (0, (0, 6)), "nanodet": (0, (0, 0, 0)), "nanodet_plus": (0, (0, 0, 0)), "rtdetr": (2, (0, 0)),
    "dets_labels": (0, (0, 0, 4)), "paddle": (0, (0, 1)), "ssd_scores": (0, (0, 0, 1)), "ssd_tf": (2, (0, 0)),
    "ssd_lists": (2, (0, 0)), "movenet": (0, (0, 0, 0, 2)), "heatmaps": (0, (0, 0, 3, 3)),
}  # fmt: skip


@pytest.mark.parametrize("decoder", LOGITS)
def test_scores_that_are_logits(decoder: str) -> None:
    outputs = [output + np.float32(1) for output in RIGHT[decoder]()]
    if decoder == "yolo_nms":
        outputs[0][:, 0] = 0  # the first image's
    place, index = LOGITS[decoder]
    outputs[place][index] = 4.5
    assert type(refusal(decoder, outputs)) is ModelOutputError


@pytest.mark.parametrize("decoder", ["yolo_pose", "heatmaps"])
def test_keypoints_without_names(decoder: str) -> None:
    assert type(refusal(decoder, RIGHT[decoder](), keypoints=())) is ModelMismatchError


@pytest.mark.parametrize("decoder", sorted(LISTS - {"yolo_end2end", "ssd"}))
def test_classes_that_are_fractions(decoder: str) -> None:
    """As where the scores stand in the place of the classes."""
    outputs = [output + np.float32(0.5) * (output.ndim > 2) for output in RIGHT[decoder]()]
    at = {"rtdetr": (0, (0, 0)), "dets_labels": (1, (0, 0)), "paddle": (0, (0, 0)), "yolo_nms": (0, (0, 5))}
    place, index = at.get(decoder, (1, (0, 0)))
    outputs[place][index] = 0.5
    error = refusal(decoder, outputs)
    assert type(error) is ModelOutputError
    assert "outputs" in error.detail


@pytest.mark.parametrize("value", [-1, 256, 2**40], ids=str)
def test_classes_no_byte_can_hold(value: int) -> None:
    assert type(refusal("argmax", [np.full((1, 64, 64), value)])) is ModelOutputError


@pytest.mark.parametrize("classes", [1, 256])
def test_numbers_of_classes_no_map_can_hold(classes: int) -> None:
    assert type(refusal("argmax", [f32(1, classes, 64, 64)])) is ModelMismatchError
