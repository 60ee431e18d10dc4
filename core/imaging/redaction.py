"""Hiding parts of a picture for good: what is left tells of what was there at most the means of a few blocks.

Areas that meet are hidden together, with one grid of blocks; all areas are read from the picture as it came, so their
order changes nothing.
"""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from core.findings.coverage import Change, mask_after, outline_after
from core.findings.findings import Object
from core.findings.masks import Bounds, Mask, Plane, cover, touched
from core.findings.region import Region
from core.imaging.alpha import straight
from core.language.values import Color
from core.picture import Pixels, Size

How = Literal["fill", "blur", "pixelate"]
Sums = NDArray[np.float64]
_SMALLEST = 4.0
"""Least side of a block, pixels."""
_PARTS = 256
"""Parts of a class map that are hidden each for itself; more are hidden as one, with the margin of the largest."""


class Area(NamedTuple):
    """A part of the picture that is to be hidden: the pixels that a region touches, or those of a mask."""

    bounds: Bounds
    region: Region | None = None
    mask: Mask | None = None

    def paint(self, plane: Plane, x: int, y: int) -> None:
        """Set its pixels to 255 in a plane whose first pixel is (x, y)."""
        left, top, right, bottom = self.bounds
        if self.region:
            cover(plane, self.region, x, y)
        elif self.mask:
            view = plane[top - y : bottom - y, left - x : right - x]
            np.maximum(view, self.mask.bits, out=view)


def area_of(seen: Object, size: Size, margin: float, *, by_mask: bool, changes: Sequence[Change] = ()) -> Area:
    """What is to be hidden of an object: its region and a margin (a share of its sides), or its mask and as much.

    `size` is that of the picture as it is now, `changes` what was done to it since the object was seen. All that may
    hold anything of the area then is in the area now.
    """
    if by_mask and seen.mask is not None:
        left, top, right, bottom = seen.region.bounds
        before = Size(*changes[0].before) if changes else size
        return _area(mask_after(_spread(seen.mask, margin * min(right - left, bottom - top), before), changes))
    region = seen.region.grown(margin)
    if changes:
        left, top, right, bottom = touched(region, *changes[0].before)
        outline = outline_after([(left, top), (right, top), (right, bottom), (left, bottom)], changes)
        if len(outline) < 3:
            return Area((0, 0, 0, 0))
        region = Region(tuple((float(x), float(y)) for x, y in outline))
    return Area(touched(region, *size), region=region)


def areas_of(plane: Plane, margin: float, changes: Sequence[Change] = ()) -> list[Area]:
    """What is to be hidden where a plane as large as the picture is set: each part that hangs together is an area.

    Where there are very many, or their margins overlap so much that they would take more memory than the picture, they
    are one area with the largest margin. `changes` is what was done to the picture since.
    """
    size = Size(plane.shape[1], plane.shape[0])
    return [_area(mask_after(mask, changes)) for mask in _parts(plane, margin, size)]


def _parts(plane: Plane, margin: float, size: Size) -> Iterator[Mask]:
    """The parts of a plane that hang together, each with its margin."""
    count, numbers, boxes, _ = cv2.connectedComponentsWithStats(plane, connectivity=8)
    sides = boxes[1:, 2:4].astype(np.float64)  # the first is the ground
    reach = margin * sides.min(axis=1, initial=np.inf)
    if count - 1 > _PARTS or np.minimum(sides + 2 * (reach[:, None] + 1), size).prod(axis=1).sum() > 2 * size.pixels:
        yield _spread(Mask(0, 0, plane), float(reach.max()), size)
        return
    for number, (x, y, width, height, _) in enumerate(boxes[1:].tolist(), 1):
        part = (numbers[y : y + height, x : x + width] == number).view(np.uint8) * np.uint8(255)
        yield _spread(Mask(x, y, part), float(reach[number - 1]), size)


def _area(mask: Mask) -> Area:
    high, wide = mask.bits.shape
    return Area((mask.x, mask.y, mask.x + wide, mask.y + high), mask=mask)


def _spread(mask: Mask, reach: float, size: Size) -> Mask:
    """A mask with everything that is at most `reach` pixels away."""
    if not mask.area:
        return mask
    most = int(reach) + 1
    left, top = (min(most, before) for before in (mask.x, mask.y))
    right = min(most, size.width - mask.x - mask.bits.shape[1])
    bottom = min(most, size.height - mask.y - mask.bits.shape[0])
    around = cv2.copyMakeBorder(mask.bits, top, bottom, left, right, cv2.BORDER_CONSTANT, value=(0,))
    away = cv2.distanceTransform(cv2.bitwise_not(around), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return Mask(mask.x - left, mask.y - top, cv2.inRange(away, 0, reach))


def hidden(pixels: Pixels, areas: Sequence[Area], how: How, color: Color, blocks: int) -> Pixels:
    """The picture with areas hidden; outside of them not a pixel changes.

    `fill` is one opaque colour. `pixelate` and `blur` depend on nothing but the means of blocks, of which `blocks` lie
    along the longer side of the largest area of those that meet.
    """
    if how == "fill" and pixels.shape[2] == 1 and not color.neutral:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)
    result = pixels.copy() if areas else pixels
    paint = np.array((*color.bgr, 255)[: pixels.shape[2]], np.uint8)
    for group in meeting(areas):
        whole = united(group)
        inside = whole.bits > 0
        patch: Pixels = paint
        if how != "fill":
            side = max(_SMALLEST, max(map(_longer, group)) / blocks)
            patch = mosaic(pixels[whole.rows, whole.columns], inside, side, smooth=how == "blur")
        np.copyto(result[whole.rows, whole.columns], patch, where=inside[:, :, None])
    return result


