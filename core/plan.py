"""What a pipeline will cost, computed from the header alone, so that it can be refused before a pixel is decoded.

Nothing can interrupt OpenCV, so the bounds must hold before the work begins.
"""

import msgspec
import numpy as np

from core.errors import SideTooLongError, TooManyPixelsError, TooMuchWorkError
from core.limits import Limits
from core.models.vision import NO_MODELS, Models
from core.picture import Origin, Size
from core.pipeline import Pipeline, Step
from core.requirements import model_of

_NANO = 1e-9
_MEGAPIXEL = 0.01
"""Seconds of one core that one "megapixel of work" in a model's `cost` takes."""
_FILLING, _FILLED = 60.0, 1.7
"""Further nanoseconds a pixel and bytes a decoded byte for filters that treat transparent pixels differently."""
_FOLLOWING, _FOLLOWED = 15.0, 0.7
"""Nanoseconds a pixel and bytes a decoded byte for masks and class maps to follow a geometry."""


class StepPlan(msgspec.Struct, frozen=True):
    """One step's sizes, its work in seconds of one core, and its peak memory in bytes."""

    name: str
    before: Size
    after: Size
    work: float
    memory: int


class Plan(msgspec.Struct, frozen=True):
    """All steps of a pipeline for one frame, and the sums over `frames`."""

    steps: tuple[StepPlan, ...]
    size: Size
    work: float
    memory: int


def plan(pipeline: Pipeline, origin: Origin, limits: Limits, *, frames: int = 1, models: Models = NO_MODELS) -> Plan:
    """Follow the sizes through the pipeline and add up its work.

    Errors: 400 `bad_size`, `unknown_model`, 413 `too_many_pixels`, `too_much_work`.
    """
    size, steps, looked, clear, largest = origin.size, [], False, origin.channels == 4, Size(0, 0)
    moving = frames if any(step.filter.makes != "measure" for step in pipeline.steps) else 1
    for step in pipeline.steps:
        follows = looked and step.filter.makes == "geometry"
        planned = _step(step, size, origin, limits, models, follows=follows, clear=clear, seen=largest, frames=moving)
        steps.append(planned)
        clear = clear or step.filter.alpha == "own"
        size, looked = planned.after, looked or step.filter.task is not None
        largest = max(largest, size, key=lambda one: one.pixels) if looked else largest
    work = (sum(step.work for step in steps) + (_looked_ahead(pipeline, steps) if frames > 1 else 0)) * moving
    if work > limits.work:
        raise TooMuchWorkError(f"The pipeline would take about {work:.0f} s of work; the limit is {limits.work:g} s.")
    return Plan(tuple(steps), size, work, max((step.memory for step in steps), default=0))


def _looked_ahead(pipeline: Pipeline, steps: list[StepPlan]) -> float:
    """Seconds of the extra pass over all frames of an animation, up to each step that depends on all of them."""
    looking = [index for index, step in enumerate(pipeline.steps) if step.filter.takes == "frames"]
    return sum(step.work for index in looking for step in steps[: index + 1])


def _step(
    step: Step,
    before: Size,
    origin: Origin,
    limits: Limits,
    models: Models,
    *,
    follows: bool,
    clear: bool,
    seen: Size,
    frames: int,
) -> StepPlan:
    """`follows`: masks and class maps follow the geometry; `clear`: there may be transparent pixels.

    `seen` is the largest picture since a model looked: masks that hide are read there. `frames` wait together for a
    step that hides what is lost.
    """
    fills = clear and step.filter.alpha in {"fill", "weigh"}
    after = output_size(step, before)
    check_size(after, limits, step.filter.name)
    pixels = max(before.pixels, after.pixels)
    if step.filter.hides and step.filter.reads(step.arguments) == "areas":
        pixels = max(pixels, seen.pixels)
    work = pixels * (step.filter.cost_of(step.arguments) + _FOLLOWING * follows + _FILLING * fills) * _NANO
    if step.filter.task:
        work += model_of(step, models).cost * _MEGAPIXEL
    multiple = step.filter.memory_of(step.arguments) + _FOLLOWED * follows + _FILLED * fills
    memory = int(pixels * max(origin.channels, 3) * multiple)
    if step.filter.linger:
        memory += (frames - 1) * before.pixels * max(origin.channels, 3)
    if memory > limits.memory:
        wanted, most = memory // 2**20, limits.memory // 2**20
        raise TooMuchWorkError(f'"{step.filter.name}" would need {wanted} MiB of memory here; the limit is {most} MiB.')
    return StepPlan(step.filter.name, before, after, work, memory)


def output_size(step: Step, before: Size) -> Size:
    """The size a step makes, or the largest it can make where that depends on content."""
    if step.filter.makes != "geometry":
        return before
    if step.filter.bound is not None:
        return step.filter.bound(before, **step.arguments)
    size: Size = step.filter.function(before, **step.arguments).size
    return size


def averages(pipeline: Pipeline, size: Size) -> bool:
    """Whether the first step averages at least two pixels a side: a blur, or scaling to half or less."""
    if not pipeline.steps:
        return False
    step = pipeline.steps[0]
    if not step.filter.smooth or step.filter.takes != "size":
        return step.filter.averages(**step.arguments)
    scale = step.filter.function(size, **step.arguments).matrix[:2, :2]
    return bool((np.hypot(*scale) <= 0.5).all())


def check_size(size: Size, limits: Limits, name: str) -> None:
    """Refuse a size outside the limits."""
    if not (1 <= size.width <= limits.side and 1 <= size.height <= limits.side):
        detail = f'"{name}" would make {size.width}×{size.height} pixels; a side must be 1 to {limits.side}.'
        raise SideTooLongError(
            detail, parameter=name, expected=f"sides from 1 to {limits.side} pixels", got=f"{size.width}×{size.height}"
        )
    if size.pixels > limits.pixels:
        raise TooManyPixelsError(
            f'"{name}" would make {size.pixels / 1e6:.1f} megapixels; the limit is {limits.pixels / 1e6:g}.'
        )
