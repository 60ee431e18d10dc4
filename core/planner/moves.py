"""Geometry that is known before decoding, and the same geometry for a picture that is decoded smaller."""

import math
from collections.abc import Iterable
from functools import reduce
from typing import Any

import msgspec
import numpy as np

from core.imaging.geometry import Box, Geometry, Placement, Turn
from core.imaging.pixels import three_axes
from core.picture import Origin, Picture, Size
from core.pipeline import Step


def settled_move(step: Step, size: Size) -> Geometry | None:
    """The move that a step makes of a picture of this size; None where pixels or findings decide, or nothing moves."""
    known = step.filter
    if not is_settled(step):
        return None
    handed: Any = size if known.takes == "size" else blank(Origin(format="", size=size))
    geometry: Geometry = known.function(handed, **step.arguments)
    return geometry


def is_settled(step: Step) -> bool:
    """Whether a step is a geometry that its parameters and the size decide."""
    known = step.filter
    by_parameters = known.takes == "picture" and not step.reach and known.reads(step.arguments) is None
    return known.makes == "geometry" and (known.takes == "size" or by_parameters)


def is_smooth(step: Step) -> bool:
    """Whether a step makes no more of a small difference than it was."""
    return is_settled(step) or step.smooth


def are_smooth(steps: Iterable[Step]) -> bool:
    """Whether steps one after the other make no more of a small difference than it was; tables multiply."""
    followed = tuple(steps)
    return all(is_smooth(step) for step in followed) and growth(followed) <= _STEEP


_STEEP = 1.6
"""By which differences may grow: as much as by one step, and what tables round."""
_APART = 32
"""Levels between which a table's slope is told: a single step of one may be rounding."""


def growth(steps: Iterable[Step]) -> float:
    """How many times as far apart values are after all tables of the steps, at the most."""
    tables = [step for step in steps if step.filter.by_value]
    if not tables:
        return 1.0
    values = reduce(lambda ramp, step: three_axes(step.filter.function(ramp, **step.arguments)), tables, _RAMP)
    return float(np.abs(np.diff(values[:, ::_APART].astype(np.int16), axis=1)).max()) / _APART


_RAMP = np.repeat(np.arange(256, dtype=np.uint8).reshape(1, 256, 1), 3, axis=2)


def blank(origin: Origin) -> Picture:
    """A picture of the origin's size that takes no memory, for who looks at no pixel."""
    width, height = origin.size
    return Picture(pixels=np.broadcast_to(np.zeros((1, 1, 3), np.uint8), (height, width, 3)), origin=origin)


def shows_all(steps: Iterable[Step], size: Size) -> bool:
    """Whether nothing is cut off a picture of this size by the steps' moves, as far as they are known."""
    for step in steps:
        geometry = settled_move(step, size)
        if isinstance(geometry, Placement):
            window = geometry.window
            if window.x > 0 or window.y > 0 or window.width < size.width or window.height < size.height:
                return False
        size = geometry.size if geometry else size
    return True


def cuts(geometry: Geometry) -> bool:
    """Whether a move only cuts a box out of what is there."""
    return isinstance(geometry, Placement) and geometry.target == Box(0, 0, *geometry.canvas) == Box(
        0, 0, geometry.window.width, geometry.window.height
    )


def reduction(geometry: Geometry) -> float:
    """How many pixels a side become one, along the axis that shrinks less; 1 where a move averages no values."""
    if not isinstance(geometry, Placement) or geometry.kernel == "nearest" or geometry.linear:
        return 1.0
    window, target = geometry.window, geometry.target
    return min(window.width / target.width, window.height / target.height)


def shrunk_move(geometry: Geometry, full: Size, small: Size, scale: int, slack: float) -> Geometry | None:
    """The same move of a picture that is `small` in place of `full`, 1/`scale` a side.

    None where an edge would be moved by more than `slack` pixels of `full`, right and lower edges by twice that.
    """
    if isinstance(geometry, Turn):
        whole = full == (small.width * scale, small.height * scale)
        return msgspec.structs.replace(geometry, before=small) if whole else None
    if not isinstance(geometry, Placement):
        return None
    window = _smaller(geometry.window, full, small, scale, slack)
    if window is None:
        return None
    if not cuts(geometry):
        return msgspec.structs.replace(geometry, window=window)
    canvas = Size(window.width, window.height)
    return msgspec.structs.replace(geometry, window=window, target=Box.whole(canvas), canvas=canvas)


def _smaller(window: Box, full: Size, small: Size, scale: int, slack: float) -> Box | None:
    across = _edges(window.x, window.x + window.width, full.width, small.width, scale, slack)
    down = _edges(window.y, window.y + window.height, full.height, small.height, scale, slack)
    if across is None or down is None:
        return None
    return Box(across[0], down[0], across[1] - across[0], down[1] - down[0])


def _edges(start: int, stop: int, full: int, small: int, scale: int, slack: float) -> tuple[int, int] | None:
    """Both edges of a window on the smaller grid; None where one lies outside or too far from the grid."""
    if start < 0 or stop > full:
        return None
    placed = [min(math.floor(edge / scale + 0.5), small) for edge in (start, stop)]
    moved = max(abs(placed[0] * scale - start), abs(placed[1] * scale - stop) / 2)
    return (placed[0], placed[1]) if placed[0] < placed[1] and moved <= slack else None
