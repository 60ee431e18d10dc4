"""Balance: filters that look at the whole picture's values and correct its light and colour."""

from typing import Annotated, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from core.imaging.pixels import by_placed_rows, grey, through_table
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


@image_filter(cost=12, memory=4.5, example="clahe")
def clahe(
    pixels: Pixels,
    clip: Annotated[float, ranged(0.1, 40, "How much a tile's contrast may grow; 1 is hardly at all")] = 2.0,
    tiles: Annotated[int, ranged(1, 64, "Tiles along each side")] = 8,
) -> Pixels:
    """Local contrast, evened out tile by tile (CLAHE).

    Works on luma; colours keep their distance from grey.
    Source: https://docs.opencv.org/4.x/d6/db6/classcv_1_1CLAHE.html; Zuiderveld, Graphics Gems IV, 1994.
    """
    across, down = (min(tiles, side) for side in (pixels.shape[1], pixels.shape[0]))
    before = grey(pixels)[:, :, 0]
    after = cv2.createCLAHE(clip, (across, down)).apply(before)
    return after if pixels.shape[2] == 1 else _relit(pixels, before, after)


@image_filter(cost=9, memory=4.5, example="equalize")
def equalize(pixels: Pixels) -> Pixels:
    """Contrast spread so that every brightness is equally frequent.

    Works on luma; colours keep their distance from grey.
    Source: https://docs.opencv.org/4.x/d6/dc7/group__imgproc__hist.html (equalizeHist).
    """
    before = grey(pixels)[:, :, 0]
    after = cv2.equalizeHist(before)
    return after if pixels.shape[2] == 1 else _relit(pixels, before, after)


def _counts(pixels: Pixels, channel: int = 0) -> NDArray[np.float64]:
    """How many pixels have each of the 256 values in this channel."""
    return cv2.calcHist([pixels], [channel], None, [256], [0, 256]).ravel().astype(np.float64)


def _stretch(counts: NDArray[np.float64], cutoff: float) -> NDArray[np.float64]:
    """The table that maps what is left after cutting `cutoff` percent at each end to 0 to 255."""
    total, cut = counts.sum(), counts.sum() * cutoff / 100
    low = int(np.argmax(np.cumsum(counts) > cut))
    high = int(np.argmax(np.cumsum(counts) >= total - cut))
    values = np.arange(256, dtype=np.float64)
    return (values - low) * 255 / (high - low) if high > low else values


@image_filter(cost=6, memory=3.5, example="autocontrast:1")
def autocontrast(
    pixels: Pixels,
    cutoff: Annotated[float, ranged(0, 49, "Darkest and lightest pixels to ignore, percent of each")] = 1.0,
    by: Annotated[
        Literal["luma", "channel"], doc("One stretch for all channels, or one each (shifts colours)")
    ] = "luma",
) -> Pixels:
    """Darkest to black, lightest to white.

    As Pillow's `ImageOps.autocontrast`, with `preserve_tone` where `by=luma`.
    Source: https://pillow.readthedocs.io/en/stable/reference/ImageOps.html#PIL.ImageOps.autocontrast.
    """
    if by == "luma":
        return through_table(pixels, _stretch(_counts(grey(pixels)), cutoff))
    tables = [_stretch(_counts(pixels, channel), cutoff) for channel in range(pixels.shape[2])]
    return through_table(pixels, np.stack(tables, axis=1))


@image_filter(cost=6, memory=3.5, example="white_balance")
def white_balance(
    pixels: Pixels,
    method: Annotated[
        Literal["gray_world", "white_patch"], doc("Make the mean grey, or the lightest of each channel white")
    ] = "gray_world",
    percentile: Annotated[float, ranged(50, 100, "Percent of pixels below what `white_patch` makes white")] = 99.0,
) -> Pixels:
    """Removes a colour cast.

    Each channel × one gain, on the stored values. Grey pictures have no cast.
    Source: Buchsbaum, J. Franklin Institute 310, 1980; Land and McCann, J. Opt. Soc. Am. 61, 1971.
    """
    if pixels.shape[2] == 1:
        return pixels
    if method == "gray_world":
        means = np.array(cv2.mean(pixels)[:3])
        gains = means.mean() / np.maximum(means, 1e-6)
    else:
        gains = 255 / np.maximum(_percentiles(pixels, percentile), 1)
    return through_table(pixels, np.arange(256)[:, None] * gains)


def _percentiles(pixels: Pixels, percent: float) -> NDArray[np.float64]:
    """The value in each channel below or at which `percent` of the pixels are."""
    sums = [np.cumsum(_counts(pixels, channel)) for channel in range(3)]
    return np.array([np.searchsorted(below, below[-1] * percent / 100) for below in sums], np.float64)
