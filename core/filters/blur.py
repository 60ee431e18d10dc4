"""Blurs: filters that mix a pixel with its neighbours."""

from typing import Annotated

import cv2

from core.picture import Pixels
from core.registry import image_filter
from core.values import odd, ranged


@image_filter(cost=6, memory=4, alpha="premultiply", smooth=True, example="blur:15")
def blur(
    pixels: Pixels,
    kernel: Annotated[int, odd(1, 99, "Side of the square that is averaged, pixels; odd")] = 15,
    sigma: Annotated[float, ranged(0, 50, "Standard deviation, pixels; 0 derives it from the kernel")] = 0.0,
) -> Pixels:
    """Gaussian blur.

    With sigma 0 it is 0.3 × ((kernel - 1) × 0.5 - 1) + 0.8, as in OpenCV.
    Source: https://docs.opencv.org/4.x/d4/d86/group__imgproc__filter.html (GaussianBlur).
    """
    return cv2.GaussianBlur(pixels, (kernel, kernel), sigma)
