"""Moves applied to pixels and to points: both must end in the same place."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from core.imaging.geometry import (
    Box,
    Geometry,
    Placement,
    Turn,
    Warp,
    crop_geometry,
    no_change,
    rotation,
    scale_geometry,
)
from core.language.values import Color
from core.picture import Size
from tests.conftest import made_picture

SIZE = Size(96, 64)
RED = Color(255, 0, 0)


def corners(geometry: Geometry, size: Size) -> NDArray[np.float64]:
    """Where the picture's four corners go, clockwise from the top left."""
    width, height = size
    moved = geometry.matrix @ np.array([[0, width, width, 0], [0, 0, height, height], [1, 1, 1, 1]])
    return (moved[:2] / moved[2]).T


# --- matrices ------------------------------------------------------------------------------------------------------

CORNERS = {
    "nothing": (no_change(SIZE), [(0, 0), (96, 0), (96, 64), (0, 64)]),
    "crop": (crop_geometry(Box(10, 20, 30, 40)), [(-10, -20), (86, -20), (86, 44), (-10, 44)]),
    "scale": (scale_geometry(SIZE, Size(48, 128)), [(0, 0), (48, 0), (48, 128), (0, 128)]),
    "place": (
        Placement(window=Box(16, 0, 64, 64), target=Box(5, 5, 32, 32), canvas=Size(42, 42)),
        [(-3, 5), (45, 5), (45, 37), (-3, 37)],
    ),
    "flop": (Turn(before=SIZE, mirror=True), [(96, 0), (0, 0), (0, 64), (96, 64)]),
    "quarter": (Turn(before=SIZE, quarters=1), [(64, 0), (64, 96), (0, 96), (0, 0)]),
    "mirrored quarter": (Turn(before=SIZE, quarters=1, mirror=True), [(64, 96), (64, 0), (0, 0), (0, 96)]),
    "rotated": (rotation(SIZE, 90, expand=False), [(80, -16), (80, 80), (16, 80), (16, -16)]),
}


@pytest.mark.parametrize(("geometry", "expected"), CORNERS.values(), ids=CORNERS)
def test_corners_go_where_they_should(geometry: Geometry, expected: list[tuple[float, float]]) -> None:
    assert np.allclose(corners(geometry, SIZE), expected)


# --- Turn ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mirror", [False, True], ids=["plain", "mirrored"])
@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_turn_is_numpy_s(quarters: int, mirror: bool, pixels: NDArray[np.uint8]) -> None:
    turn = Turn(before=SIZE, quarters=quarters, mirror=mirror)
    expected = np.rot90(pixels[:, ::-1] if mirror else pixels, -quarters)
    result = turn.apply(pixels)
    assert np.array_equal(result, expected)
    assert result.shape[:2] == turn.size[::-1]
    assert result.flags.c_contiguous


# --- Place: alpha and grey --------------------------------------------------------------------------------------------


MOVES = {
    "shrunk": scale_geometry(SIZE, Size(31, 17)),
    "enlarged": scale_geometry(SIZE, Size(200, 150)),
    "stretched": scale_geometry(SIZE, Size(200, 20)),
    "rotated": rotation(SIZE, 30, expand=True),
    "warped": Warp(forward=(0.4, 0.1, 3, 0, 0.5, 4, 0.001, 0, 1), canvas=Size(60, 50)),
}


@pytest.mark.parametrize("geometry", MOVES.values(), ids=MOVES)
def test_invisible_color_does_not_bleed(geometry: Geometry) -> None:
    pixels = np.zeros((64, 96, 4), np.uint8)  # black where nothing is seen
    cv2.circle(pixels, (48, 32), 25, (0, 0, 255, 255), -1)
    result = geometry.apply(pixels)
    seen = result[:, :, 3] > 32
    assert seen.any()
    assert (seen & (result[:, :, 3] < 255)).any()
    assert (result[:, :, 2][seen] >= 248).all()  # red as before, no dark edge
    assert (result[:, :, :2][seen] == 0).all()


@pytest.mark.parametrize("geometry", MOVES.values(), ids=MOVES)
def test_grey_color_and_alpha_move_alike(geometry: Geometry) -> None:
    grey = made_picture(1)
    as_color, opaque = (np.concatenate([grey] * 3 + rest, axis=2) for rest in ([], [np.full_like(grey, 255)]))
    expected = geometry.apply(grey)
    assert expected.ndim == 3
    assert expected.flags.c_contiguous
    color, alpha = geometry.apply(as_color), geometry.apply(opaque)
    assert np.abs(color - expected.astype(int)).max() <= 1
    covered = alpha[:, :, 3] == 255
    assert np.abs(alpha[:, :, :3] - color.astype(int))[covered].max() <= 1


# --- Place: windows and canvases -----------------------------------------------------------------------------------


def test_crop_is_a_slice_and_contiguous(pixels: NDArray[np.uint8]) -> None:
    result = crop_geometry(Box(10, 20, 30, 40)).apply(pixels)
    assert np.array_equal(result, pixels[20:60, 10:40])
    assert result.flags.c_contiguous
    assert no_change(SIZE).apply(pixels) is pixels or np.shares_memory(no_change(SIZE).apply(pixels), pixels)


FILLS = {
    "grey, white": (1, None, [255]),
    "bgr, white": (3, None, [255, 255, 255]),
    "bgra, transparent": (4, None, [0, 0, 0, 0]),
    "grey, red's luma": (1, RED, [76]),
    "bgr, red": (3, RED, [0, 0, 255]),
    "bgra, half red": (4, Color(255, 0, 0, 128), [0, 0, 255, 128]),
    "bgr, half red on white": (3, Color(255, 0, 0, 128), [127, 127, 255]),
    "bgr, transparent is white": (3, Color(0, 0, 0, 0), [255, 255, 255]),
}


