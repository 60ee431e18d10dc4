"""Paint a thing, move the picture, look where the paint is: do quads, points, masks and class maps follow?"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from core.findings.findings import VOID, Findings, Keypoint, Object, Segment
from core.findings.masks import Mask
from core.findings.region import Region
from core.picture import Origin, Picture, Size
from tests.core.points import moved

Plane = NDArray[np.bool_]
Quad = tuple[tuple[float, float], ...]


class Seen(NamedTuple):
    """Where a thing is after a move: by the pixels, and by each of its findings (None where it was dropped)."""

    pixels: Plane
    quad: Plane | None
    mask: Plane | None
    map: Plane
    void: Plane
    uncovered: Plane
    points: NDArray[np.float64] | None


def turned(middle: tuple[float, float], wide: float, high: float, angle: float) -> Quad:
    """A rectangle about a point, turned clockwise by degrees."""
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    corners = np.array([(-wide, -high), (wide, -high), (wide, high), (-wide, high)]) / 2
    return tuple((float(x), float(y)) for x, y in corners @ np.array([[cos, sin], [-sin, cos]]) + middle)


def painted(size: Size, quad: Quad) -> Picture:
    """A black opaque picture with a white quad, and all findings there are of it; its corners are keypoints."""
    white = inside(quad, size)
    pixels = np.zeros((size.height, size.width, 4), np.uint8)
    pixels[white] = 255
    pixels[:, :, 3] = 255
    thing = Object(
        label="thing",
        index=1,
        score=1.0,
        region=Region(quad),
        model="hand",
        keypoints=tuple(Keypoint(str(i), x, y, 1.0) for i, (x, y) in enumerate(quad)),
        mask=Mask(0, 0, np.where(white, np.uint8(255), np.uint8(0))),
    )
    segment = Segment(model="hand", labels=("ground", "thing"), map=white.astype(np.uint8))
    findings = Findings(objects=(thing,), segments=(segment,))
    return Picture(pixels=pixels, origin=Origin(format="png", size=size, channels=4), findings=findings)


def inside(quad: Quad, size: Size) -> Plane:
    """The pixels whose middle lies in a convex quad."""
    down, across = np.mgrid[0 : size.height, 0 : size.width] + 0.5
    sides = [
        (x1 - x0) * (down - y0) - (y1 - y0) * (across - x0)
        for (x0, y0), (x1, y1) in zip(quad, quad[1:] + quad[:1], strict=True)
    ]
    return np.asarray((np.sign(sides) == np.sign(sides[0])).all(axis=0))


def plane_of(mask: Mask, size: Size) -> Plane:
    """A mask as large as its picture."""
    plane = np.zeros((size.height, size.width), np.bool_)
    plane[mask.rows, mask.columns] = mask.bits > 0
    return plane


def seen(text: str, size: Size, quad: Quad) -> Seen:
    """What is where after a pipeline."""
    result = moved(text, painted(size, quad))
    findings, pixels = result.findings, result.pixels
    (segment,) = findings.segments or ()
    (thing,) = findings.objects or (None,)
    return Seen(
        pixels=(pixels[:, :, 0] > 127) & (pixels[:, :, 3] > 127),
        quad=inside(thing.region.quad, result.size) if thing else None,
        mask=plane_of(thing.mask, result.size) if thing and thing.mask else None,
        map=segment.map == 1,
        void=segment.map == VOID,
        uncovered=pixels[:, :, 3] <= 127,
        points=np.array([(p.x, p.y) for p in thing.keypoints or ()]) if thing else None,
    )


def apart(one: Plane, other: Plane) -> float:
    """How many pixels one area lies outside of the other at the most, either way.

    What is thin counts as far as its own inside goes: a line of one pixel may be there or not.
    """
    return max(_beyond(one, other), _beyond(other, one))


def _beyond(one: Plane, other: Plane) -> float:
    """The most that a pixel of one area is both away from the other one and deep in its own."""
    inside, outside = (np.pad(plane.astype(np.uint8), 1) for plane in (one, ~other))
    outside[[0, -1]] = outside[:, [0, -1]] = 1
    deep, away = (cv2.distanceTransform(plane, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) for plane in (inside, outside))
    return float(np.minimum(deep, away).max())
