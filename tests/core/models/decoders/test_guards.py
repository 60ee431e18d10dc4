"""Every decoder refuses what is not its output: other shapes, other numbers, NaN and Inf, more labels or fewer."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import DarkroomError, ModelMismatchError, ModelOutputError
from core.models.decoders import DECODERS
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
    "argmax": lambda: [f32(1, 3, 64, 64)],
    "softmax": lambda: [f32(1, 3)],
}
"""Outputs of the right shapes; of three classes where a shape tells how many there are."""
DECODER = pytest.mark.parametrize("decoder", RIGHT)
FIELDS = {"keypoints": ("nose",)}
COUNTED = [name for name in RIGHT if name not in {"yolo_end2end", "ssd", "yunet"}]


def refusal(decoder: str, outputs: Outputs, **fields: object) -> DarkroomError:
    with pytest.raises(DarkroomError) as raised:
        decode(decoder, outputs, SIZE, **{**FIELDS, **fields})
    assert raised.value.status == 503
    assert '"made"' in raised.value.detail
    return raised.value


def test_every_decoder_is_here() -> None:
    assert set(DECODERS) == set(RIGHT)


@DECODER
def test_right_shapes_pass(decoder: str) -> None:
    decode(decoder, RIGHT[decoder](), SIZE, **FIELDS)


@DECODER
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_no_number(decoder: str, value: float) -> None:
    for place in range(len(RIGHT[decoder]())):
        outputs = RIGHT[decoder]()
        outputs[place].flat[-2] = value
        error = refusal(decoder, outputs)
        assert (type(error), error.code) == (ModelOutputError, "model_output")


@DECODER
def test_numbers_too_large_for_f32(decoder: str) -> None:
    outputs = [output.astype(np.float64) for output in RIGHT[decoder]()]
    outputs[0].flat[-1] = 1e300
    if decoder == "argmax":
        decode(decoder, outputs, SIZE, **FIELDS)  # nothing but the order counts there
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
    for outputs in ([], [*right, right[0]], right[:-1]):
        assert type(refusal(decoder, outputs)) is ModelMismatchError


@DECODER
@pytest.mark.parametrize("kind", [np.int32, np.bool_, np.complex64])
def test_other_numbers(decoder: str, kind: type) -> None:
    outputs = [output.astype(kind) for output in RIGHT[decoder]()]
    if decoder == "argmax" and kind is np.int32:
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
        decode(decoder, RIGHT[decoder](), SIZE, **{**FIELDS, **fields})
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
}  # fmt: skip


@pytest.mark.parametrize("decoder", LOGITS)
def test_scores_that_are_logits(decoder: str) -> None:
    outputs = [output + np.float32(1) for output in RIGHT[decoder]()]
    place, index = LOGITS[decoder]
    outputs[place][index] = 4.5
    assert type(refusal(decoder, outputs)) is ModelOutputError


def test_keypoints_without_names() -> None:
    assert type(refusal("yolo_pose", RIGHT["yolo_pose"](), keypoints=())) is ModelMismatchError


@pytest.mark.parametrize("value", [-1, 256, 2**40], ids=str)
def test_classes_no_byte_can_hold(value: int) -> None:
    assert type(refusal("argmax", [np.full((1, 64, 64), value)])) is ModelOutputError


@pytest.mark.parametrize("classes", [1, 256])
def test_numbers_of_classes_no_map_can_hold(classes: int) -> None:
    assert type(refusal("argmax", [f32(1, classes, 64, 64)])) is ModelMismatchError
