"""The parts of a class map that hang together, as objects: so they can be followed from frame to frame."""

from collections.abc import Iterator

import cv2
import msgspec
import numpy as np

from core.findings.findings import VOID, Object, Segment, is_background
from core.findings.masks import Mask
from core.findings.region import Region

_MOST = 256
"""Parts of one class; of more than that all are one."""


def parts_of(segment: Segment) -> Iterator[Object]:
    """Each part of each class but the background, with its mask."""
    for index in np.flatnonzero(np.bincount(segment.map.ravel(), minlength=VOID + 1)[:VOID]).tolist():
        label = segment.label(index)
        if is_background(label):
            continue
        plane = cv2.inRange(segment.map, index, index)
        count, numbers, boxes, _ = cv2.connectedComponentsWithStats(plane, connectivity=8)
        if count - 1 > _MOST:
            yield _part(segment, label, index, Mask(0, 0, plane))
            continue
        for number, (x, y, width, height, _) in enumerate(boxes[1:].tolist(), 1):
            bits = (numbers[y : y + height, x : x + width] == number).view(np.uint8) * np.uint8(255)
            yield _part(segment, label, index, Mask(x, y, bits))


def _part(segment: Segment, label: str, index: int, mask: Mask) -> Object:
    high, wide = mask.bits.shape
    region = Region.box(mask.x, mask.y, mask.x + wide, mask.y + high)
    return Object(label=label, index=index, score=1.0, region=region, model=segment.model, mask=mask)


def moved_part(part: Object, mask: Mask, way: tuple[int, int], margin: int, size: tuple[int, int]) -> Object:
    """A part with this mask so many pixels further right and down, and `margin` pixels wider on every side.

    It is cut at the edges of a picture of this size.
    """
    around = np.pad(mask.bits, margin)
    bits = cv2.dilate(around, cv2.getStructuringElement(cv2.MORPH_RECT, (2 * margin + 1, 2 * margin + 1)))
    x, y = mask.x + way[0] - margin, mask.y + way[1] - margin
    bits = bits[max(-y, 0) : max(size[1] - y, 0), max(-x, 0) : max(size[0] - x, 0)]
    x, y = min(max(x, 0), size[0]), min(max(y, 0), size[1])
    region = Region.box(x, y, x + bits.shape[1], y + bits.shape[0])
    return msgspec.structs.replace(part, region=region, mask=Mask(x, y, bits))
