"""Makes the pictures and tables that ship in service/assets: `python -m tools.make_assets [FOLDER]`.

Everything is drawn or computed here, so nothing in that folder has another author.
"""

import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

FOLDER = Path("service/assets")
_SIDE = 256
_CUBE = 9


def main() -> None:
    """Write every asset into the folder named first, or into service/assets."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in assets().items():
        (folder / name).write_bytes(data)
        print(f"{folder / name}: {len(data)} bytes")


def assets() -> dict[str, bytes]:
    """The files by name."""
    return {"logo.png": _png(logo()), "mask.png": _png(mask()), "warm.cube": warm().encode("ascii")}


def logo() -> NDArray[np.uint8]:
    """The mark of Darkroom, BGRA: a red safelight over a print that is being developed."""
    large = np.zeros((4 * _SIDE, 4 * _SIDE, 4), np.uint8)
    _box(large, (10, 10, 246, 246), 52, (30, 22, 26, 255))
    _box(large, (58, 132, 198, 214), 10, (235, 240, 242, 255))
    _polygon(large, [(70, 202), (106, 160), (128, 184), (150, 166), (186, 202)], (60, 52, 56, 255))
    _disc(large, (168, 156), 9, (60, 52, 56, 255))
    _polygon(large, [(128, 30), (128, 30), (84, 88), (172, 88)], (52, 46, 226, 255))
    _box(large, (78, 84, 178, 98), 7, (72, 68, 255, 255))
    _polygon(large, [(88, 104), (168, 104), (196, 126), (60, 126)], (48, 40, 120, 255))
    return _shrunk(large)


def mask() -> NDArray[np.uint8]:
    """A grey mask: white strokes on black, such as a scratch and a stain."""
    large = np.zeros((4 * _SIDE, 4 * _SIDE), np.uint8)
    across = np.linspace(0.12, 0.88, 60)
    stroke = np.stack([across, 0.3 + 0.06 * np.sin(across * 14)], axis=1) * 4 * _SIDE
    cv2.polylines(large, [np.rint(stroke).astype(np.int32)], isClosed=False, color=255, thickness=28)
    cv2.ellipse(large, (700, 700), (90, 60), 30, 0, 360, 255, -1)
    return cv2.resize(large, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)


def warm() -> str:
    """A 3D lookup table (.cube, red fastest): warmer lights, gently lifted shadows."""
    steps = np.linspace(0, 1, _CUBE)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    toned = np.stack([red**0.9 * 0.97 + 0.03, green * 0.97 + 0.015, blue**1.12 * 0.9 + 0.01], axis=3)
    lines = ["# Darkroom: a warm look", 'TITLE "warm"', f"LUT_3D_SIZE {_CUBE}"]
    rows = ("{:.4f} {:.4f} {:.4f}".format(*row) for row in toned.reshape(-1, 3))
    return "\n".join([*lines, *rows]) + "\n"


def _png(pixels: NDArray[np.uint8]) -> bytes:
    return bytes(cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 9])[1])


def _shrunk(large: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A quarter of the size, premultiplied, so that edges are smooth and not dark."""
    values = large.astype(np.float64)
    values[:, :, :3] *= values[:, :, 3:] / 255
    small = cv2.resize(values, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    small[:, :, :3] *= 255 / np.maximum(small[:, :, 3:], 1)
    return np.clip(np.rint(small), 0, 255).astype(np.uint8)


def _box(
    large: NDArray[np.uint8], corners: tuple[int, int, int, int], radius: int, color: tuple[int, int, int, int]
) -> None:
    """A filled rectangle with round corners; coordinates in pixels of the small picture."""
    left, top, right, bottom, round_by = (4 * value for value in (*corners, radius))
    for x in (left + round_by, right - round_by):
        for y in (top + round_by, bottom - round_by):
            cv2.circle(large, (x, y), round_by, color, -1)
    cv2.rectangle(large, (left + round_by, top), (right - round_by, bottom), color, -1)
    cv2.rectangle(large, (left, top + round_by), (right, bottom - round_by), color, -1)


def _polygon(large: NDArray[np.uint8], points: list[tuple[int, int]], color: tuple[int, int, int, int]) -> None:
    cv2.fillPoly(large, [np.array(points, np.int32) * 4], color)


def _disc(large: NDArray[np.uint8], centre: tuple[int, int], radius: int, color: tuple[int, int, int, int]) -> None:
    cv2.circle(large, (4 * centre[0], 4 * centre[1]), 4 * radius, color, -1)


if __name__ == "__main__":
    main()
