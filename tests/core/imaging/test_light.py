"""Means of light: what fine patterns become, beside plain arithmetic in doubles."""

import cv2
import numpy as np
import pytest

from core.imaging.light import in_light
from core.imaging.srgb import encoded, linear
from core.limits import Limits
from core.picture import Origin, Pixels, Size
from core.pipeline import Pipeline
from core.plan import plan
from tests.conftest import made_picture
from tests.core.filters.support import run

_FREE = Limits(work=1e9, memory=1 << 50)


def _checkered(channels: int, side: int = 64) -> Pixels:
    down, across = np.mgrid[0:side, 0:side]
    board = np.where((down + across) % 2, 255, 0).astype(np.uint8)
    return np.dstack([board] * min(channels, 3) + [np.full_like(board, 255)] * (channels == 4))


HALVING = (
    "resize:32",
    "resize:32,kernel=cubic",
    "resize:32,kernel=area",
    "resize:16,16,fit=contain",
    "resize:8",
    "blur:9",
)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("text", HALVING)
def test_black_and_white_in_equal_parts_are_188(text: str, channels: int) -> None:
    plain = run(text, _checkered(channels)).pixels[3:-3, 3:-3, : min(channels, 3)]
    lit = run(f"{text},linear=true", _checkered(channels)).pixels[3:-3, 3:-3, : min(channels, 3)]
    assert np.abs(plain.astype(int) - 128).max() <= 1
    assert np.abs(lit.astype(int) - 188).max() <= 1


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_what_is_not_mixed_stays(channels: int) -> None:
    pixels = made_picture(channels)
    if channels == 4:
        pixels[:, :, 3] = np.maximum(pixels[:, :, 3], 1)
        pixels[pixels[:, :, 3] < 40, :3] = 0  # where alpha is low, few levels of colour are left
    kept = in_light(pixels, lambda light: light)
    assert np.abs(kept.astype(int) - pixels).max() <= (channels == 4)


@pytest.mark.parametrize("target", [(48, 32), (24, 16), (12, 8)])
def test_areas_are_the_mean_of_their_light(target: tuple[int, int]) -> None:
    pixels = made_picture(3)
    width, height = target
    light = linear(pixels / 255).reshape(height, 64 // height, width, 96 // width, 3).mean(axis=(1, 3))
    made = run(f"resize:{width},linear=true", pixels).pixels
    assert np.abs(made - 255 * encoded(light)).max() <= 1


def test_a_blur_is_the_mean_of_light_under_its_weights() -> None:
    pixels = made_picture(3)
    line = cv2.getGaussianKernel(11, 2.0)
    expected = cv2.sepFilter2D(linear(pixels / 255), cv2.CV_64F, line, line)
    assert np.abs(run("blur:11,2,linear=true", pixels).pixels - 255 * encoded(expected)).max() <= 1


def test_stripes_of_a_tall_picture_meet() -> None:
    pixels = np.random.default_rng(5).integers(0, 256, (3000, 400, 3), np.uint8)
    line = cv2.getGaussianKernel(21, 0, cv2.CV_32F)
    whole = in_light(pixels, lambda light: cv2.sepFilter2D(light, -1, line, line))
    assert np.array_equal(run("blur:21,linear=true", pixels).pixels, whole)


@pytest.mark.parametrize("text", ["resize:16,linear=true", "blur:9,linear=true"])
def test_hidden_colours_do_not_bleed(text: str) -> None:
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[:, :32] = (0, 0, 255, 255)
    pixels[:, 32:, :3] = (255, 255, 0)
    made = run(text, pixels).pixels
    seen = made[made[:, :, 3] > 0]
    assert (seen[:, :2] == 0).all()
    assert (seen[:, 2] >= 250).all()


def test_nearest_mixes_nothing() -> None:
    pixels = made_picture(3)
    assert np.array_equal(
        run("resize:31,kernel=nearest,linear=true", pixels).pixels, run("resize:31,kernel=nearest", pixels).pixels
    )


@pytest.mark.parametrize("text", ["resize:800", "blur:15"])
@pytest.mark.parametrize("channels", [3, 4])
def test_light_is_counted(text: str, channels: int) -> None:
    origin = Origin(format="png", size=Size(4000, 3000), channels=channels)
    plain, lit = (plan(Pipeline.parse(name), origin, _FREE) for name in (text, f"{text},linear=true"))
    assert lit.work > 1.3 * plain.work
    assert text.startswith("blur") or lit.memory > plain.memory + 2 * 12_000_000 * channels