def _longer(area: Area) -> int:
    left, top, right, bottom = area.bounds
    return max(right - left, bottom - top)


def meeting(areas: Sequence[Area]) -> Iterator[list[Area]]:
    """The areas in groups, without those of no pixel: those of different groups have no pixel in common."""
    boxes = np.array([area.bounds for area in areas]).reshape(-1, 4)
    left: NDArray[np.bool_] = np.asarray((boxes[:, 2:] > boxes[:, :2]).all(axis=1))
    while left.any():
        waiting = group = [int(np.argmax(left))]
        left[group] = False
        while waiting:
            apart = _apart(boxes, boxes[waiting])
            waiting = np.flatnonzero(left & ~apart).tolist()
            left[waiting] = False
            group = group + waiting
        yield [areas[index] for index in sorted(group)]


def _apart(boxes: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which boxes (left, top, right, bottom) share no pixel with any of the others."""
    alone = np.ones(len(boxes), np.bool_)
    for other in others:
        alone &= (boxes[:, :2] >= other[2:]).any(axis=1) | (boxes[:, 2:] <= other[:2]).any(axis=1)
    return alone


def united(areas: Sequence[Area]) -> Mask:
    """All of several areas as one."""
    lefts, tops, rights, bottoms = zip(*(area.bounds for area in areas), strict=True)
    x, y = min(lefts), min(tops)
    bits: Plane = np.zeros((max(bottoms) - y, max(rights) - x), np.uint8)
    for area in areas:
        area.paint(bits, x, y)
    return Mask(x, y, bits)


def mosaic(pixels: Pixels, inside: NDArray[np.bool_], side: float, *, smooth: bool) -> Pixels:
    """Each block of about `side` pixels as the mean of what of it is inside; `smooth` lets the means flow together.

    A block of which less than half is inside takes the mean of those around it: a mean of two pixels would be one of
    them, nearly.
    """
    height, width, channels = pixels.shape
    rows, columns = (max(1, round(length / side)) for length in (height, width))
    tops, lefts = (np.arange(count) * length // count for count, length in ((rows, height), (columns, width)))
    sums = _sums(pixels, inside, tops, lefts)
    means = _means(sums, 0.5 * height * width / (rows * columns))
    grid = np.rint(means).astype(np.uint8).reshape(rows, columns, channels)
    if smooth:
        spread = cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC).reshape(pixels.shape)
        return straight(np.minimum(spread, spread[:, :, 3:]) if channels == 4 else spread)
    heights, widths = (np.diff(np.append(starts, end)) for starts, end in ((tops, height), (lefts, width)))
    return straight(grid).repeat(heights, axis=0).repeat(widths, axis=1)


def _sums(pixels: Pixels, inside: NDArray[np.bool_], tops: NDArray[np.int64], lefts: NDArray[np.int64]) -> Sums:
    """For each block the sums of its channels (colour times alpha / 255) and, last, how many pixels are inside."""
    height, _, channels = pixels.shape
    sums = np.empty((len(tops), len(lefts), channels + 1))
    for row, (top, bottom) in enumerate(zip(tops, [*tops[1:], height], strict=True)):
        part, mask = pixels[top:bottom], inside[top:bottom]
        shown = np.where(mask, part[:, :, 3], 0) if channels == 4 else mask
        for channel in range(channels):
            plane = shown if channel == 3 else part[:, :, channel].astype(np.int64) * shown
            total = np.add.reduceat(plane.sum(axis=0, dtype=np.int64), lefts)
            sums[row, :, channel] = total / 255 if channels == 4 and channel < 3 else total
        sums[row, :, channels] = np.add.reduceat(mask.sum(axis=0, dtype=np.int64), lefts)
    return sums


def _means(sums: Sums, enough: float) -> Sums:
    """Premultiplied means of blocks with at least `enough` pixels inside, else of nine blocks, else of all."""
    edged = np.pad(sums, ((1, 1), (1, 1), (0, 0)))
    rows, columns = sums.shape[:2]
    nine = np.zeros_like(sums)
    for y, x in np.ndindex(3, 3):
        nine += edged[y : y + rows, x : x + columns]
    all_of_it = np.broadcast_to(sums.sum(axis=(0, 1)), sums.shape)
    chosen = np.where(nine[:, :, -1:] >= enough, nine, all_of_it)
    chosen = np.where(sums[:, :, -1:] >= enough, sums, chosen)
    return chosen[:, :, :-1] / np.maximum(chosen[:, :, -1:], 1)
