"""Alpha: what is transparent has no colour, so nothing may depend on what is stored there.

Filters that average work on premultiplied pixels (on straight ones the colour of invisible pixels bleeds: dark edges);
those that look for edges see what is hidden filled with the nearest colour that is seen; statistics weigh by alpha.
Source: Porter and Duff, "Compositing Digital Images", 1984.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from core.picture import Pixels

_ROWS = 256
_OPAQUE, _TRANSPARENT = 0xFF000000, 0x00FFFFFF
"""The least of an opaque pixel, and the most of one of alpha 0: alpha is the highest byte."""


def opaque(pixels: Pixels) -> bool:
    """Whether nothing is transparent: grey and BGR always, BGRA where every alpha is 255."""
    if pixels.shape[2] < 4:
        return True
    whole_pixels = pixels.view(
        "<u4"
    )  # alpha is the highest byte: a tenth of the time that looking at one channel takes
    return bool(whole_pixels.min() >= _OPAQUE)


def premultiplied(pixels: Pixels) -> Pixels:
    """BGRA with colour × alpha; grey, BGR and opaque BGRA as they are."""
    return pixels if opaque(pixels) else cv2.cvtColor(pixels, cv2.COLOR_RGBA2mRGBA)


def straight(pixels: Pixels) -> Pixels:
    """The inverse of `premultiplied`; where alpha is 0 the colour is black, and colour above alpha ends at 255."""
    return pixels if opaque(pixels) else cv2.cvtColor(pixels, cv2.COLOR_mRGBA2RGBA)


def straight_again(changed: Pixels, pixels: Pixels) -> Pixels:
    """`straight` of what a filter has made of `premultiplied(pixels)`; a pixel that it left has its own colour.

    There is no way back to that from the few levels that a low alpha leaves of a colour.
    """
    result = straight(changed)
    for top in range(0, len(pixels), _ROWS):
        part = slice(top, top + _ROWS)
        own = pixels[part]
        before, after = premultiplied(own).view("<u4"), changed[part].view("<u4")
        cv2.copyTo(own, ((before == after) & (before > _TRANSPARENT)).view(np.uint8), result[part])
    return result


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


def apart(pixels: Pixels) -> tuple[Pixels, Pixels | None]:
    """Colours (grey or BGR), and alpha (height, width) where something is transparent."""
    if pixels.shape[2] < 4:
        return pixels, None
    color = cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR)
    return color, None if opaque(pixels) else cv2.extractChannel(pixels, 3)


def weighed_counts(pixels: Pixels, alpha: Pixels | None, channel: int = 0) -> NDArray[np.float64]:
    """How many pixels have each of the 256 values in a channel; each counts by its alpha (height, width), 0 to 1."""
    if alpha is None:
        return cv2.calcHist([pixels], [channel], None, [256], [0, 256]).ravel().astype(np.float64)
    both = cv2.calcHist([pixels, alpha], [channel, pixels.shape[2]], None, [256, 256], [0, 256, 0, 256])
    return both.astype(np.float64) @ (np.arange(256) / 255)


def emptied(pixels: Pixels) -> Pixels:
    """BGRA whose colour is 0 wherever alpha is 0; grey, BGR and opaque BGRA as they are."""
    return pixels if opaque(pixels) else cv2.copyTo(pixels, cv2.extractChannel(pixels, 3))


def filled(pixels: Pixels) -> Pixels:
    """Colours (grey or BGR) in which each pixel of alpha 0 has the colour of the nearest one that is seen.

    Where nothing is seen all is black. What is seen goes on as a picture does whose edge is replicated.
    """
    if pixels.shape[2] < 4:
        return pixels
    color, alpha = cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR), cv2.extractChannel(pixels, 3)
    seen = cv2.countNonZero(alpha)
    if seen == 0:
        return np.zeros_like(color)
    if seen < alpha.size:
        _spread(color, alpha == 0, seen)
    return color


def _spread(color: Pixels, hidden: NDArray[np.bool_], seen: int) -> None:
    """Write into each hidden pixel the colour of the nearest of the `seen` others; in stripes, to keep copies small."""
    ground = hidden.view(np.uint8)
    nearest = cv2.distanceTransformWithLabels(ground, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)[1]
    colors = np.zeros((seen + 1, 3), np.uint8)
    stripes = [slice(top, top + _ROWS) for top in range(0, len(color), _ROWS)]
    for rows in stripes:
        shown = ~hidden[rows]
        colors[nearest[rows][shown]] = color[rows][shown]
    for rows in stripes:
        color[rows][hidden[rows]] = colors[nearest[rows][hidden[rows]]]
