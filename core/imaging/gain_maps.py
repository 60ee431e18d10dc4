"""A gain map follows its picture through each geometry."""

import cv2
import msgspec
import numpy as np

from core.findings.matrices import Matrix, centres, warped
from core.imaging.geometry import Geometry, Turn, scales, shrunk
from core.imaging.pixels import three_axes
from core.picture import GainMap, GainMapMetadata, Size


def followed(gain_map: GainMap, geometry: Geometry, before: Size) -> GainMap:
    """The map after a geometry of its picture, which was `before` large; where that shows nothing it gains nothing.

    The map keeps its own pixels as far as it does not become larger than its picture.
    """
    height, width = gain_map.pixels.shape[:2]
    if isinstance(geometry, Turn):
        turn = msgspec.structs.replace(geometry, before=Size(width, height))
        return msgspec.structs.replace(gain_map, pixels=turn.apply(gain_map.pixels))
    size = _size(Size(width, height), geometry, before)
    matrix = _scaling(size, geometry.size) @ geometry.matrix @ _scaling(before, Size(width, height))
    if size == (width, height) and np.allclose(matrix, np.eye(3), atol=1e-6):
        return gain_map
    return msgspec.structs.replace(gain_map, pixels=_moved(gain_map, matrix, size))


def _size(own: Size, geometry: Geometry, before: Size) -> Size:
    """That of the map: as many of its pixels for one of the picture's as there were, and more where that shrinks."""
    density = max(own.width / before.width, own.height / before.height)
    density = min(1.0, density / max(scales(geometry.matrix, geometry.size)))
    wide, high = (max(1, round(side * density)) for side in geometry.size)
    return Size(wide, high)


def _scaling(to: Size, of: Size) -> Matrix:
    return np.diag((to.width / of.width, to.height / of.height, 1.0))


def _moved(gain_map: GainMap, matrix: Matrix, size: Size) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Linear between the map's pixels, whose outermost reach on: beyond them nothing is gained."""
    height, width = gain_map.pixels.shape[:2]
    source, smaller = shrunk(gain_map.pixels, matrix, size)
    forward = centres(smaller)
    if np.allclose(forward[2], (0, 0, 1)):
        moved = cv2.warpAffine(source, forward[:2], size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    else:
        moved = cv2.warpPerspective(source, forward, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    moved = three_axes(moved)
    shown = warped(np.full((height, width), 255, np.uint8), matrix, *size, outside=0)
    if not shown.all():
        moved[shown == 0] = neutral(gain_map.metadata)[: moved.shape[2]]
    return moved


def neutral(metadata: GainMapMetadata) -> tuple[int, int, int]:
    """The codes, blue first, of no gain, or of what comes nearest."""
    codes = []
    for low, high, gamma in zip(metadata.gain_map_min, metadata.gain_map_max, metadata.gamma, strict=True):
        share = min(max(-low / (high - low), 0.0), 1.0) if high > low else 0.0
        codes.append(round(255 * share**gamma))
    red, green, blue = codes
    return blue, green, red
