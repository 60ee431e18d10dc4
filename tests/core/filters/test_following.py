"""Quads, keypoints, masks and class maps go where the pixels go, through every geometry filter there is."""

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.errors import DarkroomError
from core.picture import Size
from core.registry import filters
from tests.core.filters.test_geometry import MOVES
from tests.core.points import moved
from tests.core.things import Quad, Seen, apart, inside, painted, seen, turned

SIZE = Size(96, 64)
THING: Quad = ((30, 12), (62, 20), (58, 44), (26, 36))


def affine(a: float, b: float, c: float, d: float, e: float, f: float) -> NDArray[np.float64]:
    return np.array([[a, b, c], [d, e, f], [0, 0, 1.0]])


def rotated(angle: float, middle: tuple[float, float], to: tuple[float, float]) -> NDArray[np.float64]:
    """Clockwise by degrees about a point, which goes to another."""
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    (x, y), (u, v) = middle, to
    return affine(cos, -sin, u - cos * x + sin * y, sin, cos, v - sin * x - cos * y)


BY_HAND = {  # of a picture of 96 × 64: size, and old to new, edge coordinates
    "resize:48": ((48, 32), affine(0.5, 0, 0, 0, 0.5, 0)),
    "resize:192,192,fill,true": ((192, 192), affine(2, 0, 0, 0, 3, 0)),
    "resize:64,64,cover": ((64, 64), affine(1, 0, -16, 0, 1, 0)),
    "resize:96,96,contain": ((96, 96), affine(1, 0, 0, 0, 1, 16)),
    "crop:60,40,10,5": ((60, 40), affine(1, 0, -10, 0, 1, -5)),
    "crop:70,50,gravity=southeast": ((70, 50), affine(1, 0, -26, 0, 1, -14)),
    "crop:40,30,focus=44:28": ((40, 30), affine(1, 0, -24, 0, 1, -13)),
    "square:32": ((32, 32), affine(0.5, 0, -8, 0, 0.5, 0)),
    "pad:1,2,3,4": ((102, 68), affine(1, 0, 4, 0, 1, 1)),
    "border:6": ((108, 76), affine(1, 0, 6, 0, 1, 6)),
    "flip": ((96, 64), affine(1, 0, 0, 0, -1, 64)),
    "flop": ((96, 64), affine(-1, 0, 96, 0, 1, 0)),
    "rotate:90": ((64, 96), affine(0, -1, 64, 1, 0, 0)),
    "rotate:180": ((96, 64), affine(-1, 0, 96, 0, -1, 64)),
    "rotate:-90": ((64, 96), affine(0, 1, 0, -1, 0, 96)),
    "rotate:30,false": ((96, 64), rotated(30, (48, 32), (48, 32))),
    "rotate:30": ((116, 104), rotated(30, (48, 32), (58, 52))),
    "affine:1,0.25,3,-0.1,0.9,4": ((96, 64), affine(1, 0.25, 3, -0.1, 0.9, 4)),
    "perspective:16:8+80:8+80:56+16:56,128,96": ((128, 96), affine(2, 0, -32, 0, 2, -16)),
    "perspective:96:0+96:64+0:64+0:0": ((64, 96), affine(0, 1, 0, -1, 0, 96)),
    "trim:0": ((34, 34), affine(1, 0, -26, 0, 1, -11)),
    "flop/resize:48/pad:5": ((58, 42), affine(-0.5, 0, 53, 0, 0.5, 5)),
}


@pytest.mark.parametrize(("text", "expected"), BY_HAND.items(), ids=BY_HAND)
def test_findings_are_where_the_hand_made_transform_puts_them(
    text: str, expected: tuple[tuple[int, int], NDArray[np.float64]]
) -> None:
    size, matrix = expected
    result = moved(text, painted(SIZE, THING))
    (thing,) = result.findings.objects or ()
    corners = (np.column_stack([np.array(THING), np.ones(4)]) @ matrix.T)[:, :2]
    near = 2 if text.startswith("trim") else 0.01  # it looks at pixels, of which the quad covers parts
    if near < 1:
        assert result.size == size
    points = np.array([(p.x, p.y) for p in thing.keypoints or ()])
    assert np.abs(points - corners).max() <= near
    if (points >= 0).all() and (points <= result.size).all():
        assert np.allclose(points, thing.region.quad)
    else:  # it ends where the picture ends
        whole, cut = (inside(tuple(map(tuple, quad)), result.size) for quad in (points, thing.region.quad))
        assert np.array_equal(whole, cut)
        assert np.array(thing.region.quad).min() >= 0
        assert (np.array(thing.region.quad) <= result.size).all()


def test_every_geometry_filter_is_moved_by() -> None:
    """A geometry that is added later must be in the table, or among the moves."""
    geometries = {known.name for known in filters().values() if known.makes == "geometry"}
    by_hand = {step.partition(":")[0] for text in BY_HAND for step in text.split("/")}
    elsewhere = {"deskew", "crop_to"}
    assert geometries <= by_hand | elsewhere


def stretched(quad: Quad, one: Seen) -> float:
    """How many pixels of the result a pixel of the picture became, the way that it grew most; 1 where it shrank.

    By the thing's corners, which the tables above hold to a hundredth of a pixel.
    """
    if one.points is None:
        return 1.0
    old, new = (np.asarray(points)[1:] - np.asarray(points)[0] for points in (quad, one.points))
    linear = np.linalg.lstsq(old, new, rcond=None)[0]
    most = float(np.linalg.svd(linear, compute_uv=False)[0])
    return min(max(1.0, most), 8.0)


