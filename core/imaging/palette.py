"""A few colours that stand for many."""

from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from core.imaging import clusters
from core.picture import Pixels

Colors = NDArray[np.float32]
"""Rows of blue, green, red, 0 to 255."""

SAMPLES = 16384
_BITS = 6
_CELLS = 2 ** (3 * _BITS)


def clustering(count: int) -> float:
    """Nanoseconds a sample that k-means takes for so many colours; for few it is begun three times."""
    return 250.0 + 110.0 * count if count <= clusters.FEW else 1000.0 + 3.6 * count


def halving(count: int) -> float:
    """Microseconds that k-means takes beside that."""
    return 45.0 * count * (count > clusters.FEW)


def sample(pixels: Pixels, most: int = SAMPLES) -> Pixels:
    """About so many pixels on a regular grid, as rows; all of them where there are no more."""
    step = ceil((pixels.shape[0] * pixels.shape[1] / most) ** 0.5)
    return pixels[::step, ::step].reshape(-1, pixels.shape[2])


def dominant(samples: Pixels, count: int) -> tuple[Colors, NDArray[np.int64]]:
    """At most `count` colours and how many of the samples (rows of BGR) each stands for, most frequent first.

    k-means in CIE Lab with a fixed seed. Source: https://docs.opencv.org/4.x/d5/d38/group__core__cluster.html.
    """
    values, counts = distinct(samples)
    colors = values.astype(np.float32)
    if len(colors) > count:
        colors, counts = _clusters(samples, count)
    order = np.argsort(-counts, kind="stable")
    return colors[order], counts[order]


def distinct(rows: Pixels) -> tuple[Pixels, NDArray[np.int64]]:
    """The different ones of rows of up to four values, in order, and how many there are of each."""
    width = rows.shape[1]
    packed = np.zeros((len(rows), 4), np.uint8)
    packed[:, :width] = rows
    values, counts = np.unique(packed.view(">u4")[:, 0].astype(np.uint32), return_counts=True)
    return np.ascontiguousarray(values.astype(">u4")[:, None].view(np.uint8)[:, :width]), counts


def _clusters(samples: Pixels, count: int) -> tuple[Colors, NDArray[np.int64]]:
    found = clusters.clustered(_lab(samples), count)
    return clusters.means(samples, found.labels, len(found.centres))


def _lab(colors: NDArray[np.generic]) -> NDArray[np.float32]:
    return cv2.cvtColor(colors.astype(np.float32)[:, None] / 255, cv2.COLOR_BGR2Lab)[:, 0]


def color_cells(pixels: Pixels) -> NDArray[np.int32]:
    """Which of 64 × 64 × 64 cells of the colour cube each BGR pixel is in."""
    high = (pixels >> (8 - _BITS)).astype(np.int32)
    return high[:, :, 0] << (2 * _BITS) | high[:, :, 1] << _BITS | high[:, :, 2]


def nearest_colors(colors: Colors, occupied: NDArray[np.bool_]) -> Pixels:
    """For each cell of the colour cube the nearest of the colours (CIE Lab); cells that are not occupied hold any."""
    table = np.zeros((_CELLS, 3), np.uint8)
    (where,) = np.nonzero(occupied)
    palette, rounded = _lab(colors), np.rint(colors).astype(np.uint8)
    for part in np.array_split(where, max(1, len(where) // 2**14)):
        mask, width = 2**_BITS - 1, 2 ** (8 - _BITS)
        centres = np.stack([part >> (2 * _BITS), part >> _BITS & mask, part & mask], axis=1) * width + (width - 1) / 2
        table[part] = rounded[clusters.closest(_lab(centres), palette)]
    return table


def occupied_cells(pixels: Pixels, rows: int = 64) -> NDArray[np.bool_]:
    """Which cells of the colour cube any pixel is in."""
    found = np.zeros(_CELLS, np.bool_)
    for top in range(0, pixels.shape[0], rows):
        found[color_cells(pixels[top : top + rows])] = True
    return found
