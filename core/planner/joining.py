"""Moves that follow one another become one: mirrors and quarter turns, and a box that is cut out before a scaling.

Not a byte of the result changes. Only before anything was found: what was found follows each move by itself.
"""

from typing import NamedTuple

import msgspec

from core.cost import Cost
from core.imaging.geometry import Box, Geometry, Placement, Turn
from core.picture import Origin, Size
from core.pipeline import Pipeline, Step
from core.planner.executable import Executable, Rewrite
from core.planner.moves import cuts, settled_move


class Joined(msgspec.Struct, frozen=True):
    """The function of several moves in one."""

    geometry: Geometry

    def __call__(self, _size: Size, **_: object) -> Geometry:
        """The move."""
        return self.geometry


class _Placed(NamedTuple):
    """A step, its move if it makes one, and the size before."""

    step: Step
    geometry: Geometry | None
    before: Size


def _join(executable: Executable, origin: Origin) -> Executable:
    """Neighbouring moves joined, as far as sizes are known and nothing has been found."""
    rest, size = list(executable.pipeline.steps), origin.size
    made: list[_Placed] = []
    names: list[str] = []
    while rest and _is_known(rest[0], geometry := settled_move(rest[0], size)):
        made.append(_Placed(rest.pop(0), geometry, size))
        size = geometry.size if geometry else size
        both = _both(made[-2].geometry, geometry) if len(made) > 1 else None
        if both:
            names.append(f"{made[-2].step.filter.name}+{made[-1].step.filter.name}")
            made[-2:] = _one(made[-2], made[-1].step, both)
    if not names:
        return executable
    whole = Pipeline((*(placed.step for placed in made), *rest))
    return executable.after("join", f"one move each: {', '.join(names)}", pipeline=whole)


def _is_known(step: Step, geometry: Geometry | None) -> bool:
    """Whether the size after a step is known, and nothing is found by it."""
    return step.filter.kind == "filter" and (geometry is not None or step.filter.makes == "pixels")


def _both(first: Geometry | None, second: Geometry | None) -> Geometry | None:
    """One move in place of two; None where there is none that makes the same."""
    if isinstance(first, Turn) and isinstance(second, Turn):
        quarters = second.quarters + (-first.quarters if second.mirror else first.quarters)
        return Turn(before=first.before, quarters=quarters % 4, mirror=first.mirror != second.mirror)
    if isinstance(first, Placement) and cuts(first) and isinstance(second, Placement):
        window, box = second.window, first.window
        inside = window.x >= 0 <= window.y and window.x + window.width <= box.width
        if inside and window.y + window.height <= box.height:
            moved = Box(box.x + window.x, box.y + window.y, window.width, window.height)
            return msgspec.structs.replace(second, window=moved)
    return None


def _one(first: _Placed, second: Step, both: Geometry) -> list[_Placed]:
    """The step that stands for two; none where they undo each other."""
    if both == Turn(before=first.before):
        return []
    known = msgspec.structs.replace(
        second.filter,
        name=f"{first.step.filter.name}+{second.filter.name}",
        function=Joined(both),
        takes="size",
        bound=None,
        cost=_cost(first, second, both),
        memory=max(step.filter.memory_of(step.arguments) for step in (first.step, second)),
    )
    return [_Placed(Step(known, second.arguments), both, first.before)]


_TURNED, _MIRRORED = Cost(made=4, fixed=100), Cost(made=1, fixed=90)


def _cost(first: _Placed, second: Step, both: Geometry) -> Cost:
    if isinstance(both, Turn):
        return _TURNED if both.quarters % 2 else _MIRRORED
    cost = second.filter.cost_of(second.arguments)
    share = first.geometry.size.pixels / first.before.pixels if first.geometry else 1.0
    return msgspec.structs.replace(cost, pixel=cost.pixel * share)


JOIN = Rewrite("join", "Moves that follow one another become one, or go where they undo each other.", _join, exact=True)
