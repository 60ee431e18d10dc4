"""The picture that README's `detect/draw` is tried on: one shape of each class on a gradient.

python -m tools.shapes.example writes docs/img/shapes.png
"""

from pathlib import Path

import cv2
import numpy as np

from tools.shapes.drawing import painted
from tools.shapes.grounds import Pixels
from tools.shapes.outlines import LABELS, outline

WIDTH, HEIGHT = 480, 320
_TOP, _BOTTOM = (214, 226, 238), (238, 214, 196)
_COLORS = ((60, 76, 231), (219, 152, 52), (113, 174, 39), (18, 156, 243), (180, 105, 255), (173, 68, 142),
           (94, 73, 52), (133, 160, 22))  # fmt: skip


def example() -> Pixels:
    """BGR 480 × 320; every third shape is an outline."""
    rng = np.random.default_rng(6)
    ramp = np.linspace(0, 1, HEIGHT)[:, None, None]
    canvas = np.repeat((np.array(_TOP) * (1 - ramp) + np.array(_BOTTOM) * ramp).round().astype(np.uint8), WIDTH, axis=1)
    for index in range(len(LABELS)):
        size = rng.uniform(60, 96)
        middle = np.array([60 + 120 * (index % 4), 84 + 152 * (index // 4)]) + rng.uniform(-10, 10, 2)
        painted(canvas, outline(index, rng) * size + middle, 7 if index % 3 == 1 else 0, _COLORS[index])
    return canvas


def main() -> None:
    """Write the picture as PNG."""
    path = Path(__file__).resolve().parents[2] / "docs" / "img" / "shapes.png"
    path.write_bytes(cv2.imencode(".png", example(), [cv2.IMWRITE_PNG_COMPRESSION, 9])[1].tobytes())


if __name__ == "__main__":
    main()
