"""Compositions against the W3C's formulas in double precision, Pillow, and where things must lie."""

from collections.abc import Callable
from io import BytesIO

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageChops

from tests.conftest import ROOT, made_picture
from tests.core.filters.support import apply

LOGO = (ROOT / "service/assets/logo.png").read_bytes()
Pixels = NDArray[np.uint8]


def png(pixels: Pixels) -> bytes:
    return bytes(cv2.imencode(".png", pixels)[1])


def layer(channels: int, width: int = 96, height: int = 64) -> Pixels:
    """A picture with every value, alpha too, in no order."""
    return np.random.default_rng(channels).integers(0, 256, (height, width, channels), np.uint8)


def to_pillow(pixels: Pixels) -> Image.Image:
    code = {1: cv2.COLOR_GRAY2RGBA, 3: cv2.COLOR_BGR2RGBA, 4: cv2.COLOR_BGRA2RGBA}[pixels.shape[2]]
    return Image.fromarray(cv2.cvtColor(pixels, code))


def from_pillow(picture: Image.Image) -> Pixels:
    return cv2.cvtColor(np.asarray(picture.convert("RGBA")), cv2.COLOR_RGBA2BGRA)


def soft_light(cb: float, cs: float) -> float:
    if cs <= 0.5:
        return cb - (1 - 2 * cs) * cb * (1 - cb)
    lifted = ((16 * cb - 12) * cb + 4) * cb if cb <= 0.25 else cb**0.5
    return cb + (2 * cs - 1) * (lifted - cb)


def hard_light(cb: float, cs: float) -> float:
    return cb * 2 * cs if cs <= 0.5 else cb + (2 * cs - 1) - cb * (2 * cs - 1)


FORMULAS: dict[str, Callable[[float, float], float]] = {
    "normal": lambda _cb, cs: cs,
    "multiply": lambda cb, cs: cb * cs,
    "screen": lambda cb, cs: cb + cs - cb * cs,
    "overlay": lambda cb, cs: hard_light(cs, cb),
    "darken": min,
    "lighten": max,
    "dodge": lambda cb, cs: 0 if cb == 0 else 1 if cs == 1 else min(1, cb / (1 - cs)),
    "burn": lambda cb, cs: 1 if cb == 1 else 0 if cs == 0 else 1 - min(1, (1 - cb) / cs),
    "hard_light": hard_light,
    "soft_light": soft_light,
    "difference": lambda cb, cs: abs(cb - cs),
    "exclusion": lambda cb, cs: cb + cs - 2 * cb * cs,
}


def w3c(base: Pixels, source: Pixels, mode: str, opacity: float) -> NDArray[np.float64]:
    """§5 and §9.1 of Compositing and Blending Level 1, number by number; always BGRA."""
    below = from_pillow(to_pillow(base)).astype(np.float64) / 255
    above = from_pillow(to_pillow(source)).astype(np.float64) / 255
    backdrop_alpha, alpha = below[:, :, 3:], above[:, :, 3:] * opacity
    mixed = np.vectorize(FORMULAS[mode], otypes=[float])(below[:, :, :3], above[:, :, :3])
    color = (1 - backdrop_alpha) * above[:, :, :3] + backdrop_alpha * mixed
    whole = alpha + backdrop_alpha * (1 - alpha)
    result = (alpha * color + (1 - alpha) * backdrop_alpha * below[:, :, :3]) / np.maximum(whole, 1e-12)
    return 255 * np.dstack([result, whole])


@pytest.mark.parametrize("mode", FORMULAS)
@pytest.mark.parametrize(("second", "opacity"), [(4, 100), (4, 40), (3, 70), (1, 100)], ids=str)
def test_blend_is_the_recommendation(mode: str, opacity: float, second: int, pixels: Pixels) -> None:
    source = layer(second)
    result = apply(f"blend:other,{mode},{opacity}", pixels, other=png(source))
    expected = w3c(pixels, source, mode, opacity / 100)
    assert result.shape[2] == (4 if pixels.shape[2] == 4 else 3)
    seen = expected[:, :, 3] > 0
    assert np.abs(result - expected[:, :, : result.shape[2]])[seen].max() <= 0.51


CHOPS = {
    "multiply": ImageChops.multiply,
    "screen": ImageChops.screen,
    "darken": ImageChops.darker,
    "lighten": ImageChops.lighter,
    "difference": ImageChops.difference,
    "hard_light": ImageChops.hard_light,
    "overlay": ImageChops.overlay,
}


