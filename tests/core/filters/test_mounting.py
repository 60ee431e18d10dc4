"""Borders, corners, grounds and repairs against Pillow, a drawing sixteen times as large, and OpenCV itself."""

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from core.errors import BadParameterError, DarkroomError
from tests.conftest import made_picture
from tests.core.filters.support import apply, run

Pixels = NDArray[np.uint8]


def png(pixels: Pixels) -> bytes:
    return bytes(cv2.imencode(".png", pixels)[1])


@pytest.mark.parametrize(("text", "wide"), [("border:7,336699", 7), ("border:10p,336699", 6), ("border:0", 0)])
def test_border_as_pillow(text: str, wide: int) -> None:
    pixels = made_picture(3)
    framed = ImageOps.expand(Image.fromarray(pixels[:, :, ::-1].copy()), wide, fill=(0x33, 0x66, 0x99))
    assert np.array_equal(apply(text, pixels), np.asarray(framed)[:, :, ::-1])


def test_border_keeps_alpha_inside_and_is_opaque() -> None:
    pixels = made_picture(4)
    framed = apply("border:5,ff0000", pixels)
    assert np.array_equal(framed[5:-5, 5:-5], pixels)
    assert np.array_equal(framed[0, 0], (0, 0, 255, 255))


@pytest.mark.parametrize(("width", "status"), [("-1", 400), ("10000000", 400), ("10000000p", 400), ("8000", 413)])
def test_border_refuses(width: str, status: int) -> None:
    with pytest.raises(DarkroomError) as caught:
        apply(f"border:{width}", made_picture(3))
    assert caught.value.status == status
    if width == "-1":
        assert isinstance(caught.value, BadParameterError)


def drawn_large(width: int, height: int, radius: float, factor: int = 16) -> NDArray[np.float64]:
    """Coverage of a rounded rectangle, by counting the pixels of a large one."""
    down, across = (np.arange(factor * side) + 0.5 for side in (height, width))
    far_x = np.maximum(np.abs(across / factor - width / 2) - (width / 2 - radius), 0)
    far_y = np.maximum(np.abs(down / factor - height / 2) - (height / 2 - radius), 0)
    inside = np.hypot(far_x[None], far_y[:, None]) <= radius
    return inside.reshape(height, factor, width, factor).mean(axis=(1, 3))


@pytest.mark.parametrize(
    ("text", "size", "radius"),
    [
        ("rounded:20", (96, 64), 20),
        ("rounded", (96, 64), 6.4),
        ("rounded:50p", (64, 64), 32),
        ("rounded:50p", (51, 33), 16.5),
        ("rounded:1000", (40, 30), 15),
        ("rounded:80", (200, 170), 80),
    ],
)
def test_rounded_covers_as_a_large_drawing(text: str, size: tuple[int, int], radius: float) -> None:
    pixels = made_picture(3, *size)
    result = apply(text, pixels)
    seen = result[:, :, 3] > 0
    assert np.array_equal(result[seen, :3], pixels[seen])
    assert (result[~seen] == 0).all(), "what is cut off is gone"
    difference = np.abs(result[:, :, 3] - 255 * drawn_large(*size, radius))
    assert difference.max() <= 24
    assert difference.mean() <= 0.4


@pytest.mark.parametrize("channels", [1, 3, 4], ids=["grey", "bgr", "bgra"])
@pytest.mark.parametrize("text", ["rounded:0", "rounded:-5"])
def test_rounded_by_nothing(text: str, channels: int) -> None:
    assert np.array_equal(apply(text, made_picture(channels)), made_picture(channels))


def test_rounded_multiplies_alpha() -> None:
    pixels = made_picture(4)
    coverage = apply("rounded:20", np.ascontiguousarray(pixels[:, :, :3]))[:, :, 3] / 255
    assert np.abs(apply("rounded:20", pixels)[:, :, 3] - pixels[:, :, 3] * coverage).max() <= 1


