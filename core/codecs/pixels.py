"""Pixels between a decoder and `Picture`: orientation, depth and channels."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.imaging.pixels import three_axes
from core.picture import Pixels

Raw = NDArray[Any]


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """The picture as it should be seen. Source: EXIF 2.32, tag 274, values 1 to 8."""
    if orientation in (5, 7):
        pixels = cv2.transpose(pixels)
    if orientation in (2, 3, 4, 7):
        pixels = cv2.flip(pixels, {2: 1, 3: -1, 4: 0, 7: -1}[orientation])
    if orientation in (6, 8):
        pixels = cv2.rotate(pixels, cv2.ROTATE_90_CLOCKWISE if orientation == 6 else cv2.ROTATE_90_COUNTERCLOCKWISE)
    return three_axes(pixels)


def eight_bits(pixels: Raw) -> Pixels:
    """16-bit divided by 257 and rounded, float 0 to 1 times 255; 8-bit as it is."""
    if pixels.dtype == np.uint8:
        return pixels
    scale = 1 / 257 if pixels.dtype == np.uint16 else 255.0
    if pixels.dtype != np.uint16:
        pixels = np.clip(np.nan_to_num(pixels.astype(np.float32, copy=False)), 0, 1)
    return three_axes(cv2.convertScaleAbs(three_axes(pixels), alpha=scale))


def as_channels(pixels: Pixels, channels: int) -> Pixels:
    """Grey spread to BGR, alpha added or dropped, as the header says; colour is never converted to grey."""
    have = pixels.shape[2]
    if have == 2:
        pixels = cv2.merge([pixels[:, :, 0]] * 3 + [pixels[:, :, 1]])
    elif have < channels:
        code = {(1, 3): cv2.COLOR_GRAY2BGR, (1, 4): cv2.COLOR_GRAY2BGRA, (3, 4): cv2.COLOR_BGR2BGRA}[have, channels]
        pixels = cv2.cvtColor(pixels, code)
    elif have == 4 and channels < 4:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR)
    return np.ascontiguousarray(three_axes(pixels))


def swapped(pixels: Pixels) -> Pixels:
    """BGR to RGB and back, alpha kept; grey as it is. A copy."""
    if pixels.shape[2] == 1:
        return pixels
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB if pixels.shape[2] == 3 else cv2.COLOR_BGRA2RGBA)