@pytest.mark.parametrize("mode", CHOPS)
def test_blend_as_pillow(mode: str) -> None:
    base, source = made_picture(3), layer(3)
    ours = apply(f"blend:other,{mode}", base, other=png(source)).astype(int)
    theirs = CHOPS[mode](to_pillow(base).convert("RGB"), to_pillow(source).convert("RGB"))
    assert np.abs(ours - np.asarray(theirs)[:, :, ::-1]).max() <= 2


@pytest.mark.parametrize(("fit", "columns"), [("fill", {0, 255}), ("cover", {255})])
def test_blend_fits(fit: str, columns: set[int]) -> None:
    wide = np.zeros((40, 160, 3), np.uint8)
    wide[:, 60:100] = 255
    result = apply(f"blend:other,normal,fit={fit}", np.zeros((40, 40, 3), np.uint8), other=png(wide))
    assert set(np.unique(result[:, [0, 20, 39]])) == columns


@pytest.mark.parametrize("place", ["0:0", "10:20", "-30:-20", "80:50", "50p:50p", "500:0", "-10000000p:0"])
@pytest.mark.parametrize("second", [1, 3, 4], ids=["grey", "bgr", "bgra"])
def test_overlay_as_pillow(place: str, second: int, pixels: Pixels) -> None:
    source = layer(second, 40, 30)
    x, y = (
        float(part.rstrip("p")) * (side / 100 if "p" in part else 1)
        for part, side in zip(place.split(":"), (96, 64), strict=True)
    )
    canvas = Image.new("RGBA", (96, 64))
    canvas.paste(to_pillow(source), (max(-1000, round(x)), round(y)))
    expected = from_pillow(Image.alpha_composite(to_pillow(pixels), canvas))
    result = apply(f"overlay:other,{place}", pixels, other=png(source))
    seen = expected[:, :, 3] > 8
    assert np.abs(result.astype(int) - expected[:, :, : result.shape[2]])[seen].max() <= 2


def changed(before: Pixels, after: Pixels) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what differs."""
    y, x = np.nonzero((before != after).any(axis=2))
    return int(x.min()), int(y.min()), int(x.max()) + 1, int(y.max()) + 1


POSITIONS = [
    ("northwest", (10, 10, 50, 50)),
    ("north", (80, 10, 120, 50)),
    ("northeast", (150, 10, 190, 50)),
    ("west", (10, 30, 50, 70)),
    ("center", (80, 30, 120, 70)),
    ("east", (150, 30, 190, 70)),
    ("southwest", (10, 50, 50, 90)),
    ("south", (80, 50, 120, 90)),
    ("southeast", (150, 50, 190, 90)),
]


@pytest.mark.parametrize(("position", "box"), POSITIONS, ids=[name for name, _ in POSITIONS])
def test_watermark_lies_where_it_is_told(position: str, box: tuple[int, int, int, int]) -> None:
    ground, mark = np.full((100, 200, 3), 90, np.uint8), np.full((64, 64, 3), 255, np.uint8)
    result = apply(f"watermark:mark,{position},100,20,10p", ground, mark=png(mark))
    assert changed(ground, result) == box


@pytest.mark.parametrize(("scale", "size"), [(0, (64, 32)), (50, (100, 50)), (100, (120, 60)), (0.1, (1, 1))], ids=str)
def test_watermark_scales(scale: float, size: tuple[int, int]) -> None:
    ground, mark = np.full((60, 200, 3), 90, np.uint8), np.full((32, 64, 3), 255, np.uint8)
    left, top, right, bottom = changed(ground, apply(f"watermark:mark,center,100,{scale},0", ground, mark=png(mark)))
    assert (right - left, bottom - top) == size


def test_watermark_tiles() -> None:
    ground, mark = np.zeros((60, 100, 3), np.uint8), np.full((5, 10, 3), 200, np.uint8)
    result = apply("watermark:mark,scale=0,opacity=50,margin=10,tile=true", ground, mark=png(mark))
    assert np.array_equal(result[:40, :80], result[15:55, 20:])
    assert np.array_equal(result[:25, :25, 0][4:14, 4:24] == 100, np.pad(np.ones((5, 10), bool), ((1, 4), (1, 9))))


def test_watermark_shows_on_transparent_ground() -> None:
    ground = np.zeros((50, 50, 4), np.uint8)
    result = apply("watermark:logo,center,100,100,0", ground, logo=LOGO)
    assert np.array_equal(result[25, 5], from_pillow(Image.open(BytesIO(LOGO)))[128, 28])
    assert result[0, 0, 3] < 40


@pytest.mark.parametrize("text", ["overlay:logo", "watermark:logo", "blend:logo,normal", "text:Hello"])
def test_no_opacity_changes_nothing(text: str) -> None:
    pixels = made_picture(4)
    assert np.array_equal(apply(f"{text},opacity=0", pixels, logo=LOGO), pixels)
