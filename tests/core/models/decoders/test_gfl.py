"""NanoDet and the GFL family, against the authors' post-processing written again as plain loops."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import ModelMismatchError
from core.models.prediction import DetectionOptions
from core.picture import Size
from tests.core.models.support import ALL, SIZE, Seen, assert_same, detections, expected

CLASSES = 3
ODD = Size(200, 136)
"""No multiple of 64: the coarsest grids are rounded up."""
PLUS, OLD = (8, 16, 32, 64), (8, 16, 32)


def grid(size: Size, strides: tuple[int, ...]) -> list[tuple[int, int, int]]:
    """(column, row, stride) of each cell."""
    return [(column, row, stride) for stride in strides for row in range(math.ceil(size.height / stride))
            for column in range(math.ceil(size.width / stride))]  # fmt: skip


def noise(points: int, bins: int, seed: int = 3) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Scores that are mostly low, and distributions."""
    rng = np.random.default_rng(seed)
    return rng.random((points, CLASSES)).astype(np.float32) ** 6, rng.normal(0, 3, (points, 4 * bins)).astype(
        np.float32
    )


def reference(
    scores: NDArray[Any], sides: NDArray[Any], size: Size, strides: tuple[int, ...], bins: int, middle: float
) -> list[Seen]:
    """Each score of each point, with the box of the mean distances."""
    seen = []
    for number, (column, row, stride) in enumerate(grid(size, strides)):
        means = []
        for side in range(4):
            numbers = [float(value) for value in sides[number, side * bins : (side + 1) * bins]]
            powers = [math.exp(value) for value in numbers]
            means.append(stride * sum(place * power for place, power in enumerate(powers)) / sum(powers))
        x, y = (column + middle) * stride, (row + middle) * stride
        box = (x - means[0], y - means[1], x + means[2], y + means[3])
        seen += [Seen(box, float(scores[number, kind]), kind) for kind in range(CLASSES)]
    return seen


@pytest.mark.parametrize("wanted", [ALL, DetectionOptions(0.02, 0.6, 40, frozenset({1}))], ids=["default", "one class"])
@pytest.mark.parametrize("bins", [8, 11, 17])
@pytest.mark.parametrize("size", [SIZE, ODD], ids=["192×128", "200×136"])
def test_nanodet_plus_equals_a_plain_loop(size: Size, bins: int, wanted: DetectionOptions) -> None:
    scores, sides = noise(len(grid(size, PLUS)), bins)
    labels = {"labels": ("a", "b", "c")} if bins != 8 else {}
    found = detections("nanodet_plus", [np.hstack([scores, sides])[np.newaxis]], size, wanted, **labels)
    assert len(found.boxes) > 5
    assert_same(found, expected(reference(scores, sides, size, PLUS, bins, 0), size, wanted))


@pytest.mark.parametrize("logits", [False, True], ids=["probabilities", "logits"])
@pytest.mark.parametrize("planes", [False, True], ids=["rows", "planes"])
@pytest.mark.parametrize("decoder", ["nanodet", "nanodet_plus"])
def test_several_outputs_equal_a_plain_loop(decoder: str, planes: bool, logits: bool) -> None:
    scores, sides = noise(len(grid(ODD, OLD)), 8)
    scores = scores.clip(1e-6, 1 - 1e-6)
    handed = np.log(scores / (1 - scores)) if logits else scores
    ends = np.cumsum([sum(stride == one for _, _, stride in grid(ODD, OLD)) for one in OLD])[:-1]
    outputs = [part[np.newaxis] for both in (handed, sides) for part in np.split(both, ends)]
    if planes:
        shapes = [(math.ceil(ODD.height / stride), math.ceil(ODD.width / stride)) for stride in OLD * 2]
        outputs = [part.transpose(0, 2, 1).reshape(1, -1, *shape) for part, shape in zip(outputs, shapes, strict=True)]
    middle = 0.5 if decoder == "nanodet" else 0
    wanted = expected(reference(scores, sides, ODD, OLD, 8, middle), ODD)
    assert_same(detections(decoder, outputs, ODD), wanted)


def test_a_known_box_comes_back() -> None:
    """One bin that is certain is a whole number of strides."""
    cells = grid(SIZE, PLUS)
    both = np.zeros((1, len(cells), CLASSES + 32), np.float32)
    place = cells.index((3, 2, 16))
    both[0, place, 1] = 0.9
    for side, distance in enumerate((1, 2, 3, 4)):
        both[0, place, CLASSES + 8 * side + distance] = 60
    box = (48 - 16, 32 - 32, 48 + 48, 32 + 64)
    assert_same(detections("nanodet_plus", [both], SIZE), [Seen(box, 0.9, 1)])


def test_the_labels_tell_how_many_bins_there_are() -> None:
    output = np.zeros((1, len(grid(SIZE, PLUS)), 3 + 4 * 11), np.float32)
    detections("nanodet_plus", [output], SIZE, labels=("a", "b", "c"))
    with pytest.raises(ModelMismatchError, match=r"expects 7 classes, not 15"):
        detections("nanodet_plus", [output], SIZE, labels=tuple("abcdefg"))
