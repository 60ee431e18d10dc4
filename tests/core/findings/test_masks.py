"""Masks: every pixel that a region touches, run lengths as COCO reads them, and moves of small planes."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pycocotools import mask as coco

from core.findings.masks import Mask, cover, touched
from core.findings.matrices import shift
from core.findings.region import Region


def plane(mask: Mask, width: int, height: int) -> NDArray[np.uint8]:
    """The mask in its picture."""
    whole = np.zeros((height, width), np.uint8)
    whole[mask.rows, mask.columns] = mask.bits
    return whole


def covered_by(region: Region, width: int, height: int) -> NDArray[np.uint8]:
    """The pixels of a picture that a region covers."""
    left, top, right, bottom = touched(region, width, height)
    bits = np.zeros((bottom - top, right - left), np.uint8)
    if bits.size:
        cover(bits, region, left, top)
    return plane(Mask(left, top, bits), width, height)


# --- covering ------------------------------------------------------------------------------------------------------

BOXES = [
    ((3, 4, 9, 8), (3, 4, 9, 8)),
    ((3.01, 4.99, 8.5, 8.0), (3, 4, 9, 8)),
    ((-5, -5, 2.5, 100), (0, 0, 3, 20)),
    ((0.2, 0.2, 0.4, 0.4), (0, 0, 1, 1)),
    ((29.999, 19.5, 31, 21), (29, 19, 30, 20)),
    ((40, 3, 50, 9), None),
]


@pytest.mark.parametrize(("box", "bounds"), BOXES, ids=str)
def test_a_box_covers_whole_pixels(
    box: tuple[float, float, float, float], bounds: tuple[int, int, int, int] | None
) -> None:
    expected = np.zeros((20, 30), np.uint8)
    if bounds:
        left, top, right, bottom = bounds
        expected[top:bottom, left:right] = 255
    assert np.array_equal(covered_by(Region.box(*box), 30, 20), expected)


def shared_area(quad: NDArray[np.float64], x: int, y: int) -> float:
    """How much of a pixel a convex quad covers, by OpenCV."""
    pixel = np.array([(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)], np.float32)
    return float(cv2.intersectConvexConvex(quad.astype(np.float32), pixel)[0])


@settings(max_examples=60, deadline=None)
@given(st.tuples(st.floats(-4, 24), st.floats(-4, 16)), st.floats(0.3, 18), st.floats(0.3, 12), st.floats(0, 360))
def test_a_turned_quad_covers_every_pixel_that_it_touches_and_no_other(
    middle: tuple[float, float], wide: float, high: float, angle: float
) -> None:
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    corners = np.array([(-wide, -high), (wide, -high), (wide, high), (-wide, high)]) / 2
    quad = corners @ np.array([[cos, sin], [-sin, cos]]) + middle
    covered = covered_by(Region(tuple(map(tuple, quad))), 20, 12)
    for y in range(12):
        for x in range(20):
            area = shared_area(quad, x, y)
            if area > 1e-3:
                assert covered[y, x] == 255, (x, y, area)
            if covered[y, x]:
                grown = quad + (quad - np.mean(quad, axis=0)) * 1e-2
                assert shared_area(grown, x, y) > 0, (x, y)


# --- run lengths ---------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools 2.0.11, by itself
@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 9), st.integers(0, 5), st.integers(0, 4))
def test_coco_reads_our_run_lengths(seed: int, wide: int, high: int, x: int, y: int) -> None:
    rng = np.random.default_rng(seed)
    bits = np.where(rng.random((high, wide)) < rng.random(), 255, 0).astype(np.uint8)
    mask, width, height = Mask(x, y, bits), x + wide + seed % 3, y + high + seed % 2
    told = mask.rle(width, height)
    read = coco.decode({**told, "counts": told["counts"].encode()})
    assert np.array_equal(read * 255, plane(mask, width, height))
    assert told["counts"].encode() == coco.encode(np.asfortranarray(read))["counts"]


@pytest.mark.parametrize("value", [0, 255], ids=["empty", "full"])
def test_run_lengths_of_plain_planes(value: int) -> None:
    told = Mask(0, 0, np.full((300, 400), value, np.uint8)).rle(400, 300)
    assert coco.area({**told, "counts": told["counts"].encode()}) == value // 255 * 120_000
    assert told["size"] == [300, 400]


def test_a_mask_of_nothing() -> None:
    empty = Mask(5, 5, np.zeros((0, 0), np.uint8))
    assert empty.area == 0
    assert empty.rle(4, 3) == Mask(0, 0, np.zeros((3, 4), np.uint8)).rle(4, 3)
    assert empty.follow(shift(3, 3), 20, 20).area == 0


# --- moves ---------------------------------------------------------------------------------------------------------

DISC = Mask(4, 6, np.where(np.hypot(*np.mgrid[-9:10, -9:10]) < 9, 255, 0).astype(np.uint8))
WHOLE = plane(DISC, 40, 30)
MATRICES = {
    "shifted": (shift(7, 3), (40, 30), lambda p: np.roll(p, (3, 7), (0, 1))),
    "half cut off": (shift(-12, 0), (40, 30), lambda p: np.pad(p[:, 12:], ((0, 0), (0, 12)))),
    "gone": (shift(-40, 0), (40, 30), np.zeros_like),
    "mirrored": (np.array([[-1, 0, 40], [0, 1, 0], [0, 0, 1.0]]), (40, 30), lambda p: p[:, ::-1]),
    "turned": (np.array([[0, -1, 30], [1, 0, 0], [0, 0, 1.0]]), (30, 40), lambda p: np.rot90(p, -1)),
    "doubled": (np.diag((2, 2, 1.0)), (80, 60), lambda p: p.repeat(2, 0).repeat(2, 1)),
}


@pytest.mark.parametrize(("matrix", "size", "expected"), MATRICES.values(), ids=MATRICES)
def test_moves_are_those_of_the_whole_plane(matrix: object, size: tuple[int, int], expected: object) -> None:
    assert callable(expected)
    moved = DISC.follow(np.asarray(matrix), *size)
    assert np.array_equal(plane(moved, *size), expected(WHOLE))
