"""Perspective, affine and deskew beside OpenCV's and SciPy's own results."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.errors import BadParameterError, DarkroomError
from core.imaging.alpha import premultiplied
from core.limits import Limits
from core.picture import Origin, Size
from core.pipeline import Pipeline
from core.plan import plan
from tests.conftest import made_picture
from tests.core.filters.support import apply
from tests.core.pages import page


def planned(text: str, width: int = 96, height: int = 64) -> Size:
    """The size a pipeline makes, as known from the header."""
    origin = Origin(format="png", size=Size(width, height), channels=3)
    return plan(Pipeline.parse(text), origin, Limits()).size


def alike(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    """Equal as they are seen: premultiplying takes levels from colours that are nearly invisible."""
    return bool(one.shape == other.shape and cv2.norm(premultiplied(one), premultiplied(other), cv2.NORM_INF) <= 1)


# --- perspective ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quad", "size"),
    [
        ([(10, 5), (90, 12), (80, 60), (4, 50)], (80, 49)),
        ([(0, 0), (96, 0), (96, 64), (0, 64)], (96, 64)),
        ([(20, 20), (70, 0), (96, 64), (0, 50)], (97, 69)),
    ],
)
def test_perspective_is_opencv_s(quad: list[tuple[int, int]], size: tuple[int, int]) -> None:
    pixels, (width, height) = cv2.GaussianBlur(made_picture(3), (5, 5), 0), size
    text = "perspective:" + "+".join(f"{x}:{y}" for x, y in quad)
    assert planned(text) == size
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    matrix = cv2.getPerspectiveTransform(np.array(quad, np.float32) - 0.5, corners - 0.5)
    expected = cv2.warpPerspective(pixels, matrix, size, borderValue=(255, 255, 255))
    assert np.abs(apply(text, pixels) - expected.astype(int)).max() <= 2


def test_perspective_of_a_straight_box_is_a_crop(pixels: NDArray[np.uint8]) -> None:
    assert alike(apply("perspective:10:20+50:20+50:60+10:60", pixels), apply("crop:40,40,10,20", pixels))


def test_perspective_can_turn(pixels: NDArray[np.uint8]) -> None:
    assert alike(apply("perspective:0:64+0:0+96:0+96:64", pixels), apply("rotate", pixels))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("40,40", (40, 40)), ("40", (40, 27)), ("height=32", (48, 32)), ("1,1", (1, 1)), ("500", (500, 333))],
)
def test_perspective_to_a_size(text: str, expected: tuple[int, int]) -> None:
    text = f"perspective:0p:0p+100p:0p+100p:100p+0p:100p,{text}"
    assert planned(text) == expected
    assert apply(text, made_picture(4)).shape == (expected[1], expected[0], 4)


def test_perspective_that_shrinks_is_the_area_average() -> None:
    pixels = np.zeros((400, 400, 1), np.uint8)
    pixels[:, ::2] = 255
    result = apply("perspective:0:0+400:0+400:400+0:400,37", pixels)
    assert np.abs(result[1:-1, 1:-1].astype(int) - 127).max() <= 20


@pytest.mark.parametrize(
    "points",
    [
        "0:0+10:0+10:10",
        "0:0+10:0+10:10+0:10+5:5",
        "0:0+10:0+20:0+30:0",
        "0:0+0:0+10:10+0:10",
        "5:5+5:5+5:5+5:5",
        "0:0+90:60+90:0+0:60",
        "0:0+0:60+90:60+90:0",
        "0:0+90:0+20:20+0:60",
        "0:0+50:0.01+90:0+0:60",
        "0:0+0.01:0+0.01:0.01+0:0.01",
    ],
    ids=["three", "five", "a line", "double", "one spot", "crossed", "counter-clockwise", "dented", "flat", "speck"],
)
def test_perspective_refuses_what_is_no_quad(points: str) -> None:
    with pytest.raises(BadParameterError) as refused:
        planned(f"perspective:{points}")
    assert refused.value.fields["parameter"] == "perspective.points"


def test_perspective_to_too_much_is_refused() -> None:
    with pytest.raises(DarkroomError, match="a side must be 1") as refused:
        planned("perspective:0:0+9999999:0+9999999:9999999+0:9999999")
    assert (refused.value.status, refused.value.code) == (400, "bad_size")


# --- affine --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "pad"),
    [("affine", "pad:0"), ("affine:c=10,f=5,width=106,height=69", "pad:5,0,0,10"), ("affine:1,0,-10", None)],
)
def test_affine_by_whole_pixels_is_lossless(text: str, pad: str | None, pixels: NDArray[np.uint8]) -> None:
    expected = apply(pad or "crop:86,64,10,0/pad:right=10", pixels)
    assert alike(apply(text, pixels), expected)


def test_affine_doubles_without_a_shift_of_half_a_pixel() -> None:
    pixels = cv2.GaussianBlur(made_picture(3), (5, 5), 0)
    result = apply("affine:2,0,0,0,2,0,expand=true", pixels)
    assert result.shape == (128, 192, 3)
    expected = cv2.resize(pixels, (192, 128), interpolation=cv2.INTER_LINEAR)
    assert np.abs(result - expected.astype(int))[1:-1, 1:-1].max() <= 1


@settings(max_examples=60, deadline=None)
@given(st.tuples(*[st.floats(-2, 2)] * 4), st.integers(1, 30), st.integers(1, 30))
def test_affine_expanded_holds_all(numbers: tuple[float, ...], width: int, height: int) -> None:
    a, b, d, e = (round(number, 3) for number in numbers)
    text = f"affine:{a},{b},d={d},e={e},expand=true,background=000"
    pixels = np.full((height, width, 3), 255, np.uint8)
    try:
        light = apply(text, pixels).sum() / 255 / 3
    except BadParameterError:
        assert np.linalg.svd([[a, b], [d, e]], compute_uv=False)[-1] < 1e-4
        return
    area, edge = abs(a * e - b * d) * width * height, sum(map(abs, (a, b, d, e))) * (width + height) + 4
    assert abs(light - area) <= edge  # no less than the whole picture, up to its soft edge


@pytest.mark.parametrize(
    ("text", "parameter"),
    [
        ("affine:0", "affine"),
        ("affine:1,1,0,1,1,0", "affine"),
        ("affine:0.00001", "affine"),
        ("affine:101", "affine.a"),
        ("affine:expand=true,width=5", "affine.expand"),
    ],
)
def test_affine_refuses(text: str, parameter: str) -> None:
    with pytest.raises(BadParameterError) as refused:
        planned(text)
    assert refused.value.fields["parameter"] == parameter


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1)], ids=str)
@pytest.mark.parametrize("text", ["affine:100,0,0,0,100,0,expand=true", "affine:0.001,0,0,0,0.001,0,expand=true"])
def test_affine_of_extreme_pictures(text: str, shape: tuple[int, int]) -> None:
    result = apply(text, np.full((*shape, 4), 255, np.uint8))
    assert min(result.shape[:2]) >= 1


# --- deskew --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("angle", [-7.3, -2, 4, 9])
@pytest.mark.parametrize("expand", ["true", "false"])
def test_deskew_turns_a_page_upright(angle: float, expand: str) -> None:
    tilted = apply(f"rotate:{angle},false", page())
    upright = apply(f"deskew:expand={expand}", tilted)
    most = planned(f"deskew:expand={expand}", tilted.shape[1], tilted.shape[0])
    assert upright.shape[1] <= most.width
    assert upright.shape[0] <= most.height
    top, left = (upright.shape[0] - 700) // 2, (upright.shape[1] - 600) // 2
    middle = upright[top + 150 : top + 550, left + 150 : left + 450]
    assert np.abs(middle.astype(int) - page()[150:550, 150:450]).mean() < 40
    assert np.abs(tilted[150:550, 150:450].astype(int) - page()[150:550, 150:450]).mean() > 40


def test_deskew_leaves_an_upright_page_alone() -> None:
    assert np.array_equal(apply("deskew", page()), page())
