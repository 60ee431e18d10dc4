"""The frames of an animation as the parts that change, one at a time."""

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np

from core.codecs.base import EncodeJob
from core.codecs.pixels import as_channels
from core.picture import Picture, Pixels


class Patch(NamedTuple):
    """What a frame changes in the one before it: pixels at a place, shown for a duration in milliseconds."""

    x: int
    y: int
    pixels: Pixels
    duration: int


def patches(frames: Iterator[Picture], job: EncodeJob, grid: int = 1) -> Iterator[Patch]:
    """The first frame whole, of each other the rectangle that changed; x and y are multiples of `grid`."""
    before: Pixels | None = None
    for number, picture in enumerate(frames):
        job.check(f"encode frame {number}")
        pixels = picture.pixels if before is None else as_channels(picture.pixels, before.shape[2])
        x, y, right, bottom = (0, 0, *picture.size) if before is None else _changed(before, pixels)
        x, y = x - x % grid, y - y % grid
        yield Patch(x, y, np.ascontiguousarray(pixels[y:bottom, x:right]), picture.origin.duration)
        before = pixels


def _changed(before: Pixels, after: Pixels) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what differs; one pixel where nothing does, because a frame cannot be empty."""
    differs = np.any(before != after, axis=2)
    if after.shape[2] == 4:
        differs &= (before[:, :, 3] | after[:, :, 3]) > 0  # what is hidden in both looks alike
    if not differs.any():
        return (0, 0, 1, 1)
    x, y, width, height = cv2.boundingRect(differs.view(np.uint8))
    return (x, y, x + width, y + height)
