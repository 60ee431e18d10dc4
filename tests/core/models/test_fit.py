"""Geometry of a network's input: where a picture lies in it, and back."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.findings.matrices import inverse, project
from core.models.fit import Fit, fit_of, fitted
from core.models.model import Input
from core.picture import Size

SIDES = st.integers(1, 3000)
INPUTS = st.builds(
    Input,
    name=st.just("image"),
    size=st.tuples(st.integers(1, 40).map(lambda n: n * 32), st.integers(1, 40).map(lambda n: n * 32)),
    dynamic=st.booleans(),
    multiple=st.sampled_from([1, 16, 32]),
    resize=st.sampled_from(["stretch", "letterbox", "crop"]),
)


def about(width: int, height: int, **fields: object) -> Input:
    return Input(name="image", size=(width, height), **fields)  # type: ignore[arg-type]


DYNAMIC = about(960, 960, dynamic=True, multiple=32)


@pytest.mark.parametrize(
    ("size", "model", "expected"),
    [
        ((200, 100), about(100, 100), Fit(Size(100, 100), (0, 0, 200, 100), Size(100, 100))),
        ((200, 100), about(100, 100, resize="letterbox"), Fit(Size(100, 100), (0, 0, 200, 100), Size(100, 50))),
        ((50, 25), about(100, 100, resize="letterbox"), Fit(Size(100, 100), (0, 0, 50, 25), Size(100, 50))),
        ((200, 100), about(100, 100, resize="crop"), Fit(Size(100, 100), (50, 0, 150, 100), Size(100, 100))),
        ((100, 300), about(100, 100, resize="crop"), Fit(Size(100, 100), (0, 100, 100, 200), Size(100, 100))),
        ((640, 427), DYNAMIC, Fit(Size(640, 448), (0, 0, 640, 427), Size(640, 427))),
        ((4000, 1000), DYNAMIC, Fit(Size(960, 256), (0, 0, 4000, 1000), Size(960, 240))),
        ((1, 1), DYNAMIC, Fit(Size(32, 32), (0, 0, 1, 1), Size(1, 1))),
        ((3000, 1), about(416, 416, resize="letterbox"), Fit(Size(416, 416), (0, 0, 3000, 1), Size(416, 1))),
    ],
)  # fmt: skip
def test_where_a_picture_lies(size: tuple[int, int], model: Input, expected: Fit) -> None:
    assert fit_of(Size(*size), model) == expected


@given(width=SIDES, height=SIDES, model=INPUTS)
def test_the_matrix_maps_what_is_filled_onto_the_window(width: int, height: int, model: Input) -> None:
    fit = fit_of(Size(width, height), model)
    left, top, right, bottom = fit.window
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    corners = [(0, 0), fit.filled, (fit.filled.width, 0)]
    assert project(corners, fit.matrix) == pytest.approx(np.array([(left, top), (right, bottom), (right, top)]))


@given(width=SIDES, height=SIDES, model=INPUTS)
def test_shape(width: int, height: int, model: Input) -> None:
    fit = fit_of(Size(width, height), model)
    assert fit.filled.width <= fit.size.width
    assert fit.filled.height <= fit.size.height
    if not model.dynamic:
        assert fit.size == model.size
        assert model.resize == "letterbox" or fit.filled == fit.size
        assert model.resize == "crop" or fit.window == (0, 0, width, height)
    else:
        assert not any(side % model.multiple for side in fit.size)
        assert all(side <= most for side, most in zip(fit.size, model.size, strict=True))


@given(
    width=SIDES, height=SIDES, model=INPUTS,
    points=st.lists(st.tuples(st.floats(0, 3000), st.floats(0, 3000)), min_size=1, max_size=8),
)  # fmt: skip
def test_points_come_back(width: int, height: int, model: Input, points: list[tuple[float, float]]) -> None:
    fit = fit_of(Size(width, height), model)
    there = project(points, inverse(fit.matrix))
    assert project(there, fit.matrix) == pytest.approx(np.array(points), rel=1e-6, abs=1e-3)


@given(
    width=st.integers(20, 900),
    height=st.integers(20, 900),
    model=INPUTS.filter(lambda model: model.resize != "stretch" or model.dynamic),
)
def test_aspect_is_kept_where_nothing_is_stretched(width: int, height: int, model: Input) -> None:
    fit = fit_of(Size(width, height), model)
    across, down = fit.matrix[0, 0], fit.matrix[1, 1]
    # a side of n pixels is rounded to whole ones: by 1/2 of a pixel at most, on either side of the scale
    slack = 0.51 * (1 / min(fit.filled) + 1 / min(fit.window[2] - fit.window[0], fit.window[3] - fit.window[1])) * 2
    assert across / down == pytest.approx(1, abs=max(slack, 1e-6))


def spot(channels: int) -> NDArray[np.uint8]:
    """A dark picture with a bright square from (60, 20) to (100, 60)."""
    pixels = np.full((120, 160, channels), 20, np.uint8)
    pixels[20:60, 60:100] = 220
    if channels == 4:
        pixels[:, :, 3] = 255
    return pixels


@pytest.mark.parametrize("channels", [1, 3, 4], ids=["grey", "bgr", "bgra"])
@pytest.mark.parametrize("resize", ["stretch", "letterbox", "crop"])
@pytest.mark.parametrize("interpolation", ["linear", "area", "nearest"])
def test_a_spot_lies_where_the_matrix_says(channels: int, resize: str, interpolation: str) -> None:
    image, fit = fitted(spot(channels), about(96, 96, resize=resize, interpolation=interpolation))
    assert image.shape == (96, 96, 3)
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    rows, columns = np.nonzero(image[: fit.filled.height, : fit.filled.width, 0] > 120)
    box = project([(columns.min(), rows.min()), (columns.max() + 1, rows.max() + 1)], fit.matrix)
    assert box == pytest.approx(np.array([(60, 20), (100, 60)]), abs=2)


def test_filling_is_right_and_below() -> None:
    image, fit = fitted(spot(3), about(64, 64, resize="letterbox", fill=77))
    assert fit.filled == (64, 48)
    assert (image[48:] == 77).all()
    assert (image[:48] != 77).any()


@pytest.mark.parametrize("sides", [(1, 1), (1, 500), (500, 1), (2, 900), (63, 96), (96, 96), (200, 300)], ids=str)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("resize", ["stretch", "letterbox"])
def test_beside_scaling_and_a_border(sides: tuple[int, int], channels: int, resize: str) -> None:
    """OpenCV is handed a part of the network's input to write into: it must not write elsewhere, whatever its shape."""
    pixels = np.random.default_rng(2).integers(0, 256, (*sides, channels), np.uint8)
    image, fit = fitted(pixels, about(96, 64, resize=resize, fill=114))
    scaled = cv2.resize(pixels, fit.filled) if sides != fit.filled[::-1] else pixels
    three = cv2.cvtColor(scaled, cv2.COLOR_GRAY2BGR) if channels == 1 else scaled
    border = (0, 64 - fit.filled.height, 0, 96 - fit.filled.width)
    expected = cv2.copyMakeBorder(three, *border, cv2.BORDER_CONSTANT, value=(114, 114, 114))
    assert np.array_equal(image, expected)


