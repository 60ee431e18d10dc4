"""The angle of a tilted page."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from core.imaging.skew import skew
from tests.conftest import made_picture
from tests.core.pages import page, tilted


@pytest.mark.parametrize("angle", [-9.6, -6, -3.33, -0.5, 0, 0.4, 1, 2.72, 5, 9])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("dark", [False, True], ids=["black on white", "white on black"])
def test_angle_of_a_page(angle: float, channels: int, dark: bool) -> None:
    pixels = np.repeat(tilted(255 - page() if dark else page(), angle), channels, axis=2)
    if channels == 4:
        pixels[:, :, 3] = 255
    assert skew(pixels, 10) == pytest.approx(angle, abs=0.15)


@pytest.mark.parametrize("angle", [-30, -18, 25, 40])
def test_wide_limits(angle: float) -> None:
    assert skew(tilted(page(), angle), 45) == pytest.approx(angle, abs=0.15)


@pytest.mark.parametrize("angle", [-8, -5.2, 5.3, 8])
def test_angles_beyond_the_limit_are_not_half_corrected(angle: float) -> None:
    assert skew(tilted(page(), angle), 5) == 0


@pytest.mark.parametrize(
    "pixels",
    [
        np.full((50, 50, 1), 9, np.uint8),
        np.full((1, 1, 3), 9, np.uint8),
        np.full((1, 300, 3), 9, np.uint8),
        np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8),
        cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8), (0, 0), 8),
        made_picture(3),
    ],
    ids=["plain", "one pixel", "one row", "noise", "clouds", "upright box"],
)
def test_pictures_without_an_angle(pixels: NDArray[np.uint8]) -> None:
    assert skew(pixels, 10) == 0


def drawing(seed: int) -> NDArray[np.uint8]:
    """Upright rectangles, lines and a grid of squares in many colours, of any size."""
    random = np.random.default_rng(seed)
    height, width = (int(side) for side in random.integers(20, 500, 2))
    pixels = np.full((height, width, 3), random.integers(0, 256, 3), np.uint8)
    for _ in range(int(random.integers(1, 9))):
        x, y = int(random.integers(0, width)), int(random.integers(0, height))
        wide, high = int(random.integers(1, width + 1)), int(random.integers(1, height + 1))
        pixels[y : y + high, x : x + wide] = random.integers(0, 256, 3)
    if seed % 3 == 0:
        step = int(random.integers(3, 40))
        pixels[::step] = pixels[:, ::step] = 10
    return pixels


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("limit", [2, 10, 45])
def test_upright_drawings_have_no_angle(limit: float, channels: int) -> None:
    found = {}
    for seed in range(60):
        pixels = drawing(seed)
        if channels == 4:  # the same on a transparent ground
            ground = (pixels == pixels[0, 0]).all(axis=2)
            pixels = np.dstack([pixels, np.where(ground, 0, 255).astype(np.uint8)])
        found[seed] = skew(pixels, limit)
    assert {seed: angle for seed, angle in found.items() if angle} == {}


def patterns(period: int) -> dict[str, NDArray[np.bool_]]:
    """Regular ones, upright or at 45 degrees; of dense ones only a share of the edges is looked at."""
    y, x = np.indices((300, 400))
    return {
        "checks": (x // period + y // period) % 2 == 0,
        "standing": x // period % 2 == 0,
        "lying": y // period % 2 == 0,
        "grid": (x % period == 0) | (y % period == 0),
        "dots": (x % period == 0) & (y % period == 0),
        "bricks": (y % (2 * period) == 0) | ((x + y // (2 * period) % 2 * 2 * period) % (4 * period) == 0),
        "rising": (x + y) // period % 2 == 0,
        "falling": (x - y) // period % 2 == 0,
    }


@pytest.mark.parametrize("limit", [10, 44.5])
@pytest.mark.parametrize("period", [2, 3, 4, 5, 8, 13, 32])
def test_patterns_have_no_angle(period: int, limit: float) -> None:
    found = {name: skew(shown[:, :, None].astype(np.uint8) * 255, limit) for name, shown in patterns(period).items()}
    assert {name: angle for name, angle in found.items() if angle} == {}


@pytest.mark.parametrize("side", [2, 7, 20, 60, 61, 133, 400, 1500])
def test_two_upright_halves_have_no_angle(side: int) -> None:
    pixels = np.zeros((side, side, 3), np.uint8)
    pixels[:, : side // 2], pixels[:, side // 2 :] = (0, 0, 255), (0, 255, 0)
    assert skew(pixels, 10) == 0
    assert skew(np.ascontiguousarray(pixels.transpose(1, 0, 2)), 10) == 0


@pytest.mark.parametrize("angle", [-7, 4])
def test_a_tilted_sheet_on_a_transparent_ground(angle: float) -> None:
    """One colour alone: its edges are those of alpha."""
    sheet = np.zeros((500, 500, 4), np.uint8)
    sheet[100:400, 80:420] = (200, 210, 220, 255)
    assert skew(tilted(sheet, angle), 10) == pytest.approx(angle, abs=0.15)


@pytest.mark.parametrize("angle", [-4, 3])
@pytest.mark.parametrize("name", ["photos/ovms_coco.jpg", "kodak/kodim01.png", "coral/squat.bmp"])
def test_photographs_turn_with_their_tilt(data: object, name: str, angle: float) -> None:
    pixels = cv2.imread(f"{data}/images/{name}")
    height, width = pixels.shape[:2]
    inner = slice(height // 6, -height // 6), slice(width // 6, -width // 6)
    before, after = skew(np.ascontiguousarray(pixels[inner]), 10), skew(tilted(pixels, angle)[inner], 10)
    assert after - before == pytest.approx(angle, abs=0.3)
