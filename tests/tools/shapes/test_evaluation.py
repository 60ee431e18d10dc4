"""The measure itself: what counts as a hit, and that a perfect head is measured as perfect."""

import numpy as np
import pytest

from tools.shapes.drawing import Floats, Scene, scene
from tools.shapes.evaluation import SIDE, Boxes, cells, decoded, figures, hits, ious, letterboxed
from tools.shapes.grounds import Pixels
from tools.shapes.outlines import LABELS
from tools.shapes.targets import Sample, Targets, varied


def drawn(*boxes: tuple[float, ...], classes: tuple[int, ...]) -> Scene:
    return Scene(np.zeros((100, 100, 3), np.uint8), np.array(boxes, np.float32).reshape(-1, 4), np.array(classes))


def seen(*boxes: tuple[float, ...], classes: tuple[int, ...]) -> Boxes:
    scores = np.linspace(0.9, 0.5, len(boxes), dtype=np.float32)
    return Boxes(np.array(boxes, np.float32).reshape(-1, 4), np.array(classes, np.intp), scores)


ONE = (10.0, 10.0, 20.0, 20.0)
CASES = {
    "the same": (seen(ONE, classes=(0,)), 1, 1.0, 1.0),
    "another class": (seen(ONE, classes=(1,)), 0, 0.0, 0.0),
    "a third beside it": (seen((13.0, 10.0, 23.0, 20.0), classes=(0,)), 0, 0.0, 0.0),
    "a tenth beside it": (seen((11.0, 10.0, 21.0, 20.0), classes=(0,)), 1, 1.0, 1.0),
    "twice": (seen(ONE, ONE, classes=(0, 0)), 1, 1.0, 0.5),
    "nothing": (seen(classes=()), 0, 0.0, 0.0),
}


@pytest.mark.parametrize(("boxes", "count", "recall", "precision"), CASES.values(), ids=CASES)
def test_hits(boxes: Boxes, count: int, recall: float, precision: float) -> None:
    truth = drawn(ONE, classes=(0,))
    result = figures([(boxes, truth)], 2)
    assert np.count_nonzero(hits(boxes, truth)) == count
    assert (result.recall, result.precision) == pytest.approx((recall, precision))


def test_ious_by_hand() -> None:
    a = np.array([[0, 0, 2, 2]], np.float32)
    b = np.array([[1, 1, 3, 3], [0, 0, 2, 2], [5, 5, 6, 6]], np.float32)
    assert ious(a, b)[0] == pytest.approx([1 / 7, 1, 0])


def head_of(boxes: Floats, classes: tuple[int, ...], at: int) -> Floats:
    """A head that says the boxes from cells `at`, `at` + 1, …."""
    corners, strides = cells()
    head = np.zeros((len(corners), 5 + len(LABELS)), np.float32)
    for row, (box, index) in enumerate(zip(boxes, classes, strict=True), at):
        stride = strides[row, 0]
        head[row, :2] = (box[:2] + box[2:]) / 2 / stride - corners[row]
        head[row, 2:4] = np.log((box[2:] - box[:2]) / stride)
        head[row, [4, 5 + index]] = 1, 0.9
    return head


FINE, MIDDLE, COARSE = ((SIDE // stride) ** 2 for stride in (8, 16, 32))
PLACES = {
    "first": 0,
    "last of stride 8": FINE - 1,
    "first of stride 16": FINE,
    "first of stride 32": FINE + MIDDLE,
    "last": FINE + MIDDLE + COARSE - 1,
}


@pytest.mark.parametrize("cell", PLACES.values(), ids=PLACES)
def test_decoding_undoes_the_layout(cell: int) -> None:
    box = np.array([[20, 30, 90, 75]], np.float32)
    boxes = decoded(head_of(box, (3,), cell))
    assert boxes.boxes == pytest.approx(box, abs=1e-3)
    assert boxes.classes.tolist() == [3]


def test_of_two_boxes_of_a_class_the_better_stays() -> None:
    boxes = np.array([[20, 30, 90, 75], [21, 30, 91, 75], [200, 30, 240, 75]], np.float32)
    assert len(decoded(head_of(boxes, (3, 3, 3), 5)).boxes) == 2
    assert len(decoded(head_of(boxes, (3, 4, 3), 5)).boxes) == 3


@pytest.mark.parametrize("size", [(1600, 300), (320, 240), (240, 1200)], ids=str)
def test_letterbox(size: tuple[int, int]) -> None:
    canvas, scale = letterboxed(np.full((size[1], size[0], 3), 7, np.uint8), "area")
    inside = (canvas == 7).all(axis=2)
    assert canvas.shape == (SIDE, SIDE, 3)
    assert inside[0, 0]
    assert inside.sum() == round(size[0] * scale) * round(size[1] * scale)
    assert (canvas[~inside] == 114).all()


@pytest.mark.parametrize("seed", range(8))
def test_every_shape_has_cells_that_answer(seed: int) -> None:
    truth = scene(seed)
    _, scale = letterboxed(truth.pixels, "area")
    owners = Targets(SIDE).of(truth.boxes * np.float32(scale))
    assert set(owners.tolist()) == {-1, *range(len(truth.boxes))}


def marked(boxes: Floats) -> Pixels:
    pixels = np.zeros((SIDE, SIDE, 3), np.uint8)
    for left, top, right, bottom in boxes.astype(int):
        pixels[top:bottom, left:right] = 255
    return pixels


@pytest.mark.parametrize("seed", range(12))
def test_boxes_follow_turned_pictures(seed: int) -> None:
    boxes = np.array([[10, 20, 60, 50], [100, 200, 220, 310]], np.float32)
    turned = varied(Sample(marked(boxes), boxes, np.array([0, 1])), np.random.default_rng(seed))
    inside, grey = marked(turned.boxes)[:, :, 0] > 0, turned.pixels[:, :, 0].astype(float)
    assert abs(grey[inside].mean() - grey[~inside].mean()) > 120
    assert max(grey[inside].std(), grey[~inside].std()) < 10
