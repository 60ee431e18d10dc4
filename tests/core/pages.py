"""A made page of text, upright and tilted."""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from core.imaging.geometry import rotation
from core.picture import Size


@cache
def page() -> NDArray[np.uint8]:
    """A page of 25 lines of text, 600 × 700."""
    pixels = np.full((700, 600, 1), 250, np.uint8)
    letters = np.random.default_rng(3)
    for baseline in range(60, 660, 26):
        text = "".join(letters.choice(list("abcdefghijklmnop qrstuvwxyz"), 34))
        cv2.putText(pixels, text, (40, baseline), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 20, 2)
    return pixels


def tilted(pixels: NDArray[np.uint8], angle: float) -> NDArray[np.uint8]:
    """The picture turned clockwise about its middle."""
    height, width = pixels.shape[:2]
    return rotation(Size(width, height), angle, expand=False).apply(pixels)
