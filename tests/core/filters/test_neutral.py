"""What changes nothing leaves every sample as it is, also where alpha leaves a colour a few levels only."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.core.codecs.support import shown
from tests.core.filters.support import apply

HEIGHT, WIDTH = 26, 37


def _noise(channels: int, height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.uint8]:
    """Every value and every alpha; rows of alpha 0 (whose colour is none) and of 255."""
    pixels = np.random.default_rng(5).integers(0, 256, (height, width, channels), dtype=np.uint8)
    if channels == 4:
        pixels[: height // 4] = 0
        pixels[height // 4 : height // 2, :, 3] = 255
        pixels[height // 2 :, :, 3] |= 1
    return pixels


PICTURES = {
    "grey": _noise(1),
    "bgr": _noise(3),
    "bgra": _noise(4),
    "pixel": _noise(4, 1, 1),
    "row": _noise(4, 1, 300),
    "column": _noise(4, 300, 1),
}
NEUTRAL = [
    "brightness:100", "contrast:100", "saturation:100", "vibrance:0", "hue:0", "hue:360", "exposure:0", "gamma:1",
    "levels:0,255", "curves:0:0+255:255", "temperature:0", "tint:0", "sepia:0", "colorize:amount=0",
    "duotone:amount=0", "emboss:0", "vignette:0", "grain:0", "solarize:256", "invert/invert", "sharpen:0",
    "unsharp:amount=0", "blur:1", "box:1", "median:1", "motion_blur:1", "dilate:1", "erode:1", "open:1", "close:1",
    "pixelate:1", "border:0", "pad:0", "rounded:0", "flip/flip", "flop/flop", "flip/flop/rotate:180",
    "rotate:90/rotate:90/rotate:90/rotate:90", "rotate:90/rotate:-90", "rotate:360", "affine",
    "affine:c=3,expand=true/crop:100p,100p", "affine:-1,expand=true/flop", "affine:0,-1,0,1,0,expand=true/rotate:-90",
    "crop:100p,100p", "resize:16384", "resize:{w},{h},kernel=nearest",
    "pad:10/crop:{w},{h},10,10", "border:7/crop:{w},{h},7,7", "perspective:0:0+{w}:0+{w}:{h}+0:{h}",
    "resize:{w},{h},fit=cover", "resize:{w},{h},fit=contain", "resize:{w},{h},fit=fill,linear=true",
]  # fmt: skip


@pytest.mark.parametrize("kind", PICTURES)
@pytest.mark.parametrize("text", NEUTRAL)
def test_what_changes_nothing(text: str, kind: str) -> None:
    pixels = PICTURES[kind]
    height, width = pixels.shape[:2]
    assert np.array_equal(shown(apply(text.format(w=width, h=height), pixels)), shown(pixels))


@pytest.mark.parametrize("side", [1, 2, 9])
def test_squares_turned_on_their_own_canvas(side: int) -> None:
    pixels = _noise(4, side, side)
    assert np.array_equal(apply("rotate:90,expand=false", pixels), np.rot90(pixels, -1))


@pytest.mark.parametrize("text", ["median:3", "dilate:3", "sharpen:50", "pixelate:2"])
def test_what_a_step_leaves_keeps_its_colour(text: str) -> None:
    """A flat half at alpha 2, of which premultiplying leaves three levels, beside one of noise."""
    pixels = np.full((24, 24, 4), (90, 150, 210, 2), np.uint8)
    pixels[:, 16:] = _noise(4, 24, 8)
    assert np.array_equal(apply(text, pixels)[:, :14], pixels[:, :14])
