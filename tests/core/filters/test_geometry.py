"""Resize, flip, flop and rotate; and that findings follow every geometry there is."""

import cv2
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from core.errors import DarkroomError
from core.limits import Limits
from core.picture import Origin, Size
from core.pipeline import Pipeline
from core.plan import plan
from tests.conftest import made_picture
from tests.core.filters.support import apply
from tests.core.points import distance, found, moved, seen, spotted


def planned(text: str, width: int, height: int) -> Size:
    """The size a pipeline makes, as known from the header."""
    origin = Origin(format="png", size=Size(width, height), channels=3)
    return plan(Pipeline.parse(text), origin, Limits()).size


# --- resize: sizes -------------------------------------------------------------------------------------------------

SIZES = [  # of a picture of 800 × 600
    ("resize:400", (400, 300)),
    ("resize:,300", (400, 300)),
    ("resize:400,dpr=2", (800, 600)),
    ("resize:400,dpr=1.5", (600, 450)),
    ("resize:333", (333, 250)),
    ("resize:1600", (800, 600)),
    ("resize:1600,enlarge=true", (1600, 1200)),
    ("resize:400,400", (400, 300)),
    ("resize:400,100", (133, 100)),
    ("resize:1600,1600", (800, 600)),
    ("resize:1600,1600,enlarge=true", (1600, 1200)),
    ("resize:400,400,outside", (533, 400)),
    ("resize:1000,300,outside", (800, 600)),
    ("resize:1000,300,outside,true", (1000, 750)),
    ("resize:400,400,cover", (400, 400)),
    ("resize:100,400,cover", (100, 400)),
    ("resize:1200,1200,cover", (600, 600)),
    ("resize:1200,600,cover", (800, 400)),
    ("resize:1200,1200,cover,true", (1200, 1200)),
    ("resize:400,100,fill", (400, 100)),
    ("resize:1000,100,fill", (800, 100)),
    ("resize:1000,100,fill,true", (1000, 100)),
    ("resize:400,400,contain", (400, 400)),
    ("resize:1000,1000,contain", (1000, 1000)),
    ("resize:1", (1, 1)),
    ("resize:1,1,cover", (1, 1)),
    ("resize:,1", (1, 1)),
    ("resize:1,dpr=0.1", (1, 1)),
]


@pytest.mark.parametrize(("text", "expected"), SIZES, ids=[text for text, _ in SIZES])
def test_resize_makes_the_planned_size(text: str, expected: tuple[int, int]) -> None:
    assert planned(text, 800, 600) == expected
    assert apply(text, np.zeros((600, 800, 1), np.uint8)).shape == (expected[1], expected[0], 1)


@pytest.mark.parametrize(
    ("width", "height", "text", "expected"),
    [
        (1, 1, "resize:500,enlarge=true", (500, 500)),
        (1, 5000, "resize:,1", (1, 1)),
        (5000, 1, "resize:100", (100, 1)),
        (5000, 1, "resize:100,100,cover", (1, 1)),
        (5000, 1, "resize:100,100,cover,true", (100, 100)),
        (1, 5000, "resize:64,64,contain", (64, 64)),
        (3, 2, "resize:64,64,cover,true", (64, 64)),
        (5000, 3, "resize:10,2000,fill,true", (10, 2000)),
    ],
)
def test_resize_of_extreme_pictures(width: int, height: int, text: str, expected: tuple[int, int]) -> None:
    assert planned(text, width, height) == expected
    result = apply(text, np.full((height, width, 3), 90, np.uint8))
    assert result.shape == (expected[1], expected[0], 3)
    assert set(np.unique(result)) <= {90, 255}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("resize", "bad_parameter"),
        ("resize:0", "bad_parameter"),
        ("resize:-5", "bad_parameter"),
        ("resize:20000", "bad_parameter"),
        ("resize:10,dpr=0", "bad_parameter"),
        ("resize:10,fit=squash", "bad_parameter"),
        ("resize:16384,dpr=8,enlarge=true", "bad_size"),
        ("resize:16384,16384,enlarge=true", "too_many_pixels"),
        ("resize:16384,16384,contain", "too_many_pixels"),
    ],
)
def test_resize_refuses_before_decoding(text: str, code: str) -> None:
    with pytest.raises(DarkroomError) as refused:
        planned(text, 500, 500)
    assert refused.value.code == code
    assert refused.value.status == (413 if code == "too_many_pixels" else 400)