@pytest.mark.parametrize("color", ["ffffff", "204080", "20408080"])
def test_background_as_pillow(color: str) -> None:
    pixels = made_picture(4)
    sheet = Image.new("RGBA", (96, 64), f"#{color}")
    expected = Image.alpha_composite(sheet, Image.fromarray(cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA)))
    result = apply(f"background:{color}", pixels)
    assert result.shape[2] == (4 if len(color) == 8 else 3)
    shown = cv2.cvtColor(np.asarray(expected), cv2.COLOR_RGBA2BGRA)[:, :, : result.shape[2]]
    assert np.abs(result.astype(int) - shown).max() <= 1


@pytest.mark.parametrize("channels", [1, 3], ids=["grey", "bgr"])
def test_background_leaves_opaque_pictures(channels: int) -> None:
    pixels = made_picture(channels)
    assert np.array_equal(apply("background:ff0000", pixels), pixels)


def scratch(width: int = 96, height: int = 64) -> Pixels:
    mask = np.zeros((height, width), np.uint8)
    cv2.line(mask, (20, 20), (70, 44), 255, 3)
    return mask


@pytest.mark.parametrize(("method", "flag"), [("telea", cv2.INPAINT_TELEA), ("ns", cv2.INPAINT_NS)])
@pytest.mark.parametrize("channels", [1, 3], ids=["grey", "bgr"])
def test_inpaint_is_opencv_on_the_whole(method: str, flag: int, channels: int) -> None:
    pixels = made_picture(channels)
    result = apply(f"inpaint:mask,3,{method}", pixels, mask=png(scratch()))
    expected = cv2.inpaint(pixels, scratch(), 3, flag).reshape(pixels.shape)
    assert np.array_equal(result, expected)


MASKS: list[tuple[str, Any]] = [
    ("as large", scratch()),
    ("half as large", cv2.dilate(scratch(), np.ones((3, 3)))[::2, ::2].copy()),
    ("in colour", cv2.cvtColor(scratch(), cv2.COLOR_GRAY2BGR)),
    ("with alpha", np.dstack([np.full((64, 96, 3), 255, np.uint8), scratch()])),
]


@pytest.mark.parametrize("mask", [mask for _, mask in MASKS], ids=[name for name, _ in MASKS])
def test_inpaint_restores_a_slope(mask: Pixels) -> None:
    slope = np.repeat(np.linspace(20, 230, 96)[None], 64, axis=0)
    clean = np.dstack([slope, 255 - slope, slope / 2]).astype(np.uint8)
    broken = clean.copy()
    broken[scratch() > 0] = 0
    restored = apply("inpaint:mask,5", broken, mask=png(mask)).astype(int)
    assert np.abs(restored - clean).max() <= 12
    outside = cv2.dilate(scratch(), np.ones((7, 7))) == 0
    assert np.array_equal(restored[outside], broken[outside])


def test_inpaint_of_large_damage_is_done_small_and_stays_smooth() -> None:
    slope = np.repeat(np.linspace(20, 230, 1200)[None], 900, axis=0)
    clean = np.dstack([slope] * 3).astype(np.uint8)
    mask = np.zeros((900, 1200), np.uint8)
    mask[200:700, 300:900] = 255
    broken = np.where(mask[:, :, None] > 0, np.uint8(0), clean)
    restored = apply("inpaint:mask,5", broken, mask=png(mask)).astype(int)
    assert np.array_equal(restored[mask == 0], clean[mask == 0])
    assert np.abs(restored - clean).mean() < 10


@pytest.mark.parametrize("value", [0, 255], ids=["nothing", "everything"])
def test_inpaint_nothing_or_everything(value: int) -> None:
    pixels = made_picture(3)
    result = apply("inpaint:mask", pixels, mask=png(np.full((8, 8), value, np.uint8)))
    assert result.shape == pixels.shape
    assert value == 255 or np.array_equal(result, pixels)


def test_border_moves_findings() -> None:
    picture = run("border:10", made_picture(3))
    assert picture.size == (116, 84)
