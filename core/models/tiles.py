"""Windows of a large picture, so that a network sees small things large enough."""

from math import ceil
from typing import NamedTuple

from core.language.values import Tiles
from core.models.model import Input
from core.picture import Size

OVERLAP = 1 / 3
"""What two neighbours share, as a share of a window: things up to that size lie whole in one of them."""
_SMALLER = 2.0
"""By `auto`, a window is about so many times as large as the network's input."""
_MOST = 32
"""Most windows of `auto`."""
_LONG = 4.0
"""How much longer than the network's input a picture may be to be looked at as a whole too: else all of it is thin."""


class Window(NamedTuple):
    """A part of a picture, whole pixels."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> Size:
        """Width and height."""
        return Size(self.right - self.left, self.bottom - self.top)


def windows_of(tiles: Tiles, size: Size, about: Input) -> list[Window]:
    """The windows of a picture that are looked at, the whole of it first: only that where one would be enough.

    A picture of more than four to one beside the network's input is looked at in parts only.
    """
    across, down = _counts(tiles, size, about)
    inputs = _inputs(size, about)
    whole = [Window(0, 0, *size)] if across * down == 1 or max(inputs) <= _LONG * min(inputs) else []
    if across * down == 1:
        return whole
    columns, rows = _spans(size.width, across), _spans(size.height, down)
    return whole + [Window(left, top, right, bottom) for top, bottom in rows for left, right in columns]


def _inputs(size: Size, about: Input) -> tuple[float, float]:
    """The picture's sides in those of the network's input."""
    return size.width / about.size[0], size.height / about.size[1]


def _counts(tiles: Tiles, size: Size, about: Input) -> tuple[int, int]:
    """How many windows lie across and down; never more than there are pixels."""
    if tiles.across and tiles.down:
        across, down = tiles.across, tiles.down
    else:
        inputs = _inputs(size, about)
        few, many = _along(tiles.across, min(inputs), max(inputs))
        across, down = (many, few) if inputs[0] >= inputs[1] else (few, many)
    return min(across, size.width), min(down, size.height)


def _along(wanted: int, short: float, long: float) -> tuple[int, int]:
    """How many windows lie along the shorter and the longer side of a picture of so many inputs.

    Windows are of about the input's shape. `wanted` along the longer side; 0 by how large the picture is.
    """
    if wanted:
        return max(1, min(round(wanted * short / long), Tiles.MOST // wanted)), wanted
    few = max(1, round(short / _SMALLER))
    while few > 1 and few * _needed(long, _part(short, few)) > _MOST:
        few -= 1
    return few, min(_MOST // few, _needed(long, max(_part(short, few), _SMALLER)))


def _part(whole: float, count: int) -> float:
    """How long each of so many windows is that overlap and fill a side."""
    return whole / (1 + (count - 1) * (1 - OVERLAP))


def _needed(whole: float, part: float) -> int:
    """How many windows of a length fill a side."""
    return max(1, ceil((whole - part * OVERLAP) / (part * (1 - OVERLAP)) - 1e-9))


def _spans(side: int, count: int) -> list[tuple[int, int]]:
    """Where each of so many windows begins and ends, evenly over a side."""
    length = min(side, ceil(_part(side, count)))
    starts = [round(index * (side - length) / max(count - 1, 1)) for index in range(count)]
    return [(start, start + length) for start in starts]
