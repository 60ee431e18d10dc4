"""Bilateral smoothing that takes grey for what it is: a colour."""

import cv2

from core.picture import Pixels

_ROUNDS = 7
"""From this diameter on OpenCV rounds its means in one channel too; of smaller ones it cuts the fraction off."""


def smoothed(pixels: Pixels, diameter: int, color: float, space: float) -> Pixels:
    """`cv2.bilateralFilter` of grey or BGR, alike for a grey picture in one channel and in three.

    OpenCV sums the distance of colours over the channels, so in one channel it is a third of what it is in three.
    """
    if pixels.shape[2] == 3:
        return cv2.bilateralFilter(pixels, diameter, color, space)
    if diameter >= _ROUNDS:
        return cv2.bilateralFilter(pixels, diameter, color / 3, space)[:, :, None]
    return smoothed(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR), diameter, color, space)[:, :, :1]
