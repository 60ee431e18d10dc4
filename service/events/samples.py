"""A few drawn sample pictures, so that a new inbox is not empty."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

_SIZE = (960, 640)
Pixels = NDArray[np.uint8]


def draw_samples(folder: Path) -> None:
    """Write three sample pictures into a folder."""
    for name, picture in {"hills.jpg": _hills(), "pond.png": _pond(), "night.jpg": _night()}.items():
        cv2.imwrite(str(folder / name), picture)


def _ground(top: tuple[int, int, int], bottom: tuple[int, int, int]) -> Pixels:
    """A sky from one colour to another, BGR."""
    width, height = _SIZE
    down = np.linspace(0, 1, height)[:, None, None]
    sky = np.array(top) * (1 - down) + np.array(bottom) * down
    return np.ascontiguousarray(np.broadcast_to(sky, (height, width, 3)).astype(np.uint8))


def _ridge(picture: Pixels, level: float, swing: float, waves: float, color: tuple[int, int, int]) -> None:
    width, height = _SIZE
    across = np.arange(width)
    line = height * (level + swing * np.sin(across / width * waves) + swing / 3 * np.sin(across / width * waves * 2.7))
    outline = [[0, height], *np.stack([across, line], axis=1).astype(int).tolist(), [width, height]]
    cv2.fillPoly(picture, [np.array(outline, np.int32)], color, cv2.LINE_AA)


def _hills() -> Pixels:
    picture = _ground((214, 168, 96), (206, 226, 250))
    cv2.circle(picture, (700, 190), 62, (120, 214, 255), cv2.FILLED, cv2.LINE_AA)
    for step, color in enumerate([(170, 150, 120), (120, 130, 84), (70, 110, 58), (40, 74, 44)]):
        _ridge(picture, 0.5 + 0.13 * step, 0.05, 7.0 + 3 * step, color)
    return picture


def _pond() -> Pixels:
    picture = _ground((130, 96, 40), (196, 170, 110))
    for step in range(9):
        cv2.ellipse(picture, (480, 350), (60 + 44 * step, 20 + 15 * step), 0, 0, 360, (232, 214, 170), 2, cv2.LINE_AA)
    for x, y, size in ((250, 420, 70), (690, 300, 52), (560, 520, 88)):
        cv2.ellipse(picture, (x, y), (size, size // 3), 0, 20, 340, (70, 138, 60), cv2.FILLED, cv2.LINE_AA)
        cv2.circle(picture, (x, y - size // 5), size // 4, (190, 140, 238), cv2.FILLED, cv2.LINE_AA)
    return picture


def _night() -> Pixels:
    picture = _ground((58, 24, 12), (110, 60, 40))
    generator = np.random.default_rng(7)
    for x, y, size in zip(*(generator.integers(0, most, 160) for most in (960, 420, 3)), strict=True):
        cv2.circle(picture, (int(x), int(y)), int(size), (235, 240, 250), cv2.FILLED, cv2.LINE_AA)
    cv2.circle(picture, (230, 150), 54, (214, 232, 244), cv2.FILLED, cv2.LINE_AA)
    for left, top in zip(range(0, 960, 96), generator.integers(330, 520, 10), strict=True):
        cv2.rectangle(picture, (left, int(top)), (left + 88, 640), (44, 28, 22), cv2.FILLED)
        for x in range(left + 14, left + 80, 24):
            cv2.rectangle(picture, (x, int(top) + 24), (x + 10, int(top) + 42), (120, 210, 255), cv2.FILLED)
    return picture
