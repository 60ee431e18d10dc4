"""Steps that replace each value by another, one after the other, become one table: not a byte of the result changes."""

from functools import reduce
from itertools import groupby

import cv2
import msgspec
import numpy as np

from core.cost import Cost
from core.imaging.pixels import three_axes, through_table
from core.picture import Origin, Pixels
from core.pipeline import Pipeline, Step
from core.planner.executable import Executable, Rewrite

_RAMP = np.arange(256, dtype=np.uint8).reshape(1, 256, 1)


class Table(msgspec.Struct, frozen=True):
    """The function of several steps in one: what they make of each value is looked up."""

    steps: tuple[Step, ...]

    def __call__(self, pixels: Pixels) -> Pixels:
        """The pixels after all steps."""
        table = reduce(_after, self.steps, np.repeat(_RAMP, pixels.shape[2], axis=2))
        if table.shape[2] > pixels.shape[2]:
            pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)
        if (table == table[:, :, :1]).all():
            table = table[:, :, :1]
        return pixels if (table == _RAMP).all() else through_table(pixels, table)


def _after(ramp: Pixels, step: Step) -> Pixels:
    if step.filter.color and ramp.shape[2] == 1:
        ramp = cv2.cvtColor(ramp, cv2.COLOR_GRAY2BGR)
    return three_axes(step.filter.function(ramp, **step.arguments))


def _fuse(executable: Executable, _origin: Origin) -> Executable:
    """Neighbours that replace values joined to one step each."""
    made: list[Step] = []
    joined: list[str] = []
    for by_value, group in groupby(executable.pipeline.steps, key=lambda step: step.filter.by_value):
        steps = tuple(group)
        if by_value and len(steps) > 1:
            made.append(_joined(steps))
            joined.append(made[-1].filter.name)
        else:
            made += steps
    if not joined:
        return executable
    return executable.after("table", f"one table each: {', '.join(joined)}", pipeline=Pipeline(tuple(made)))


def _joined(steps: tuple[Step, ...]) -> Step:
    costs = [step.filter.cost_of(step.arguments) for step in steps]
    known = msgspec.structs.replace(
        steps[0].filter,
        name="+".join(step.filter.name for step in steps),
        function=Table(steps),
        parameters=(),
        cost=Cost(pixel=max(cost.pixel for cost in costs), fixed=sum(cost.fixed for cost in costs)),
        memory=max(step.filter.memory_of(step.arguments) for step in steps),
        color=any(step.filter.color for step in steps),
        smooth=all(step.smooth for step in steps),
    )
    return Step(known, {})


TABLE = Rewrite("table", "Neighbouring steps that replace each value become one table.", _fuse, exact=True)
