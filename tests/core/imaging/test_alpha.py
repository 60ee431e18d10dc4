"""Premultiplied alpha and its inverse."""

import numpy as np
import pytest
from numpy.typing import NDArray

from core.imaging.alpha import flattened, opaque, premultiplied, straight, straight_again
from tests.conftest import made_picture


def test_premultiplied_is_color_times_alpha() -> None:
    pixels = made_picture(4)
    expected = np.rint(pixels[:, :, :3].astype(float) * pixels[:, :, 3:] / 255)
    result = premultiplied(pixels)
    assert np.abs(result[:, :, :3] - expected).max() <= 1
    assert np.array_equal(result[:, :, 3], pixels[:, :, 3])


def test_straight_is_the_inverse_where_much_is_seen() -> None:
    pixels = made_picture(4)
    back = straight(premultiplied(pixels))
    seen = pixels[:, :, 3] > 128
    assert np.abs(back.astype(int) - pixels)[seen].max() <= 2
    assert (back[pixels[:, :, 3] == 0][:, :3] == 0).all()


@pytest.mark.parametrize("width", [1, 7, 256], ids=lambda width: f"{width} wide")  # OpenCV's vectors and their rests
def test_every_color_and_alpha(width: int) -> None:
    color, alpha = np.meshgrid(np.arange(256), np.arange(256))
    pixels = np.stack([color, color, color, alpha], axis=2).astype(np.uint8)[:, :width]
    color, alpha = color[:, :width], alpha[:, :width]
    assert np.array_equal(premultiplied(pixels)[:, :, 0], np.floor(color * alpha / 255 + 0.5))
    divided = np.minimum(np.floor(color * 255 / np.maximum(alpha, 1) + 0.5), 255)
    assert np.array_equal(straight(pixels)[:, :, 0], np.where(alpha == 0, 0, divided))


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (600, 33)], ids=lambda size: "x".join(map(str, size)))
def test_straight_again_keeps_what_was_left(size: tuple[int, int]) -> None:
    """Left: its own colour, black where nothing is seen; changed: as `straight` has it."""
    pixels = np.random.default_rng(1).integers(0, 256, (*size, 4), dtype=np.uint8)
    pixels[::3, :, 3] = 0
    changed = premultiplied(pixels).copy()
    left = np.random.default_rng(2).random(size) < 0.5
    changed[~left] ^= 1
    expected = np.where(left[:, :, None] & (pixels[:, :, 3:] > 0), pixels, straight(changed))
    assert np.array_equal(straight_again(changed, pixels), expected)


@pytest.mark.parametrize("background", [(255, 255, 255), (0, 0, 0), (10, 200, 30)])
def test_flattened(background: tuple[int, int, int]) -> None:
    pixels = made_picture(4)
    alpha = pixels[:, :, 3:] / 255
    expected = pixels[:, :, :3] * alpha + np.array(background) * (1 - alpha)
    assert np.abs(flattened(pixels, background) - expected).max() <= 1


def test_pictures_without_alpha_pass(pixels: NDArray[np.uint8]) -> None:
    if pixels.shape[2] == 4:
        pixels[:, :, 3] = 255
    assert opaque(pixels)
    assert premultiplied(pixels) is pixels
    assert straight(pixels) is pixels
