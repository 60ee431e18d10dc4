"""Scenes are what their style says, and their boxes hold what was drawn."""

import cv2
import numpy as np
import pytest

from tests.conftest import ROOT
from tools.shapes.drawing import ISSUE, TRAINING, Style, painted, scene, shares
from tools.shapes.example import example
from tools.shapes.outlines import LABELS, OUTLINES, outline

STYLES = {"issue": ISSUE, "training": TRAINING}
SEEDS = range(20)


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
def test_a_seed_is_a_scene(style: Style) -> None:
    one, other, next_one = scene(5, style), scene(5, style), scene(6, style)
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    assert one.pixels.shape != next_one.pixels.shape or not np.array_equal(one.pixels, next_one.pixels)


@pytest.mark.parametrize("seed", SEEDS)
def test_sizes_and_counts(seed: int) -> None:
    drawn = scene(seed)
    height, width = drawn.pixels.shape[:2]
    longer = (drawn.boxes[:, 2:] - drawn.boxes[:, :2]).max(axis=1) / min(width, height)
    assert 320 <= width <= 1600
    assert 240 <= height <= 1200
    assert 1 <= len(drawn.boxes) <= 6
    assert longer.min() >= 0.099
    assert longer.max() <= 0.601


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
@pytest.mark.parametrize("seed", SEEDS)
def test_shapes_lie_inside_and_apart(seed: int, style: Style) -> None:
    drawn = scene(seed, style)
    height, width = drawn.pixels.shape[:2]
    assert (drawn.boxes[:, :2] >= -0.01).all()
    assert (drawn.boxes[:, 2:] <= (width + 0.01, height + 0.01)).all()
    assert np.triu(shares(drawn.boxes, drawn.boxes), 1).max(initial=0) <= style.overlap


@pytest.mark.parametrize("stroke", [0, 9], ids=["filled", "outlined"])
@pytest.mark.parametrize("label", LABELS)
def test_the_box_is_that_of_the_pixels(label: str, stroke: int) -> None:
    points = outline(LABELS.index(label), np.random.default_rng(3)) * 150 + 128.25
    canvas = np.zeros((256, 256, 3), np.uint8)
    painted(canvas, points, stroke, (255, 255, 255))
    x, y, width, height = cv2.boundingRect((canvas[:, :, 0] > 127).astype(np.uint8))
    expected = [*(points.min(axis=0) - stroke / 2), *(points.max(axis=0) + stroke / 2)]
    assert np.abs(np.array([x, y, x + width, y + height]) - expected).max() < 2.5


@pytest.mark.parametrize("label", LABELS)
def test_outlines_are_turned_and_their_longer_side_is_one(label: str) -> None:
    rng = np.random.default_rng(4)
    drawn = [outline(LABELS.index(label), rng) for _ in range(5)]
    assert [np.ptp(points, axis=0).max() for points in drawn] == pytest.approx([1] * 5)
    assert len({points[0].tobytes() for points in drawn}) == 5


@pytest.mark.parametrize("label", LABELS)
def test_outlines_do_not_cross_themselves(label: str) -> None:
    points = (OUTLINES[label](np.random.default_rng(1)) * 400 + 600).astype(np.int32)
    canvas = np.zeros((1200, 1200), np.uint8)
    cv2.fillPoly(canvas, [points], 255)
    assert np.count_nonzero(canvas) == pytest.approx(cv2.contourArea(points), rel=0.02)


def test_the_example_is_as_committed() -> None:
    committed = cv2.imread(str(ROOT / "docs" / "img" / "shapes.png"))
    assert cv2.PSNR(committed, example()) >= 50
