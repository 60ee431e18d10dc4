"""The transfer function of sRGB: what a stored value means in light, and back.

Source: IEC 61966-2-1; https://www.w3.org/TR/css-color-4/#color-conversion-code.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

LUMINANCE = (0.2126, 0.7152, 0.0722)
"""Share of red, green and blue in linear light's luminance (Rec. 709)."""


def linear(values: NDArray[Any]) -> NDArray[np.float64]:
    """Light, 0 to 1, of encoded values from 0 to 1."""
    values = np.asarray(values, np.float64)
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def encoded(light: NDArray[Any]) -> NDArray[np.float64]:
    """Encoded values, 0 to 1, of light; light below 0 or above 1 is clipped."""
    light = np.clip(np.asarray(light, np.float64), 0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


TO_LINEAR = linear(np.arange(256) / 255)
"""Light of each 8-bit value."""