# --- resize: pixels ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_resize_by_a_whole_factor_is_pillow_s_reduce(factor: int) -> None:
    pixels = made_picture(3)
    expected = np.asarray(Image.fromarray(pixels).reduce(factor))
    assert np.abs(apply(f"resize:{96 // factor},kernel=area", pixels) - expected.astype(int)).max() <= 1


def test_resize_by_any_factor_is_pillow_s_box() -> None:
    pixels = made_picture(3, 90, 63)
    expected = np.asarray(Image.fromarray(pixels).resize((60, 42), Image.Resampling.BOX))
    result = apply("resize:60,kernel=area", pixels)
    assert np.abs(result - expected.astype(int)).mean() <= 3  # Pillow rounds its box to pixels


@pytest.mark.parametrize(
    ("text", "columns"), [("resize:64,64,cover", slice(16, 80)), ("resize:32,64,cover", slice(32, 64))]
)
def test_cover_keeps_the_middle(text: str, columns: slice, pixels: NDArray[np.uint8]) -> None:
    assert np.array_equal(apply(text, pixels), pixels[:, columns])


def test_contain_puts_bars_around(pixels: NDArray[np.uint8]) -> None:
    result = apply("resize:96,96,contain,background=0000ff", pixels)
    assert np.array_equal(result[16:80], np.broadcast_to(pixels, (64, 96, max(3, pixels.shape[2]))))
    bar = [255, 0, 0, 255][: result.shape[2]]
    assert (result[:16] == bar).all()
    assert (result[80:] == bar).all()


@pytest.mark.parametrize(
    ("kernel", "interpolation"),
    [("nearest", cv2.INTER_NEAREST_EXACT), ("linear", cv2.INTER_LINEAR), ("cubic", cv2.INTER_CUBIC),
     ("area", cv2.INTER_AREA), ("lanczos", cv2.INTER_LANCZOS4), ("auto", cv2.INTER_CUBIC)],
)  # fmt: skip
def test_kernels_enlarge_as_opencv_s(kernel: str, interpolation: int) -> None:
    pixels = made_picture(3)
    expected = cv2.resize(pixels, (240, 160), interpolation=interpolation)
    assert np.array_equal(apply(f"resize:240,enlarge=true,kernel={kernel}", pixels), expected)


# --- flip, flop, rotate --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "move"),
    [
        ("flip", lambda p: p[::-1]),
        ("flop", lambda p: p[:, ::-1]),
        ("rotate", lambda p: np.rot90(p, -1)),
        ("rotate:-90", np.rot90),
        ("rotate:270", np.rot90),
        ("rotate:180", lambda p: p[::-1, ::-1]),
        ("flip/flop", lambda p: p[::-1, ::-1]),
        ("rotate:90/rotate:90/rotate:90/rotate:90", lambda p: p),
        ("flip/flip", lambda p: p),
        ("rotate:360", lambda p: p),
    ],
)
def test_lossless_moves(text: str, move: object, pixels: NDArray[np.uint8]) -> None:
    assert callable(move)
    assert np.array_equal(apply(text, pixels), move(pixels))


def test_positive_angles_turn_clockwise() -> None:
    pixels = np.zeros((101, 101, 1), np.uint8)
    pixels[20, 50] = 255  # at twelve o'clock
    y, x, _ = np.unravel_index(apply("rotate:60,false,000", pixels).argmax(), pixels.shape)
    assert (x, y) == (76, 35)  # at two


