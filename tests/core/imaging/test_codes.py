"""Codes in pictures: turned, tilted, noisy, many, mirrored, inverted; and pictures made to take long."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from core.imaging.codes import read_codes
from tests.core.codes import modules, picture
from tests.costs import yardsticks

TEXT = "https://example.org/darkroom?size=800"


def placed(text: str, corners: NDArray[np.float64], side: int = 700) -> NDArray[np.uint8]:
    """The code drawn into a quad of edge coordinates, smoothly: three times as large, then shrunk."""
    dark = modules(text)
    count = 10 * dark.shape[0]
    drawn = np.pad(
        np.kron(np.where(dark, 20, 235).astype(np.uint8), np.ones((10, 10), np.uint8)), 60, constant_values=235
    )
    source = np.float32([(60, 60), (60 + count, 60), (60 + count, 60 + count), (60, 60 + count)]) - 0.5
    move = cv2.getPerspectiveTransform(source, np.float32(corners * 3 - 0.5))
    large = cv2.warpPerspective(drawn, move, (3 * side, 3 * side), borderValue=235)
    return cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA)


def square(side: float, angle: float) -> NDArray[np.float64]:
    turn = np.radians(angle)
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * side / 2
    return corners @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) + 350


@pytest.mark.parametrize("side", [110, 200, 400])
@pytest.mark.parametrize("angle", [0, 10, 45, 90, 140, 180, 270, 333])
def test_turned(side: int, angle: int) -> None:
    corners = square(side, angle)
    (code,) = read_codes(placed(TEXT, corners))
    assert code.text == TEXT
    assert np.abs(code.quad - corners).max() < 1.5 + side / 200


@pytest.mark.parametrize("seed", range(8))
def test_tilted_noisy_and_unevenly_lit(seed: int) -> None:
    chance = np.random.default_rng(seed)
    corners = square(300, chance.uniform(0, 360)) + chance.uniform(-20, 20, (4, 2))
    light = np.linspace(0.35, 1, 700) * placed(TEXT, corners) + chance.normal(0, 8, (700, 700))
    (code,) = read_codes(np.clip(light, 0, 255).astype(np.uint8))
    assert code.text == TEXT
    assert np.abs(code.quad - corners).max() < 6


@pytest.mark.parametrize(
    "change",
    [lambda drawn: drawn[:, ::-1], lambda drawn: 255 - drawn, lambda drawn: drawn // 8 + 100,
     lambda drawn: cv2.GaussianBlur(drawn, (0, 0), 2), lambda drawn: cv2.resize(drawn, None, fx=0.4, fy=0.4)],
    ids=["mirrored", "inverted", "pale", "blurred", "small"],
)  # fmt: skip
def test_changed(change: object) -> None:
    drawn = np.ascontiguousarray(change(picture(TEXT)))  # type: ignore[operator]
    assert [code.text for code in read_codes(drawn)] == [TEXT]


def test_large_picture_is_read_in_a_small_copy() -> None:
    large = np.full((3000, 4400), 255, np.uint8)
    code = picture(TEXT, module=9, margin=0)
    large[2000 : 2000 + code.shape[0], 1000 : 1000 + code.shape[1]] = code
    (found,) = read_codes(large)
    left, top = 1000, 2000
    right, bottom = left + code.shape[1], top + code.shape[0]
    assert np.abs(found.quad - [(left, top), (right, top), (right, bottom), (left, bottom)]).max() < 4


def test_many_codes_each_once() -> None:
    texts = [f"number {index}" for index in range(12)]
    drawn = [picture(text, module=4, margin=4) for text in texts]
    page = np.vstack([np.hstack(drawn[row * 4 : row * 4 + 4]) for row in range(3)])
    assert sorted(code.text for code in read_codes(page)) == sorted(texts)


def test_photographs_hold_none(data: object) -> None:
    for name in ("kodak/kodim01.png", "photos/kite.jpg"):
        assert read_codes(cv2.imread(f"{data}/images/{name}", cv2.IMREAD_GRAYSCALE)) == []


FINDER = np.pad(np.pad(np.pad(np.zeros((3, 3), np.uint8), 1, constant_values=255), 1), 1, constant_values=255)[:8, :8]
STRIPES = np.tile(np.array([0, 1, 0, 0, 0, 1, 0, 1], np.uint8) * 255, (8, 1))


@pytest.mark.parametrize(
    "tile", [FINDER, np.kron(FINDER, np.ones((3, 3), np.uint8)), STRIPES], ids=["finders", "larger finders", "stripes"]
)
def test_pictures_made_to_take_long(tile: NDArray[np.uint8]) -> None:
    """OpenCV 5.0's detectors take from 20 seconds to minutes for these."""
    page = np.tile(tile, (1600 // len(tile), 1600 // len(tile)))
    found: list[object] = []
    assert yardsticks(lambda: found.extend(read_codes(page))) < 500
    assert found == []


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (7, 7), (2, 9000)], ids=str)
def test_odd_shapes(shape: tuple[int, int]) -> None:
    assert read_codes(np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)) == []