@pytest.mark.parametrize(("channels", "background", "expected"), FILLS.values(), ids=FILLS)
def test_background(channels: int, background: Color | None, expected: list[int]) -> None:
    pixels = made_picture(channels)
    laid = Placement(window=Box.whole(SIZE), target=Box(4, 4, *SIZE), canvas=Size(104, 72), background=background)
    window = Placement(
        window=Box(-4, -4, 104, 72), target=Box(0, 0, 104, 72), canvas=Size(104, 72), background=background
    )
    for result in (laid.apply(pixels), window.apply(pixels)):
        assert result[0, 0].tolist() == expected
        assert np.array_equal(result[4:-4, 4:-4], pixels)
    turned = rotation(SIZE, 45, expand=True, background=background).apply(pixels)
    assert turned[0, 0].tolist() == expected


def test_a_half_transparent_background_keeps_its_color() -> None:
    turned = rotation(SIZE, 45, expand=True, background=Color(200, 100, 40, 128)).apply(made_picture(4))
    assert np.abs(turned[0, 0].astype(int) - (40, 100, 200, 128)).max() <= 1


# --- Warp and rotation ---------------------------------------------------------------------------------------------


def warped_by_scipy(pixels: NDArray[np.uint8], geometry: Warp) -> NDArray[np.float64]:
    """SciPy's own affine transform, linear, with white around."""
    back = np.linalg.inv(geometry.matrix)
    linear = back[:2, :2][::-1, ::-1]
    offset = (back[:2, 2] + back[:2, :2] @ [0.5, 0.5] - 0.5)[::-1]
    shape = geometry.size[::-1]
    planes = [
        ndimage.affine_transform(
            pixels[:, :, channel].astype(float), linear, offset, shape, order=1, mode="grid-constant", cval=255
        )
        for channel in range(pixels.shape[2])
    ]
    return np.stack(planes, axis=2)


@pytest.mark.parametrize("angle", [30, -17.3, 45, 133, 359])
@pytest.mark.parametrize("expand", [True, False], ids=["expanded", "kept"])
def test_rotation_is_scipy_s(angle: float, expand: bool) -> None:
    pixels, geometry = made_picture(3), rotation(SIZE, angle, expand=expand)
    assert isinstance(geometry, Warp)
    assert np.abs(geometry.apply(pixels) - warped_by_scipy(pixels, geometry)).max() <= 1


@pytest.mark.parametrize("angle", range(-360, 361, 90))
@pytest.mark.parametrize("size", [(96, 64), (95, 64), (5, 3), (1, 9), (1, 1)], ids=str)
def test_quarter_turns_are_lossless_on_a_kept_canvas_too(angle: int, size: tuple[int, int]) -> None:
    pixels = made_picture(3, *size)
    turned = np.rot90(pixels, -angle // 90)
    assert np.array_equal(rotation(Size(*size), angle, expand=True).apply(pixels), turned)
    kept = rotation(Size(*size), angle, expand=False).apply(pixels)
    width, height = min(size[0], turned.shape[1]), min(size[1], turned.shape[0])
    top, left = ((a - b) // 2 for a, b in zip(kept.shape[:2], (height, width), strict=True))
    inner = kept[top : top + height, left : left + width]
    starts = [(abs(a - b) + odd) // 2 for a, b in zip(turned.shape[:2], (height, width), strict=True) for odd in (0, 1)]
    cuts = [turned[y : y + height, x : x + width] for y in starts[:2] for x in starts[2:]]
    assert any(np.array_equal(inner, cut) for cut in cuts)


def test_a_warp_that_shrinks_averages_areas() -> None:
    stripes = np.zeros((400, 400, 3), np.uint8)
    stripes[:, ::2] = 255
    result = Warp(forward=(0.11, 0, 0, 0, 0.11, 0, 0, 0, 1), canvas=Size(44, 44)).apply(stripes)
    assert np.abs(result.astype(int) - 127)[1:-1, 1:-1].max() <= 20


def test_a_warp_that_does_not_shrink_stays_sharp() -> None:
    pixels = made_picture(3)
    tilted = Warp(forward=(1.2, 0.3, 0, 0.1, 0.9, 2, 0, 0, 1), canvas=Size(130, 80))
    assert np.abs(tilted.apply(pixels) - warped_by_scipy(pixels, tilted)).max() <= 1


# --- properties ----------------------------------------------------------------------------------------------------

SIDES = st.integers(1, 40)


@settings(max_examples=80, deadline=None)
@given(st.builds(Size, SIDES, SIDES), st.builds(Size, SIDES, SIDES), st.sampled_from(["auto", "linear", "area"]))
def test_a_plain_picture_stays_plain(size: Size, target: Size, kernel: str) -> None:
    pixels = np.full((size.height, size.width, 4), (10, 20, 30, 255), np.uint8)
    result = scale_geometry(size, target, kernel).apply(pixels)
    assert result.shape == (target.height, target.width, 4)
    assert (result == (10, 20, 30, 255)).all()


@settings(max_examples=80, deadline=None)
@given(st.builds(Size, SIDES, SIDES), st.floats(-360, 360), st.booleans())
def test_an_expanded_rotation_holds_every_corner(size: Size, angle: float, expand: bool) -> None:
    geometry = rotation(size, angle, expand=expand)
    result = geometry.apply(np.full((size.height, size.width, 3), 7, np.uint8))
    assert result.shape[:2] == geometry.size[::-1]
    if expand:
        moved = corners(geometry, size)
        assert (moved >= -1e-3).all()
        assert (moved <= np.array(geometry.size) + 1e-3).all()
