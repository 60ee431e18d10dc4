"""Small helpers that many filters share."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.picture import Pixels

_STRIPE_BYTES = 4 * 1024 * 1024


def grey(pixels: Pixels) -> Pixels:
    """Luma of shape (height, width, 1), Rec. 601 weights as in `cv2.cvtColor`; alpha is ignored."""
    if pixels.shape[2] == 1:
        return pixels
    code = cv2.COLOR_BGR2GRAY if pixels.shape[2] == 3 else cv2.COLOR_BGRA2GRAY
    return cv2.cvtColor(pixels, code)[:, :, None]


def three_axes(pixels: NDArray[Any]) -> NDArray[Any]:
    """OpenCV drops the axis of a single channel; this puts it back."""
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def to_uint8(values: NDArray[Any]) -> Pixels:
    """Values rounded (half to even) and clipped to 0 to 255."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def through_table(pixels: Pixels, table: NDArray[Any]) -> Pixels:
    """Every value replaced by `table[value]`; `table` has 256 rows and one column, or one for each channel."""
    return cv2.LUT(pixels, to_uint8(table).reshape(1, 256, -1)).reshape(pixels.shape)


def by_rows(pixels: Pixels, function: Callable[[Pixels], Pixels], halo: int = 0) -> Pixels:
    """`function` over stripes of rows, so that its float copies stay small; each stripe has `halo` rows more around.

    `function` keeps the height; it may change the number of channels.
    """
    return by_placed_rows(pixels, lambda part, _top: function(part), halo)


def by_placed_rows(pixels: Pixels, function: Callable[[Pixels, int], Pixels], halo: int = 0) -> Pixels:
    """The same for a function that needs to know where it is: it is handed the stripe and the number of its top row."""
    height = pixels.shape[0]
    rows = max(16, halo, _STRIPE_BYTES // max(1, pixels.shape[1] * pixels.shape[2] * 4))
    result: Pixels | None = None
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        first = max(top - halo, 0)
        part = function(pixels[first : min(bottom + halo, height)], first)
        if result is None:
            result = np.empty((height, *part.shape[1:]), np.uint8)
        result[top:bottom] = part[top - first : top - first + bottom - top]
    return pixels if result is None else result