@pytest.mark.parametrize("angle", [30, 45, -60, 200])
def test_rotation_there_and_back(angle: int) -> None:
    pixels = cv2.GaussianBlur(made_picture(3), (9, 9), 0)
    back = apply(f"rotate:{angle}/rotate:{-angle}", pixels)
    top, left = ((a - b) // 2 for a, b in zip(back.shape[:2], pixels.shape[:2], strict=True))
    middle = back[top : top + 64, left : left + 96][8:-8, 8:-8]
    assert np.abs(middle.astype(int) - pixels[8:-8, 8:-8]).mean() < 4


# --- findings follow -----------------------------------------------------------------------------------------------

SHARES = st.integers(0, 20)
SIDES = st.integers(60, 200)  # a spot that was very small, enlarged again, is a few large squares
RATIOS = st.integers(1, 5)
MOVES = st.one_of(
    st.builds("resize:{},{},{},true,{},1,000".format, SIDES, SIDES,
              st.sampled_from(["contain", "cover", "fill", "inside", "outside"]),
              st.sampled_from(["auto", "nearest", "linear", "cubic", "area", "lanczos"])),
    st.builds("resize:{},dpr={}".format, st.integers(50, 90), st.floats(0.9, 2).map(lambda dpr: round(dpr, 2))),
    st.builds("crop:{},{},gravity={}".format, st.integers(20, 96), st.integers(20, 64),
              st.sampled_from(["center", "northwest", "southeast", "smart"])),
    st.builds("crop:50p,60p,{}p,{}p".format, st.integers(0, 50), st.integers(0, 40)),
    st.builds("crop:aspect={}:{},focus={}:{}".format, RATIOS, RATIOS,
              st.integers(0, 96), st.integers(0, 64)),
    st.builds("square:{}".format, st.integers(20, 200)),
    st.builds("trim:{},{}".format, st.integers(0, 3), st.integers(0, 9)),
    st.builds("pad:{},{}p,{},{},000,{}:{}".format, SHARES, SHARES, SHARES, SHARES, RATIOS, RATIOS),
    st.sampled_from(["flip", "flop", "rotate:90,false,000", "rotate:180", "rotate:270", "deskew:background=000"]),
    st.builds("rotate:{},{},000".format, st.floats(-360, 360), st.sampled_from(["true", "false"])),
    st.builds("perspective:{}p:{}p+{}p:{}p+100p:100p+{}p:{}p,background=000".format, SHARES, SHARES,
              SHARES.map(lambda share: 100 - share), SHARES, SHARES, SHARES.map(lambda share: 100 - share)),
    st.builds("perspective:0:0+96:0+90:64+10:50,{},{},000".format, SIDES, SIDES),
    st.builds("affine:{},{},{},{},{},{},background=000".format, st.floats(0.6, 2), st.floats(-0.3, 0.3),
              st.floats(-20, 20), st.floats(-0.3, 0.3), st.floats(0.6, 2), st.floats(-20, 20)),
    st.builds("affine:{},{},d={},e={},expand=true,background=000".format, st.floats(-2, -0.6), st.floats(-0.3, 0.3),
              st.floats(-0.3, 0.3), st.floats(0.6, 2)),
)  # fmt: skip
PLACES = st.tuples(st.floats(12, 84), st.floats(12, 52))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("resize:48", (20, 15)),
        ("crop:50,50,10,10", (30, 20)),
        ("square:32", (12, 15)),
        ("pad:10,background=000", (50, 40)),
        ("flip", (40, 34)),
        ("flop", (56, 30)),
        ("rotate", (34, 40)),
        ("rotate:180", (56, 34)),
        ("perspective:10:10+60:10+60:60+10:60", (30, 20)),
        ("perspective:60:10+60:60+10:60+10:10", (20, 20)),
        ("perspective:0:0+96:0+96:64+0:64,48", (20, 15)),
        ("affine:2,0,5,0,1,-3,background=000", (85, 27)),
        ("trim:2", None),
    ],
)
def test_findings_stay_where_the_pixels_are(text: str, expected: tuple[float, float] | None) -> None:
    result = moved(text, spotted(Size(96, 64), (40, 30)))
    said = found(result)
    assert said is not None
    assert np.allclose(seen(result.pixels), said, atol=0.3)
    if expected:
        assert np.allclose(said, expected)


@settings(max_examples=300, deadline=None)
@given(MOVES, PLACES)
def test_findings_follow_the_pixels(text: str, at: tuple[float, float]) -> None:
    away = distance(text, Size(96, 64), at)
    assume(away is not None)
    assert away <= 2.0


@settings(max_examples=100, deadline=None)
@given(st.tuples(MOVES, MOVES), PLACES)
def test_findings_follow_through_two_moves(steps: tuple[str, str], at: tuple[float, float]) -> None:
    try:
        away = distance("/".join(steps), Size(96, 64), at)
    except DarkroomError:
        away = None  # a crop larger than what the step before left
    assume(away is not None)
    assert away <= 3.0