def close(one: Seen, limit: float, *, quad: bool = True) -> None:
    """All findings lie within `limit` pixels of the pixels."""
    if one.quad is None or one.mask is None:
        return
    assert apart(one.pixels, one.quad) <= limit, "quad"
    assert apart(one.pixels, one.mask) <= limit, "mask"
    assert apart(one.pixels, one.map) <= limit, "class map"
    assert apart(one.void, one.uncovered) <= limit, "void"


QUADS = st.builds(
    turned, st.tuples(st.floats(25, 70), st.floats(20, 44)), st.floats(14, 40), st.floats(14, 30), st.floats(0, 180)
)
LARGE = "affine:-2.0,0.0,d=0.25,e=2.0,expand=true,background=00000000"
"""What was a pixel is more than two wide and high."""
KEPT = MOVES.map(lambda text: text.replace("background=000", "background=00000000").replace(",000", ",00000000"))


@settings(max_examples=120, deadline=None)
@given(KEPT, QUADS)
@example(LARGE, ((18.0735, -2.3836), (48.2657, 17.2234), (31.9265, 42.3836), (1.7343, 22.7766)))
def test_all_follow_the_pixels(text: str, quad: Quad) -> None:
    """To a pixel of the picture, which is painted in whole ones, and one of the result."""
    result = seen(text, SIZE, quad)
    assume(result.quad is not None and result.pixels.any())
    close(result, 1.0 + stretched(quad, result))


@settings(max_examples=50, deadline=None)
@given(st.tuples(KEPT, KEPT), QUADS)
def test_all_follow_through_two_moves(steps: tuple[str, str], quad: Quad) -> None:
    try:
        result = seen("/".join(steps), SIZE, quad)
    except DarkroomError:
        assume(False)  # a crop larger than what the step before left
        return
    assume(result.quad is not None and result.pixels.any())
    close(result, 4.0)


@pytest.mark.parametrize("text", ["crop:36,64,60,0", "crop:96,20,0,44", "crop:10,10,0,0"])
def test_what_is_cut_off_is_gone(text: str) -> None:
    result = seen(text, SIZE, THING)
    assert result.quad is None
    assert not result.pixels.any() or result.pixels.mean() < 0.1


@pytest.mark.parametrize("points", ["30:20+66:20+96:64+0:64", "40:30+56:30+96:64+0:64", "0:0+96:0+60:40+36:40"])
def test_a_quad_over_a_perspective_s_horizon_still_covers_what_is_seen(points: str) -> None:
    """The whole picture is the thing: whatever comes out of it must be covered, also where the map tears it apart."""
    result = seen(f"perspective:{points},80,80", SIZE, ((0, 0), (96, 0), (96, 64), (0, 64)))
    assert result.quad is not None
    assert result.quad[result.pixels].all()


ENDS = {  # what cuts the picture 96 × 64 to its left upper part of 60 × 40, then gives it room again
    "pad": ("crop:60,40,0,0/pad:20", (80, 60)),
    "contain": ("crop:60,40,0,0/resize:120,40,contain", (90, 40)),
    "pad twice": ("crop:60,40,0,0/pad:5/pad:15", (80, 60)),
    "border": ("crop:60,40,0,0/border:20", (80, 60)),
    "affine": ("crop:60,40,0,0/affine:width=200,height=200", (60, 40)),
    "cover": ("resize:60,40,cover/pad:20", (80, 60)),
}


@pytest.mark.parametrize(("text", "ends"), ENDS.values(), ids=ENDS)
def test_a_region_ends_where_the_pixels_end(text: str, ends: tuple[int, int]) -> None:
    """Quad and bounds: a thing that reaches over the picture's right lower corner and beyond."""
    result = moved(text, painted(SIZE, ((20, 10), (96, 10), (96, 64), (20, 64))))
    (thing,) = result.findings.objects or ()
    assert thing.region.bounds[2:] == pytest.approx(ends)
    assert thing.region.to_json(*result.size)["box"][2] == pytest.approx(ends[0] - thing.region.bounds[0])


@pytest.mark.parametrize("angle", [10, 45, 100, -30])
def test_a_cut_region_ends_so_when_it_is_turned(angle: int) -> None:
    result = seen(f"crop:60,40,0,0/rotate:{angle},background=00000000", SIZE, ((20, 10), (96, 10), (96, 64), (20, 64)))
    assert result.quad is not None
    assert not (result.quad & result.uncovered).sum() > 0.02 * result.quad.sum(), "only pixels that are halved"
    assert apart(result.pixels, result.quad) <= 1.5


def test_what_is_left_counts_over_all_steps() -> None:
    """Three crops leave half each time: an eighth is kept, and one more half is a sliver that still hides."""
    thing = ((0, 0), (96, 0), (96, 64), (0, 64))
    assert seen("crop:48,64,0,0/crop:48,32,0,0/crop:24,32,0,0", SIZE, thing).quad is not None
    assert seen("crop:48,64,0,0/crop:48,32,0,0/crop:24,32,0,0/crop:24,16,0,0", SIZE, thing).quad is None
