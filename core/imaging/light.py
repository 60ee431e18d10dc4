"""Means of light, not of the values that stand for it: a fine pattern of black and white is as bright as it looks.

Half of the light of white is stored as 188, not as 128. Source: IEC 61966-2-1 (core/imaging/srgb.py).
"""

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from core.imaging.alpha import opaque
from core.imaging.pixels import three_axes, to_uint8
from core.imaging.srgb import TO_LINEAR, encoded
from core.picture import Pixels

Light = NDArray[np.uint16]
"""Height × width × channels of 16 bits, in proportion to light, and premultiplied where alpha is there."""

_MOST = 65535


def in_light(pixels: Pixels, mix: Callable[[Light], Light]) -> Pixels:
    """Straight pixels, mixed by `mix` as light; it may change their number, and not their channels."""
    if opaque(pixels):
        mixed = three_axes(mix(cv2.LUT(pixels, _to_light()).reshape(pixels.shape)))
        made = _values()[mixed]
        if pixels.shape[2] == 4:
            made[:, :, 3] = 255
        return made
    alpha = cv2.extractChannel(pixels, 3).astype(np.uint16) * np.uint16(257)
    light = cv2.LUT(cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR), _to_light())
    mixed = mix(cv2.merge([*(cv2.multiply(plane, alpha, scale=1 / _MOST) for plane in cv2.split(light)), alpha]))
    blue, green, red, seen = cv2.split(mixed)
    colors = [_values()[cv2.divide(plane, seen, scale=_MOST)] for plane in (blue, green, red)]
    return cv2.merge([*colors, cv2.convertScaleAbs(seen, alpha=1 / 257)])


@cache
def _to_light() -> Light:
    return np.rint(TO_LINEAR * _MOST).astype(np.uint16).reshape(1, 256)


@cache
def _values() -> Pixels:
    """The stored value of each of 65,536 lights."""
    return to_uint8(encoded(np.arange(_MOST + 1) / _MOST) * 255)
