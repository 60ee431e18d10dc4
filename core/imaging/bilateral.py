"""Bilateral smoothing that takes grey for what it is: a colour."""

import cv2

from core.picture import Pixels


def smoothed(pixels: Pixels, diameter: int, color: float, space: float) -> Pixels:
    """`cv2.bilateralFilter` of grey or BGR, alike for a grey picture in one channel and in three.

    OpenCV sums the distance of colours over the channels, so in one channel it is a third of what it is in three.
    """
    color = color / 3 if pixels.shape[2] == 1 else color
    return cv2.bilateralFilter(pixels, diameter, color, space).reshape(pixels.shape)
