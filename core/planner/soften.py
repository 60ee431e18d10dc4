"""A wide blur of a picture that is decoded smaller: it is blurred there, and enlarged again.

What the blur would take away need not be decoded. Only cuts and turns may stand before it, and all after it must be
smooth.
"""

import math
from typing import Any

import cv2
import msgspec
import numpy as np

from core import codecs
from core.codecs import DecodeHints
from core.cost import Cost
from core.detail import Left
from core.imaging.geometry import Box, Geometry, Placement
from core.picture import Origin, Pixels, Size
from core.pipeline import Pipeline, Step
from core.planner.executable import Executable, Rewrite
from core.planner.moves import are_smooth, cuts, growth, settled_move, shows_all, shrunk_move
from core.planner.shrink import SCALES, Move, either

_UNEVEN = 4
"""The smallest share, 1/4, at which a picture is decoded whose sides it does not divide."""
_UNCLIPPED, _RAISED = 2, 1.1
"""Where all waves of black and white stripes are decoded they go beyond both, and are clipped. A quarter or an eighth
of the size keeps their true mean, a level or two away: too far to be raised after it."""
_COARSEST = 2
"""By how many times colours may be coarser along one axis: 4:2:2, not 4:1:1, whose colours would alias."""
_ENLARGING = Cost(made=0.7, fixed=60)


class Softened(msgspec.Struct, frozen=True):
    """The function of a blur for a picture of the size `smaller`, 1/`scale` of `whole`, and for the whole one."""

    step: Step
    smaller: Size
    whole: Size
    scale: int
    arguments: dict[str, Any]

    def __call__(self, pixels: Pixels, **arguments: Any) -> Pixels:
        """The blurred pixels, at the size at which they came."""
        height, width = pixels.shape[:2]
        if (width, height) != self.smaller:
            result: Pixels = self.step.filter.function(pixels, **arguments)
            return result
        reach = self.arguments["kernel"] // 2
        padded = np.empty((height + 2 * reach, width + 2 * reach, pixels.shape[2]), np.uint8)
        padded[reach:-reach, reach:-reach] = pixels
        _continue(padded[reach:-reach], self.whole.width, self.scale, reach)
        _continue(padded.swapaxes(0, 1), self.whole.height, self.scale, reach)
        result = self.step.filter.function(padded, **self.arguments)
        return result[reach:-reach, reach:-reach]


def _continue(padded: Pixels, whole: int, scale: int, reach: int) -> None:
    """Fill so many columns on both sides, mirrored where the blur of the whole picture mirrors.

    That is at the middles of its first and last column of `whole`, which are no middles of columns here.
    """
    inner = padded[:, reach:-reach]
    last = (whole - 1 - (scale - 1) / 2) / scale - (inner.shape[1] - 1)
    padded[:, :reach] = _beyond(inner, (scale - 1) / scale, reach)[:, ::-1]
    padded[:, -reach:] = _beyond(inner[:, ::-1], 2 * last, reach)


def _beyond(pixels: Pixels, twice: float, reach: int) -> Pixels:
    """The columns before the first one, nearest first: mirrored half of `twice` a column before its middle."""
    near = 1 if twice >= 0 else 2  # the first that is read
    share = twice if twice >= 0 else 1 + twice
    later, sooner = (pixels[:, start : start + reach] for start in (near, near - 1))
    return cv2.addWeighted(np.ascontiguousarray(later), 1 - share, np.ascontiguousarray(sooner), share, 0).reshape(
        later.shape
    )


class Enlarged(msgspec.Struct, frozen=True):
    """The function that enlarges a picture of the size `smaller` by `scale`, and leaves others as they are."""

    smaller: Size
    whole: Size
    scale: int

    def __call__(self, size: Size, **_: Any) -> Geometry:
        """The scaling; of a size that does not divide evenly, the last column and row are cut."""
        if size != self.smaller:
            return Placement(window=Box.whole(size), target=Box.whole(size), canvas=size)
        target = Box(0, 0, size.width * self.scale, size.height * self.scale)
        return Placement(window=Box.whole(size), target=target, canvas=self.whole, kernel="linear")


