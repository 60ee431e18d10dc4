"""BlurHash beside a decoder written from its page, and the perceptual hash beside SciPy."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.fft import dctn

from core.imaging.fingerprint import blurhash_of, phash_of
from tests.conftest import made_picture

BGR = made_picture(3)
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"


def number(text: str) -> int:
    value = 0
    for digit in text:
        value = value * 83 + DIGITS.index(digit)
    return value


def linear(value: float) -> float:
    share = value / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


def stored(light: float) -> float:
    light = min(max(light, 0), 1)
    return 255 * (light * 12.92 if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055)


def decoded(text: str, width: int, height: int) -> NDArray[np.float64]:
    """RGB as https://github.com/woltapp/blurhash/blob/master/Algorithm.md says."""
    down, across = divmod(number(text[0]), 9)
    across, down = across + 1, down + 1
    assert len(text) == 4 + 2 * across * down
    largest = (number(text[1]) + 1) / 166
    first = number(text[2:6])
    waves = [[linear(first >> 16), linear(first >> 8 & 255), linear(first & 255)]]
    for place in range(6, len(text), 2):
        value = number(text[place : place + 2])
        parts = [value // 361, value // 19 % 19, value % 19]
        waves.append([np.sign(part - 9) * ((part - 9) / 9) ** 2 * largest for part in parts])
    result = np.zeros((height, width, 3))
    for y, x in np.ndindex(height, width):
        for place, wave in enumerate(waves):
            j, i = divmod(place, across)
            result[y, x] += np.array(wave) * np.cos(np.pi * x * i / width) * np.cos(np.pi * y * j / height)
    return np.vectorize(stored)(result)


@pytest.mark.parametrize(("across", "down"), [(1, 1), (4, 3), (3, 4), (9, 9), (1, 9)])
def test_blurhash_decodes_to_a_blurred_picture(across: int, down: int) -> None:
    small = cv2.resize(BGR, (24, 16), interpolation=cv2.INTER_AREA)
    shown = decoded(blurhash_of(small, across, down), 24, 16)
    light = np.vectorize(linear)(small[:, :, ::-1].astype(float))
    spectrum = np.array(
        [
            [(1 if i == j == 0 else 2) * (light * basis(i, j, 24, 16)).mean(axis=(0, 1)) for i in range(across)]
            for j in range(down)
        ]
    )
    exact = sum(spectrum[j, i] * basis(i, j, 24, 16) for j in range(down) for i in range(across))
    assert np.abs(shown - np.vectorize(stored)(exact)).mean() < 8, "but for nineteen steps a wave"


def basis(i: int, j: int, width: int, height: int) -> NDArray[np.float64]:
    waves = np.cos(np.pi * j * np.arange(height) / height)[:, None] * np.cos(np.pi * i * np.arange(width) / width)
    return waves[:, :, None]


@pytest.mark.parametrize(
    ("color", "text"),
    [((0, 0, 0), "000000"), ((255, 255, 255), "00TSUA"), ((0, 0, 255), "00TI:j")],
    ids=["black", "white", "red"],
)
def test_blurhash_of_one_colour(color: tuple[int, ...], text: str) -> None:
    """16777215 in base 83 is TSUA, and 16711680 is TI:j."""
    assert blurhash_of(np.full((5, 7, 3), color, np.uint8), 1, 1) == text


def test_phash_is_the_sign_of_low_frequencies() -> None:
    luma = made_picture(1)[:, :, 0]
    low = dctn(cv2.resize(luma, (32, 32), interpolation=cv2.INTER_AREA).astype(float), norm="ortho")[:8, :8]
    bits = "".join("1" if value > np.median(low) else "0" for value in low.ravel())
    assert phash_of(luma) == f"{int(bits, 2):016x}"
