"""Balance: filters that look at the whole picture's values and correct its light and colour."""

from typing import Annotated, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from core.cost import Cost
from core.detail import Left
from core.findings.coverage import EVERYWHERE
from core.imaging.alpha import apart, weighed_counts
from core.imaging.pixels import by_placed_rows, grey, through_table, to_uint8
from core.language.values import doc, ranged
from core.picture import Pixels
from core.registry import image_filter


def _relit(pixels: Pixels, before: Pixels, after: Pixels) -> Pixels:
    """The pixels with their luma moved from `before` to `after`; as a new Y in YCrCb, but without rounding."""

    def moved(part: Pixels, top: int) -> Pixels:
        rows = slice(top, top + part.shape[0])
        up, down = cv2.subtract(after[rows], before[rows]), cv2.subtract(before[rows], after[rows])
        return cv2.subtract(cv2.add(part, cv2.merge([up] * 3)), cv2.merge([down] * 3))

    return by_placed_rows(pixels, moved)


_TILE = 16
"""Least side of a tile, pixels: OpenCV clips a histogram at whole pixels, which fewer than 256 of them escape."""


@image_filter(
    cost=Cost(pixel=8, fixed=20, grey=0.6),
    detail=lambda clip, **_: Left(lossy=1.2, exact=1.1, raises=min(0.8, clip / 40)),
    memory=4.5,
    alpha="fill",
    revision=2,
    example="clahe",
    reach=EVERYWHERE,
)
def clahe(
    pixels: Pixels,
    clip: Annotated[float, ranged(0.1, 40, "How much a tile's contrast may grow; 1 is hardly at all")] = 2.0,
    tiles: Annotated[int, ranged(1, 64, "Tiles along each side")] = 8,
) -> Pixels:
    """Local contrast, evened out tile by tile (CLAHE).

    Works on luma; colours keep their distance from grey. A tile is at least 16 pixels a side, and a picture of one
    brightness stays as it is.
    Source: https://docs.opencv.org/4.x/d6/db6/classcv_1_1CLAHE.html; Zuiderveld, Graphics Gems IV, 1994.
    """
    before = grey(pixels)[:, :, 0]
    low, high, _, _ = cv2.minMaxLoc(before)
    if low == high:
        return pixels
    after = _locally(before, clip, tiles)
    return after if pixels.shape[2] == 1 else _relit(pixels, before, after)


