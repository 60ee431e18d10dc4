"""The picture of the documents: a street by code, so that nobody's photograph is in the repository.

python -m tools.scene writes docs/img/street.png
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Color = tuple[int, int, int]

WIDTH, HEIGHT, SCALE = 480, 320, 4
HORIZON = 214
_WALLS: tuple[Color, ...] = ((92, 128, 214), (150, 178, 122), (116, 196, 238), (196, 158, 118), (170, 140, 206))
_GLASS: Color = (120, 92, 64)
_LIT: Color = (150, 226, 255)


def scene() -> Pixels:
    """A street in the evening, BGR 480 × 320: smooth sky, sharp edges, saturated walls, text, fine texture."""
    rng = np.random.default_rng(2026)
    small = cv2.resize(_drawn(rng), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    grain = rng.normal(0, 2.2, (HEIGHT, WIDTH, 1))
    return np.clip(small + grain, 0, 255).astype(np.uint8)


def drawing() -> Pixels:
    """The same street as it is drawn, BGR 1920 × 1280, without grain."""
    return _drawn(np.random.default_rng(2026))


def _drawn(rng: np.random.Generator) -> Pixels:
    canvas = _sky()
    _sun(canvas, (356, 92))
    _clouds(canvas, rng)
    _hills(canvas)
    _houses(canvas)
    _road(canvas)
    _tree(canvas, (52, 236), rng)
    _tree(canvas, (438, 244), rng)
    _sign(canvas, (218, 194))
    return canvas


def _at(*values: float) -> list[int]:
    """Coordinates of the drawing, larger than the result by SCALE."""
    return [round(value * SCALE) for value in values]


def _box(canvas: Pixels, left: float, top: float, right: float, bottom: float, color: Color) -> None:
    x0, y0, x1, y1 = _at(left, top, right, bottom)
    cv2.rectangle(canvas, (x0, y0), (x1, y1), color, cv2.FILLED)


def _shape(canvas: Pixels, points: list[tuple[float, float]], color: Color) -> None:
    cv2.fillPoly(canvas, [np.array([_at(*point) for point in points], np.int32)], color, cv2.LINE_AA)


def _disc(canvas: Pixels, center: tuple[float, float], radius: float, color: Color) -> None:
    x, y, r = _at(*center, radius)
    cv2.circle(canvas, (x, y), r, color, cv2.FILLED, cv2.LINE_AA)


def _sky() -> Pixels:
    down = np.linspace(0, 1, HEIGHT * SCALE)[:, None] ** 0.8
    top, bottom = np.array([168, 92, 44.0]), np.array([150, 206, 252.0])
    rows = top + (bottom - top) * np.minimum(1, down * HEIGHT / HORIZON)
    return np.repeat(rows[:, None, :], WIDTH * SCALE, axis=1).astype(np.uint8)


def _sun(canvas: Pixels, center: tuple[float, float]) -> None:
    y, x = np.mgrid[0 : HEIGHT * SCALE, 0 : WIDTH * SCALE]
    away = np.hypot(x - center[0] * SCALE, y - center[1] * SCALE) / SCALE
    glow = np.exp(-((away / 60) ** 2))[:, :, None] * 0.75
    canvas[:] = (canvas * (1 - glow) + np.array([170, 232, 255]) * glow).astype(np.uint8)
    _disc(canvas, center, 24, (196, 244, 255))


def _clouds(canvas: Pixels, rng: np.random.Generator) -> None:
    for left, top, width in ((40, 56, 96), (190, 34, 70), (226, 96, 56)):
        for _ in range(14):
            x = left + rng.uniform(0, width)
            _disc(canvas, (x, top + rng.uniform(-5, 3)), rng.uniform(5, 11), (238, 232, 246))


def _hills(canvas: Pixels) -> None:
    for base, swing, phase, color in ((176, 18, 0.4, (142, 128, 116)), (194, 13, 2.1, (104, 132, 96))):
        xs = np.linspace(0, WIDTH, 121)
        ys = base - swing * np.sin(xs / 62 + phase) - 6 * np.sin(xs / 23)
        _shape(canvas, [*zip(xs, ys, strict=True), (WIDTH, HORIZON + 4), (0, HORIZON + 4)], color)


def _houses(canvas: Pixels) -> None:
    for index, wall in enumerate(_WALLS):
        left, height = 74 + index * 66, (78, 102, 86, 70, 94)[index]
        top = HORIZON + 18 - height
        roof: Color = (70, 64, 138) if index % 2 else (88, 76, 84)
        _box(canvas, left, top, left + 60, HORIZON + 18, wall)
        _shape(canvas, [(left - 4, top), (left + 30, top - 26), (left + 64, top)], roof)
        _windows(canvas, left, top, height, index)


def _windows(canvas: Pixels, left: float, top: float, height: float, index: int) -> None:
    for row in range(int((height - 34) // 24)):
        for column in range(3):
            x, y = left + 8 + column * 17, top + 10 + row * 24
            _box(canvas, x - 1.5, y - 1.5, x + 11.5, y + 15.5, (244, 246, 248))
            _box(canvas, x, y, x + 10, y + 14, _LIT if (row + column + index) % 3 == 0 else _GLASS)
            _box(canvas, x, y + 6.4, x + 10, y + 7.4, (244, 246, 248))
    _box(canvas, left + 24, HORIZON - 8, left + 37, HORIZON + 18, (52, 60, 92))
    _disc(canvas, (left + 34, HORIZON + 6), 1.3, (120, 220, 250))


def _road(canvas: Pixels) -> None:
    _box(canvas, 0, HORIZON + 18, WIDTH, HORIZON + 30, (176, 178, 182))
    _box(canvas, 0, HORIZON + 30, WIDTH, HEIGHT, (92, 88, 86))
    texture = np.random.default_rng(9).normal(0, 9, canvas.shape[:2]).astype(np.float32)
    fine = cv2.GaussianBlur(texture, (0, 0), SCALE / 2) * 4
    floor = slice((HORIZON + 18) * SCALE, None)
    canvas[floor] = np.clip(canvas[floor] + fine[floor, :, None], 0, 255).astype(np.uint8)
    for left in range(-20, WIDTH, 74):
        _shape(canvas, [(left, 284), (left + 38, 284), (left + 32, 291), (left - 8, 291)], (226, 238, 242))


def _tree(canvas: Pixels, foot: tuple[float, float], rng: np.random.Generator) -> None:
    x, y = foot
    _box(canvas, x - 4, y - 52, x + 4, y, (46, 66, 96))
    for _ in range(90):
        angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0, 30)
        shade = rng.uniform(0.6, 1.15)
        leaf = (round(56 * shade), round(142 * shade), round(84 * shade))
        _disc(canvas, (x + reach * np.cos(angle), y - 72 + reach * np.sin(angle)), rng.uniform(4, 9), leaf)


def _sign(canvas: Pixels, corner: tuple[float, float]) -> None:
    x, y = corner
    _box(canvas, x + 50, y, x + 54, HORIZON + 27, (110, 104, 98))
    _box(canvas, x, y, x + 104, y + 20, (40, 40, 190))
    _box(canvas, x + 1.5, y + 1.5, x + 102.5, y + 18.5, (236, 240, 246))
    place = tuple(_at(x + 7, y + 14.5))
    cv2.putText(canvas, "DARKROOM", place, cv2.FONT_HERSHEY_DUPLEX, 0.5 * SCALE, (40, 34, 30), SCALE, cv2.LINE_AA)


def street() -> Path:
    """The scene as it is committed: examples run on these bytes, whatever this machine's encoder would write."""
    return Path(__file__).resolve().parent.parent / "docs" / "img" / "street.png"


def main() -> None:
    """Write the scene as PNG."""
    path = street()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", scene(), [cv2.IMWRITE_PNG_COMPRESSION, 9])[1].tobytes())


if __name__ == "__main__":
    main()
