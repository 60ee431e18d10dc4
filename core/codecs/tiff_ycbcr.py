"""YCbCr in a TIFF: units of some samples of light with two of colour, and what they mean. Source: TIFF 6.0, section 21.

Pillow 13 takes uncompressed units for rows of three samples.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.codecs import ifd
from core.codecs.base import damaged, unsupported
from core.codecs.ifd import IfdEntry
from core.picture import Pixels

_HEIGHT, _ROWS, _TILE_HEIGHT = 257, 278, 323
_COEFFICIENTS, _SUBSAMPLING, _BLACK_WHITE = 529, 530, 532
_BT_601 = (0.299, 0.587, 0.114)
_FULL_RANGE = (0.0, 255.0, 128.0, 255.0, 128.0, 255.0)
_SHARED_BY = {1, 2, 4}


def unit(page: Mapping[int, IfdEntry]) -> tuple[int, int]:
    """How many pixels across and down share their colour, two each unless the file says otherwise."""
    found = _numbers(page, _SUBSAMPLING, (2.0, 2.0))
    if not set(found) <= _SHARED_BY:
        raise damaged("tiff", "its subsampling is none that there is")
    return int(found[0]), int(found[1])


def bgr_matrix(page: Mapping[int, IfdEntry]) -> NDArray[np.float32]:
    """The matrix, 3 × 4, from Y, Cb, Cr and 1 to blue, green and red."""
    red, green, blue = _numbers(page, _COEFFICIENTS, _BT_601)
    if min(red, green, blue) <= 0:
        red, green, blue = _BT_601
    ranges = _numbers(page, _BLACK_WHITE, _FULL_RANGE)
    spans = [white - black for black, white in zip(ranges[::2], ranges[1::2], strict=True)]
    if min(spans) <= 0:
        ranges, spans = _FULL_RANGE, [255.0, 127.0, 127.0]
    to_range = np.diag([255 / spans[0], 127 / spans[1], 127 / spans[2]])
    of_blue, of_red = 2 - 2 * blue, 2 - 2 * red
    colours = np.array([[1, of_blue, 0], [1, -of_blue * blue / green, -of_red * red / green], [1, 0, of_red]])
    matrix = colours @ to_range
    return np.column_stack([matrix, -matrix @ np.array(ranges[::2])]).astype(np.float32)


def _numbers(page: Mapping[int, IfdEntry], tag: int, default: tuple[float, ...]) -> tuple[float, ...]:
    """As many numbers as the default has, if the tag holds them."""
    entry = page.get(tag)
    found = entry.numbers() if entry and entry.number == len(default) else []
    return tuple(found) if found and all(map(math.isfinite, found)) else default


def rows_of_units(page: Mapping[int, IfdEntry], down: int) -> dict[int, IfdEntry]:
    """Height, and rows of a strip or a tile, counted in units. NotAnImageError (415) where a strip ends inside one."""
    order, height = page[_HEIGHT].order, ifd.first_number(page, _HEIGHT, 0)
    counted = {_HEIGHT: height}
    counted |= {tag: min(ifd.first_number(page, tag, height), height) for tag in (_ROWS,) if tag in page}
    counted |= {tag: ifd.first_number(page, tag, 0) for tag in (_TILE_HEIGHT,) if tag in page}
    if any(rows % down and rows != height for rows in counted.values()):
        raise unsupported("tiff", "YCbCr whose strips end between two rows that share their colour")
    return {tag: ifd.value(order, ifd.LONG, -(-rows // down)) for tag, rows in counted.items()}


def spread(rows: Pixels, width: int, shared: tuple[int, int]) -> NDArray[Any]:
    """Rows of units as height × width × (Y, Cb, Cr): every pixel has the colour of its unit."""
    across, down = shared
    units = rows.reshape(len(rows), -1, across * down + 2)
    light = units[:, :, :-2].reshape(len(rows), -1, down, across).transpose(0, 2, 1, 3).reshape(len(rows) * down, -1)
    colour = units[:, :, -2:].repeat(down, axis=0).repeat(across, axis=1)
    return np.dstack([light, colour])[:, :width]