def test_transparency_is_white() -> None:
    pixels = np.zeros((10, 10, 4), np.uint8)
    pixels[:5, :, 3] = 255
    image, _ = fitted(pixels, about(10, 10))
    assert (image[:5] == 0).all()
    assert (image[5:] == 255).all()


def test_a_picture_of_the_right_size_is_not_touched() -> None:
    pixels = spot(3)
    image, _ = fitted(pixels, about(160, 120))
    assert np.array_equal(image, pixels)


def test_linear_is_opencvs() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (90, 70, 3), np.uint8)
    image, _ = fitted(pixels, about(32, 48))
    assert np.array_equal(image, cv2.resize(pixels, (32, 48), interpolation=cv2.INTER_LINEAR))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("sides", [(1024, 1280), (1023, 1279), (383, 511), (4096, 700), (256, 320)], ids=str)
def test_area_is_the_mean_of_what_a_pixel_covers(sides: tuple[int, int], channels: int) -> None:
    """Large pictures are halved before; that moves no edge, and changes no mean by more than rounding."""
    noise = np.random.default_rng(3).integers(0, 256, (-(-sides[0] // 16), -(-sides[1] // 16), channels), np.uint8)
    pixels = np.kron(noise, np.ones((16, 16, 1), np.uint8))[: sides[0], : sides[1]]
    image, fit = fitted(pixels, about(80, 64, interpolation="area"))
    plain = cv2.resize(pixels, fit.filled, interpolation=cv2.INTER_AREA).reshape(64, 80, channels)
    assert np.abs(image.astype(int) - plain).mean() < 3.5
    assert abs(float(image.mean()) - float(plain.mean())) < 0.5


def test_the_picture_is_not_written_to() -> None:
    pixels = spot(4)
    pixels.flags.writeable = False
    fitted(pixels, about(64, 64, resize="crop"))