def _locally(luma: Pixels, clip: float, tiles: int) -> Pixels:
    """CLAHE of (height, width). Of a side that is shorter than a tile each pixel is taken 16 times: all shares stay."""
    down, across = (1 if side >= _TILE else _TILE for side in luma.shape)
    large = luma.repeat(down, axis=0).repeat(across, axis=1) if down > 1 or across > 1 else luma
    rows, columns = (min(tiles, side // _TILE) for side in large.shape)
    result = cv2.createCLAHE(clip, (columns, rows)).apply(large)
    return np.ascontiguousarray(result[down // 2 :: down, across // 2 :: across])


@image_filter(
    cost=Cost(pixel=3.8, fixed=20, grey=0.4),
    detail=Left(lossy=0.6, raises=0.6),
    memory=4.5,
    alpha="weigh",
    revision=2,
    example="equalize",
    reach=EVERYWHERE,
)
def equalize(pixels: Pixels) -> Pixels:
    """Contrast spread so that every brightness is equally frequent.

    Works on luma; colours keep their distance from grey. A pixel counts by its alpha.
    Source: https://docs.opencv.org/4.x/d6/dc7/group__imgproc__hist.html (equalizeHist).
    """
    color, alpha = apart(pixels)
    before = grey(color)[:, :, 0]
    after = (
        cv2.equalizeHist(before)
        if alpha is None
        else cv2.LUT(before, _equal(weighed_counts(before[:, :, None], alpha)))
    )
    return after if color.shape[2] == 1 else _relit(color, before, after)


def _equal(counts: NDArray[np.float64]) -> Pixels:
    """The table of `cv2.equalizeHist`: the lowest value that is there becomes 0, the highest 255."""
    seen = np.flatnonzero(counts)
    rest = counts.sum() - counts[seen[0]] if len(seen) else 0.0
    if rest <= 0:
        return np.arange(256, dtype=np.uint8)
    return to_uint8(np.cumsum(counts - counts[seen[0]] * (np.arange(256) == seen[0])) * 255 / rest)


def _stretch(counts: NDArray[np.float64], cutoff: float) -> NDArray[np.float64]:
    """The table that maps what is left after cutting `cutoff` percent at each end to 0 to 255."""
    below = np.cumsum(counts)
    cut = below[-1] * cutoff / 100
    low, high = int(np.argmax(below > cut)), int(np.argmax(below >= below[-1] - cut))
    values = np.arange(256, dtype=np.float64)
    return (values - low) * 255 / (high - low) if high > low else values


@image_filter(
    cost=lambda by, **_: Cost(pixel=4.5 if by == "luma" else 8.8, fixed=40),
    detail=Left(lossy=0.8, raises=0.3),
    memory=3.5,
    alpha="weigh",
    revision=2,
    example="autocontrast:1",
    reach=EVERYWHERE,
)
def autocontrast(
    pixels: Pixels,
    cutoff: Annotated[float, ranged(0, 49, "Darkest and lightest pixels to ignore, percent of each")] = 1.0,
    by: Annotated[
        Literal["luma", "channel"], doc("One stretch for all channels, or one each (shifts colours)")
    ] = "luma",
) -> Pixels:
    """Darkest to black, lightest to white.

    As Pillow's `ImageOps.autocontrast`, with `preserve_tone` where `by=luma`. A pixel counts by its alpha.
    Source: https://pillow.readthedocs.io/en/stable/reference/ImageOps.html#PIL.ImageOps.autocontrast.
    """
    color, alpha = apart(pixels)
    if by == "luma":
        return through_table(color, _stretch(weighed_counts(grey(color), alpha), cutoff))
    return through_table(color, np.stack([_stretch(counts, cutoff) for counts in _by_channel(color, alpha)], axis=1))


def _by_channel(color: Pixels, alpha: Pixels | None) -> list[NDArray[np.float64]]:
    """How many pixels, each by its alpha, have each of the 256 values in each channel."""
    return [weighed_counts(color, alpha, channel) for channel in range(color.shape[2])]


@image_filter(
    cost=lambda method, **_: Cost(
        pixel=3.6 if method == "gray_world" else 9.0, fixed=60, alpha=12, grey=0.05 if method == "gray_world" else 0.4
    ),
    memory=3.5,
    alpha="weigh",
    revision=2,
    example="white_balance",
    reach=EVERYWHERE,
)
def white_balance(
    pixels: Pixels,
    method: Annotated[
        Literal["gray_world", "white_patch"], doc("Make the mean grey, or the lightest of each channel white")
    ] = "gray_world",
    percentile: Annotated[float, ranged(50, 100, "Percent of pixels below what `white_patch` makes white")] = 99.0,
) -> Pixels:
    """Removes a colour cast.

    Each channel × one gain, on the stored values. A grey picture has no cast, but its lightest can become white. A
    pixel counts by its alpha.
    Source: Buchsbaum, J. Franklin Institute 310, 1980; Land and McCann, J. Opt. Soc. Am. 61, 1971.
    """
    if pixels.shape[2] == 1 and method == "gray_world":
        return pixels
    color, alpha = apart(pixels)
    if method == "gray_world":
        means = _means(color, alpha)
        gains = means.mean() / np.maximum(means, 1e-6)
    else:
        gains = 255 / np.maximum(_percentiles(color, alpha, percentile), 1)
    return through_table(color, np.arange(256)[:, None] * gains)


def _means(color: Pixels, alpha: Pixels | None) -> NDArray[np.float64]:
    """The mean of each channel, each pixel by its alpha."""
    if alpha is None:
        return np.array(cv2.mean(color)[: color.shape[2]])
    counts = np.array(_by_channel(color, alpha))
    return counts @ np.arange(256) / np.maximum(counts.sum(axis=1), 1e-6)


def _percentiles(color: Pixels, alpha: Pixels | None, percent: float) -> NDArray[np.float64]:
    """The value in each channel below or at which `percent` of the pixels are, each by its alpha."""
    sums = [np.cumsum(counts) for counts in _by_channel(color, alpha)]
    return np.array([np.searchsorted(below, below[-1] * percent / 100) for below in sums], np.float64)
