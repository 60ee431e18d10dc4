"""Shrink-on-load: a JPEG's decoder gives 1/2, 1/4 or 1/8 of each side, where a later step scales down anyway.

The steps before that may only cut and turn, and those after it must be smooth. One and a half to two pixels a side
stay for each that is made: nearer to it fine texture is seen to differ. What becomes exactly a half is decoded so.
"""

import math
from typing import Any

import msgspec

from core import codecs
from core.codecs import DecodeHints
from core.imaging.geometry import Geometry, Placement, Turn
from core.picture import Origin, Size
from core.pipeline import Pipeline, Step
from core.planner.executable import Executable, Rewrite
from core.planner.moves import are_smooth, cuts, reduction, settled_move, shows_all, shrunk_move

Move = tuple[Size, Geometry | None]
"""The size before a step, and what the step moves; None where it moves nothing."""

SCALES = (8, 4, 2)
_LEFT = {"auto": 1.5, "area": 1.8}
"""Pixels a side that are left for each that is made, by kernel."""
_FEW, _LEFT_OF_FEW = 100, 1.95
"""Where the shorter side made is less than so many, each pixel shows more: so much is left then, where it is cheap."""
_WINDOW = 32
"""Pixels a side that are left whatever is made of them: its edges are most of a smaller picture."""
_ALONE, _LEAST_ALONE = 2, 200
"""By so much the decoder alone may do, where the shorter side made is that long: it is as near to Lanczos as means of
areas are."""
_LEFT_OF_COLOUR, _LEFT_OF_FEW_COLOURS = 0.9, 1.8
"""Of colours, where they are stored more coarsely along one axis (4:2:2, 4:1:1): a smaller decoding keeps that."""
_UNEVEN = 1.3
"""So many times as much where a side does not divide evenly: its last column or row, stretched, shifts the rest."""
_MOST_LEFT = 3.6
"""For the other kernels, which average to two for each and read those."""
_SLACK, _SLACK_OF_FEW = 0.07, 0.05
"""How far a left or upper edge may be misplaced, pixels of what is made; the others, from which the shift grows less,
twice as far. The less is for few pixels, and for kernels that alias.
"""


def _shrink(executable: Executable, origin: Origin) -> Executable:
    """The source decoded smaller, and the steps up to the scaling for such a picture."""
    if codecs.effective(DecodeHints(scale=2), origin).scale == 1:
        return executable  # its decoder gives whole pictures only
    steps = executable.pipeline.steps
    moves = _up_to_scaling(executable, origin)
    if not moves or not are_smooth(steps[len(moves) :]):
        return executable
    origin = msgspec.structs.replace(origin, coarse=1) if executable.luma else origin
    last = moves[-1][1]
    alone = last is not None and shows_all(steps[len(moves) :], last.size)
    for scale in SCALES:
        smaller = _for_smaller(moves, origin, scale, alone=alone)
        if smaller:
            changed = [either(*each) for each in zip(steps, moves, smaller, strict=False)]
            whole = Pipeline((*changed, *steps[len(moves) :]))
            did = f"decoded at 1/{scale}, because {steps[len(moves) - 1].filter.name} makes it smaller"
            return executable.after("shrink", did, pipeline=whole, scale=scale)
    return executable


def _up_to_scaling(executable: Executable, origin: Origin) -> list[Move]:
    """The moves up to the one that scales down; empty where something stands before it that only whole pictures take.

    Where nothing but brightness is decoded, `grayscale` changes nothing.
    """
    moves: list[Move] = []
    size, grey = origin.size, executable.luma or origin.channels == 1
    for step in executable.pipeline.steps:
        geometry = settled_move(step, size)
        moves.append((size, geometry))
        if geometry is None:
            if not (grey and step.filter.luma):
                return []
            continue
        if reduction(geometry) > 1:
            return moves
        if not (isinstance(geometry, Turn) or cuts(geometry)):
            return []
        size = geometry.size
    return []


def _for_smaller(moves: list[Move], origin: Origin, scale: int, *, alone: bool) -> list[Move]:
    """The moves for a source decoded at 1/`scale`; empty where that would show.

    `alone`: nothing is cut off what is made, so that the decoder alone may do.
    """
    last = moves[-1][1]
    reduced = reduction(last) if last else 1.0
    if reduced < 0.95 * scale * min(_LEFT.values()) and not reduced == scale == _ALONE:
        return []  # whatever rounding does
    slack = reduced * (_SLACK_OF_FEW if not isinstance(last, Placement) or _is_exacting(last) else _SLACK)
    whole = origin.size.width % scale == 0 == origin.size.height % scale
    if origin.orientation > 1 and not whole:
        return []  # the last columns, of which a part only is there, may have become the first
    small = Size(math.ceil(origin.size.width / scale), math.ceil(origin.size.height / scale))
    smaller: list[Move] = []
    for full, geometry in moves:
        move = shrunk_move(geometry, full, small, scale, slack) if geometry else None
        if geometry and not move:
            return []
        smaller.append((small, move))
        small = move.size if move else small
    made = smaller[-1][1]
    if made and alone and scale == _ALONE and whole and origin.coarse <= _ALONE and _is_done(made):
        return smaller
    return smaller if made and reduction(made) >= _left(made, origin.coarse) * (1.0 if whole else _UNEVEN) else []


def _is_done(scaling: Geometry) -> bool:
    """Whether nothing is left to scale, by a kernel that a mean of areas may stand for."""
    if not isinstance(scaling, Placement) or scaling.kernel not in _LEFT or _side(scaling) < _LEAST_ALONE:
        return False
    return (scaling.window.width, scaling.window.height) == (scaling.target.width, scaling.target.height)


def _left(scaling: Geometry, coarse: int) -> float:
    """Pixels a side that must be left, of colours too, which are `coarse` times as coarse along one axis."""
    if not isinstance(scaling, Placement):
        return _MOST_LEFT
    colours = 0.0 if coarse == 1 else coarse * (_LEFT_OF_FEW_COLOURS if _is_exacting(scaling) else _LEFT_OF_COLOUR)
    if scaling.kernel not in _LEFT:
        return max(_MOST_LEFT, colours)
    least = max(_LEFT_OF_FEW, _WINDOW / _side(scaling)) if _is_exacting(scaling) else 0.0
    return max(_LEFT[scaling.kernel], least, colours)


def _is_exacting(scaling: Placement) -> bool:
    """Whether small shifts show: few pixels, or a kernel that reads few."""
    return _side(scaling) < _FEW or scaling.kernel not in _LEFT


def _side(scaling: Placement) -> int:
    """The shorter side of what is made."""
    return min(scaling.target.width, scaling.target.height)


class Either(msgspec.Struct, frozen=True):
    """The function of a move for the picture as it was meant to be decoded, and for the whole one."""

    whole: Move
    smaller: Move

    def __call__(self, size: Size, **_: Any) -> Geometry | None:
        """The move that fits the size."""
        return self.smaller[1] if size == self.smaller[0] else self.whole[1]


def either(step: Step, whole: Move, smaller: Move) -> Step:
    """The step with the move that fits the size it gets: a decoder may give the whole picture."""
    if whole[1] is None:
        return step

    known = msgspec.structs.replace(step.filter, function=Either(whole, smaller), takes="size", bound=None)
    return msgspec.structs.replace(step, filter=known)


SHRINK = Rewrite(
    "shrink", "A JPEG is decoded at 1/2, 1/4 or 1/8 a side before a step that scales down.", _shrink, exact=False,
    revision=5,
)  # fmt: skip
