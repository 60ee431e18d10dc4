"""Where a picture draws attention: a small map of saliency, and the window that keeps most of it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from core.imaging.alpha import filled, premultiplied, straight
from core.imaging.geometry import Box
from core.imaging.pixels import grey
from core.picture import Pixels, Size

Saliency = NDArray[np.float32]

_SIDE = 192
_EDGES, _SATURATION, _SKIN = 1.0, 0.5, 1.0
_BUSY, _AROUND = 3.0, 25
_SKIN_LOW, _SKIN_HIGH = (40, 133, 77), (255, 173, 127)


def saliency(pixels: Pixels) -> Saliency:
    """Attention a pixel, of shape (height, width) with at most 192 a side: edges, saturation and skin tones.

    Skin is Cr 133 to 173 and Cb 77 to 127 (Chai and Ngan, "Face segmentation using skin-color map", 1999); the mixture
    follows smartcrop.js and libvips. What is transparent draws none.
    """
    height, width = pixels.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    target = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = straight(cv2.resize(premultiplied(pixels), target, interpolation=cv2.INTER_AREA).reshape(*target[::-1], -1))
    color = filled(small)
    edges = _edges(grey(color))
    seen = _EDGES * edges
    if color.shape[2] > 1:
        seen += _colors(color, edges)
    if small.shape[2] == 4:
        seen *= small[:, :, 3] / np.float32(255)
    return cv2.GaussianBlur(seen, (5, 5), 0)


def _edges(luma: Pixels) -> Saliency:
    """Gradient's magnitude, 0 to about 1."""
    smooth = cv2.GaussianBlur(luma, (3, 3), 0)
    across, down = (cv2.Sobel(smooth, cv2.CV_32F, dx, dy, scale=1 / 255) for dx, dy in ((1, 0), (0, 1)))
    return cv2.magnitude(across, down)


def _colors(small: Pixels, edges: Saliency) -> Saliency:
    """Weighted saturation and skin, 0 to 1 each before the weights; skin counts where edges are near, as in a face."""
    saturation = (small.max(axis=2) - small.min(axis=2)) / np.float32(255)
    skin = cv2.inRange(cv2.cvtColor(small, cv2.COLOR_BGR2YCrCb), _SKIN_LOW, _SKIN_HIGH) / np.float32(255)
    busy = np.minimum(_BUSY * cv2.blur(edges, (_AROUND, _AROUND)), 1)
    return np.asarray(_SATURATION * saturation**2 + _SKIN * skin * busy**2, np.float32)


def most_salient(pixels: Pixels, size: Size) -> Box:
    """The box of `size`, at most the picture's, that keeps most attention, the more so in its middle."""
    height, width = pixels.shape[:2]
    seen = saliency(pixels)
    across, down = seen.shape[1] / width, seen.shape[0] / height
    inner = Size(max(1, int(size.width * across)), max(1, int(size.height * down)))
    x, y = _best(seen, inner)
    left = _spread(x, seen.shape[1] - inner.width, width - size.width)
    top = _spread(y, seen.shape[0] - inner.height, height - size.height)
    return Box(left, top, *size)


def _spread(step: int, steps: int, room: int) -> int:
    """A place among `steps` of the map as a place in `room` of the picture: edges stay edges."""
    return round(step * room / steps) if steps else room // 2


def _best(seen: Saliency, inner: Size) -> tuple[int, int]:
    """The window's place with the highest weighted sum; equal ones go to the middle."""
    rows = np.lib.stride_tricks.sliding_window_view(seen, inner.width, axis=1) @ _weights(inner.width)
    sums = np.lib.stride_tricks.sliding_window_view(rows, inner.height, axis=0) @ _weights(inner.height)
    down, across = (np.abs(np.linspace(-1, 1, count)) if count > 1 else np.zeros(1) for count in sums.shape)
    score = sums - (1e-3 * float(sums.max()) + 1e-6) * (down[:, None] + across)
    y, x = np.unravel_index(int(np.argmax(score)), score.shape)
    return int(x), int(y)


def _weights(count: int) -> Saliency:
    """1 in the middle of the window, a half at its edges."""
    return np.asarray(0.5 + 0.5 * np.sin(np.pi * (np.arange(count) + 0.5) / count), np.float32)