def _soften(executable: Executable, origin: Origin) -> Executable:
    """The source decoded smaller, and the steps up to the blur for such a picture."""
    if executable.scale > 1 or origin.coarse > _COARSEST or codecs.effective(DecodeHints(scale=2), origin).scale == 1:
        return executable
    steps = executable.pipeline.steps
    moves, size = _up_to_blur(executable, origin)
    if len(moves) == len(steps) or not are_smooth(steps[len(moves) + 1 :]):
        return executable
    blur, rest = steps[len(moves)], steps[len(moves) + 1 :]
    raised = growth(rest) > _RAISED
    for scale in SCALES:
        if scale > _UNEVEN and any(side % scale for side in origin.size):
            continue  # the last column may be an eighth of a column, of which the blur sees much
        if scale > _UNCLIPPED and raised:
            continue
        arguments = blur.filter.smaller(scale, **blur.arguments)
        if arguments and not shows_all(rest, size):
            break  # where a picture is busiest it is two decibels further off
        found = _for_smaller(moves, origin, scale) if arguments else None
        if arguments and found is not None:
            smaller, small = found
            if min(small) < 3 * arguments["kernel"]:
                continue  # the edges are most of it
            before = [either(*each) for each in zip(steps, moves, smaller, strict=False)]
            made = (*before, _softened(blur, small, size, arguments, scale), _enlarged(blur, small, size, scale), *rest)
            did = f"decoded at 1/{scale}, because {blur.filter.name} leaves no finer detail"
            return executable.after("soften", did, pipeline=Pipeline(made), scale=scale)
    return executable


def _up_to_blur(executable: Executable, origin: Origin) -> tuple[list[Move], Size]:
    """The cuts and turns with which the steps begin, and the size after them.

    Where nothing but brightness is decoded, `grayscale` changes nothing.
    """
    moves: list[Move] = []
    size, grey = origin.size, executable.luma or origin.channels == 1
    for step in executable.pipeline.steps:
        geometry = settled_move(step, size)
        if geometry is None and not (grey and step.filter.luma):
            break
        if isinstance(geometry, Placement) and not cuts(geometry):
            break
        moves.append((size, geometry))
        size = geometry.size if geometry else size
    return moves, size


def _for_smaller(moves: list[Move], origin: Origin, scale: int) -> tuple[list[Move], Size] | None:
    """The moves for a source decoded at 1/`scale`, and the size after them; None where one is off its grid."""
    whole = origin.size.width % scale == 0 == origin.size.height % scale
    if origin.orientation > 1 and not whole:
        return None  # the last columns, of which a part only is there, may have become the first
    small = _decoded(origin.size, scale)
    smaller: list[Move] = []
    for full, geometry in moves:
        move = shrunk_move(geometry, full, small, scale, slack=0) if geometry else None
        if geometry and not move:
            return None
        smaller.append((small, move))
        small = move.size if move else small
    return smaller, small


def _decoded(size: Size, scale: int) -> Size:
    return Size(math.ceil(size.width / scale), math.ceil(size.height / scale))


def _softened(blur: Step, small: Size, size: Size, arguments: dict[str, Any], scale: int) -> Step:
    """The blur at the smaller size, which leaves as much as at the full one."""
    known = msgspec.structs.replace(
        blur.filter,
        function=Softened(blur, small, size, scale, arguments),
        cost=blur.filter.cost_of(arguments),
        detail=blur.filter.left_of(blur.arguments),
        memory=4.0,
    )
    return Step(known, blur.arguments)


def _enlarged(blur: Step, small: Size, size: Size, scale: int) -> Step:
    known = msgspec.structs.replace(
        blur.filter,
        name="enlarge",
        function=Enlarged(small, size, scale),
        parameters=(),
        takes="size",
        makes="geometry",
        cost=_ENLARGING,
        memory=2.0,
        detail=Left(),
        bound=None,
    )
    return Step(known, {})


SOFTEN = Rewrite(
    "soften", "A JPEG is decoded at 1/2, 1/4 or 1/8 a side before a wide blur, and enlarged after it.", _soften,
    exact=False, revision=4,
)  # fmt: skip
