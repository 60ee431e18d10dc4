"""Premultiplied alpha: a spatial filter on straight alpha lets the colour of invisible pixels bleed (dark edges).

Source: Porter and Duff, «Compositing Digital Images», 1984.
"""

import cv2
import numpy as np

from core.picture import Pixels

_ROWS = 256


def opaque(pixels: Pixels) -> bool:
    """Whether nothing is transparent: grey and BGR always, BGRA where every alpha is 255."""
    return pixels.shape[2] < 4 or bool(cv2.minMaxLoc(pixels[:, :, 3])[0] == 255)


def premultiplied(pixels: Pixels) -> Pixels:
    """BGRA with colour × alpha; grey, BGR and opaque BGRA as they are."""
    return pixels if opaque(pixels) else cv2.cvtColor(pixels, cv2.COLOR_RGBA2mRGBA)


def straight(pixels: Pixels) -> Pixels:
    """The inverse of `premultiplied`; where alpha is 0 the colour is black, and colour above alpha ends at 255."""
    return pixels if opaque(pixels) else cv2.cvtColor(pixels, cv2.COLOR_mRGBA2RGBA)


def flattened(pixels: Pixels, background: tuple[int, int, int]) -> Pixels:
    """BGRA laid on an opaque background (blue, green, red); grey and BGR as they are."""
    if pixels.shape[2] < 4:
        return pixels
    result = np.empty((*pixels.shape[:2], 3), np.uint8)
    ground = np.array(background, np.uint16)
    for top in range(0, pixels.shape[0], _ROWS):
        part = pixels[top : top + _ROWS].astype(np.uint16)
        alpha = part[:, :, 3:]
        result[top : top + _ROWS] = (part[:, :, :3] * alpha + ground * (255 - alpha) + 127) // 255
    return result
