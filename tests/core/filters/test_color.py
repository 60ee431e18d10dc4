"""Colour filters beside the W3C's formulas, Pillow, scikit-image and McCamy's colour temperature."""

import colorsys

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps
from skimage.color import rgb2xyz

from tests.conftest import made_picture
from tests.core.filters.support import apply

BGR = made_picture(3)
GREY = made_picture(1)
BGRA = made_picture(4)


def pillow(pixels: NDArray[np.uint8]) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(pixels[:, :, ::-1]))


def bgr(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image)[:, :, ::-1]


def close(one: NDArray[np.uint8], other: NDArray[np.generic], most: float = 1.0) -> bool:
    return bool(np.abs(one.astype(float) - other).max() <= most)


def css(matrix: list[list[float]], pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """A color matrix of the filter-effects specification, in floats."""
    return np.clip((pixels[:, :, ::-1].astype(float) @ np.array(matrix).T)[:, :, ::-1], 0, 255)


def hue_matrix(degrees: float) -> list[list[float]]:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return [
        [0.213 + c * 0.787 - s * 0.213, 0.715 - c * 0.715 - s * 0.715, 0.072 - c * 0.072 + s * 0.928],
        [0.213 - c * 0.213 + s * 0.143, 0.715 + c * 0.285 + s * 0.140, 0.072 - c * 0.072 - s * 0.283],
        [0.213 - c * 0.213 - s * 0.787, 0.715 - c * 0.715 + s * 0.715, 0.072 + c * 0.928 + s * 0.072],
    ]


def sepia_matrix(amount: float) -> list[list[float]]:
    k = 1 - amount
    return [
        [0.393 + 0.607 * k, 0.769 - 0.769 * k, 0.189 - 0.189 * k],
        [0.349 - 0.349 * k, 0.686 + 0.314 * k, 0.168 - 0.168 * k],
        [0.272 - 0.272 * k, 0.534 - 0.534 * k, 0.131 + 0.869 * k],
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sepia", css(sepia_matrix(1), BGR)),
        ("sepia:40", css(sepia_matrix(0.4), BGR)),
        ("hue:90", css(hue_matrix(90), BGR)),
        ("hue:-35", css(hue_matrix(-35), BGR)),
        ("saturation:150", bgr(ImageEnhance.Color(pillow(BGR)).enhance(1.5))),
        ("saturation:30", bgr(ImageEnhance.Color(pillow(BGR)).enhance(0.3))),
        ("invert", bgr(ImageOps.invert(pillow(BGR)))),
        ("grayscale", np.asarray(pillow(BGR).convert("L"))[:, :, None]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_equals_the_reference(text: str, expected: NDArray[np.generic]) -> None:
    assert close(apply(text, BGR), expected)


@pytest.mark.parametrize(
    "text", ["sepia:0", "hue:0", "hue:360", "saturation:100", "vibrance:0", "temperature:0", "tint:0", "invert/invert"]
)
def test_changes_nothing(text: str, pixels: NDArray[np.uint8]) -> None:
    result = apply(text, pixels)
    assert np.array_equal(result, np.repeat(pixels, 3, axis=2) if result.shape[2] > pixels.shape[2] else pixels)


@pytest.mark.parametrize("text", ["hue:70", "saturation:0", "saturation:300", "vibrance:80"])
def test_grey_has_no_colour_to_change(text: str) -> None:
    assert np.array_equal(apply(text, GREY), GREY)
    same = np.repeat(GREY, 3, axis=2)
    assert close(apply(text, same), same)


def test_saturation_0_is_grayscale() -> None:
    assert close(apply("saturation:0", BGR), apply("grayscale", BGR))


def test_grayscale_has_one_channel_unless_there_is_alpha() -> None:
    assert apply("grayscale", BGR).shape[2] == 1
    result = apply("grayscale", BGRA)
    assert np.array_equal(result[:, :, 3], BGRA[:, :, 3])
    assert np.array_equal(result[:, :, 0], result[:, :, 2])


def chroma(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    return pixels.max(axis=2).astype(float) - pixels.min(axis=2)


def test_vibrance_favours_pale_colours() -> None:
    pale, strong = np.full((4, 4, 3), (110, 120, 130), np.uint8), np.full((4, 4, 3), (20, 60, 220), np.uint8)
    gains = [chroma(apply("vibrance:80", part)).mean() / chroma(part).mean() for part in (pale, strong)]
    assert gains[0] == pytest.approx(1 + 0.8 * (1 - 20 / 255), abs=0.06)
    assert gains[1] < 1.2
    assert (chroma(apply("vibrance:-100", pale)) < 4).all()


def mccamy(pixel: NDArray[np.uint8]) -> float:
    """Correlated colour temperature: McCamy, Color Research & Application 17, 1992."""
    x, y, z = rgb2xyz(pixel[None, None, ::-1])[0, 0]
    n = (x / (x + y + z) - 0.3320) / (0.1858 - y / (x + y + z))
    return float(449 * n**3 + 3525 * n**2 + 6823.3 * n + 5520.33)


@pytest.mark.parametrize("shift", [-40, -20, 30, 60, 100])
def test_temperature_moves_white_along_the_black_body_curve(shift: int) -> None:
    result = apply(f"temperature:{shift}", np.full((2, 2, 3), 128, np.uint8))[0, 0]
    assert mccamy(result) == pytest.approx(1e6 / (1e6 / 6504 + shift), rel=0.04)


@pytest.mark.parametrize("text", ["temperature:60", "temperature:-60", "tint:60", "tint:-60"])
def test_casts_keep_the_luminance_of_grey(text: str) -> None:
    result = apply(text, np.full((2, 2, 1), 110, np.uint8))
    assert result.shape[2] == 3
    luminance = [rgb2xyz(part[:1, :1, ::-1])[0, 0, 1] for part in (result, np.full((1, 1, 3), 110, np.uint8))]
    assert luminance[0] == pytest.approx(luminance[1], rel=0.015)


def test_tint_is_magenta_or_green() -> None:
    grey = np.full((1, 1, 3), 128, np.uint8)
    blue, green, red = apply("tint:50", grey)[0, 0].astype(int)
    assert green < 128 < blue == red
    blue, green, red = apply("tint:-50", grey)[0, 0].astype(int)
    assert blue == red < 128 < green


@pytest.mark.parametrize(("name", "place"), [("blue", 0), ("green", 1), ("red", 2)], ids=["blue", "green", "red"])
def test_channel_of_bgr(name: str, place: int) -> None:
    assert np.array_equal(apply(f"channel:{name}", BGR)[:, :, 0], BGR[:, :, place])
    result = apply(f"channel:{name}", BGRA)
    assert np.array_equal(result[:, :, 1], BGRA[:, :, place])
    assert np.array_equal(result[:, :, 3], BGRA[:, :, 3])


@pytest.mark.parametrize("place", range(3), ids=["hue", "saturation", "value"])
def test_channel_of_hsv(place: int) -> None:
    name = ("hue", "saturation", "value")[place]
    expected = np.array([[colorsys.rgb_to_hsv(*(pixel[::-1] / 255))[place] for pixel in row] for row in BGR]) * 255
    distance = np.abs(apply(f"channel:{name}", BGR)[:, :, 0] - expected)
    assert np.minimum(distance, 255 - distance if name == "hue" else distance).max() <= 1.5


def test_channel_alpha() -> None:
    assert np.array_equal(apply("channel:alpha", BGRA)[:, :, 0], BGRA[:, :, 3])
    assert apply("channel:alpha", BGRA).shape[2] == 1
    assert (apply("channel:alpha", GREY) == 255).all()


@pytest.mark.parametrize("name", ["red", "value", "luma"])
def test_channel_of_grey_is_itself(name: str) -> None:
    assert np.array_equal(apply(f"channel:{name}", GREY), GREY)
