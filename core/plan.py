"""What a pipeline will cost, computed from the header alone, so that it can be refused before a pixel is decoded.

Nothing can interrupt OpenCV, so the bounds must hold before the work begins.
"""

from collections.abc import Callable

import msgspec
import numpy as np

from core.cost import Estimate
from core.detail import PHOTOGRAPH, Detail, Left, covered, left_by_moving
from core.errors import SideTooLongError, TooManyPixelsError, TooMuchWorkError
from core.imaging.geometry import Geometry, Placement, Warp
from core.language.values import PictureName
from core.limits import Limits
from core.models.tiles import Window, windows_of
from core.models.vision import NO_MODELS, WHOLE, Models
from core.picture import Origin, Size
from core.pipeline import Pipeline, Step
from core.requirements import model_of

_NANO = 1e-9
_STEP = 6e-6
"""Seconds that calling a step takes, whatever it does."""
_WINDOW = 200e-6
"""Seconds that a window takes beside its network and its pixels."""
_ALPHA = {"keep": 5.0, "premultiply": 3.0, "fill": 38.0, "weigh": 8.0, "own": 0.0}
"""Nanoseconds a pixel that setting alpha apart, filling what it hides and putting it back takes."""
_FILLED, _PREMULTIPLIED = 1.7, 0.8
"""Further bytes a decoded byte for filters that fill what is transparent, or premultiply."""
_IN_LIGHT = 4.0
"""Further bytes a decoded byte that is read as light: 16 bits, twice where it is premultiplied."""
_FOLLOWING, _FOLLOWED = 15.0, 0.7
"""Nanoseconds a pixel and bytes a decoded byte for masks and class maps to follow a geometry."""
_FILLED_IN = 0.15
"""What a pixel takes that a warped picture does not reach, beside one that it does."""
_OBJECTS = 8
"""How many objects a vision step is expected to find: most pictures show fewer."""
_ANYTHING = 0.01
"""The score below which a vision step finds as many as it may."""


class StepPlan(msgspec.Struct, frozen=True):
    """One step's sizes, its work in seconds of one core, its peak memory in bytes, and the channels it makes."""

    name: str
    before: Size
    after: Size
    work: float
    memory: int
    channels: int


class Plan(msgspec.Struct, frozen=True):
    """All steps of a pipeline for one frame, and the sums over `frames`.

    `detail` is what an encoder meets. `memory` is the peak of the steps and of the
    decoded picture, which lasts as long as they do. `channels` are those of the result. `passes` is how often an
    animation is gone through.
    """

    steps: tuple[StepPlan, ...]
    size: Size
    work: float
    memory: int
    channels: int
    passes: int = 1
    detail: Detail = PHOTOGRAPH


def plan(
    pipeline: Pipeline,
    origin: Origin,
    limits: Limits,
    *,
    frames: int = 1,
    channels: int = 0,
    models: Models = NO_MODELS,
    second: Callable[[str], int] = lambda _: 0,
    detail: Detail = PHOTOGRAPH,
) -> Plan:
    """Follow the sizes through the pipeline and add up its work.

    `channels` are those that are decoded, where they are not the origin's. `second` tells how many pixels a second
    picture has. `detail` is the picture's own. Errors: 400 `bad_size`, `unknown_model`,
    413 `too_many_pixels`, `too_much_work`.
    """
    channels = channels or origin.channels
    moving = frames if any(step.filter.makes != "measure" for step in pipeline.steps) else 1
    way = _Way(origin.size, channels, limits, models, moving, second, detail)
    steps = [way.follow(step) for step in pipeline.steps]
    looking = [index for index, step in enumerate(pipeline.steps) if step.filter.takes == "frames"] * (frames > 1)
    again = sum(step.work for index in looking for step in steps[: index + 1])
    work = (sum(step.work for step in steps) + again) * moving
    if work > limits.work:
        raise TooMuchWorkError(f"The pipeline would take about {work:.0f} s of work; the limit is {limits.work:g} s.")
    source = origin.size.pixels * channels
    # The first step's peak holds the source itself.
    peaks = [step.memory + source * (index > 0) for index, step in enumerate(steps)]
    return Plan(tuple(steps), way.size, work, max(peaks, default=source), way.channels, 1 + len(looking), way.detail)


class _Way:
    """What is known of a picture on its way through the steps.

    `clear` says that there may be transparent pixels, `seen` is the largest picture since a model looked: masks that
    hide are read there. `frames` wait together for a step that hides what is lost.
    """

    def __init__(
        self,
        size: Size,
        channels: int,
        limits: Limits,
        models: Models,
        frames: int,
        second: Callable[[str], int] = lambda _: 0,
        detail: Detail = PHOTOGRAPH,
    ) -> None:
        self.size, self.channels = size, channels
        self.limits, self.models, self.frames = limits, models, frames
        self.second = second
        self.looked = self.mapped = False
        self.objects = 0
        self.detail = detail
        self.seen = Size(0, 0)

    def follow(self, step: Step) -> StepPlan:
        """The plan of one step more."""
        known, before = step.filter, self.size
        after = output_size(step, before)
        check_size(after, self.limits, known.name)
        work, memory = self._work(step, after), self._memory(step, after)
        if memory > self.limits.memory:
            wanted, most = memory // 2**20, self.limits.memory // 2**20
            raise TooMuchWorkError(f'"{known.name}" would need {wanted} MiB of memory here; the limit is {most} MiB.')
        self.channels = self._made_channels(step)
        self.detail = self._detail_left(step, before, after)
        if known.finds:
            self.looked, self.objects = True, _found(step)
            self.mapped = self.mapped or known.task == "segment"
        self.size = after
        self.seen = max(self.seen, after, key=lambda one: one.pixels) if self.looked else self.seen
        return StepPlan(known.name, before, after, work, memory, self.channels)

    def _detail_left(self, step: Step, before: Size, after: Size) -> Detail:
        if step.filter.makes == "geometry" and not isinstance(step.filter.detail, Left):
            move = _move(step, before)
            return left_by_moving(move.matrix, before, after).of(self.detail) if move else self.detail
        looks = step.filter.makes in {"measure", "findings"}
        return self.detail if looks else step.filter.left_of(step.arguments).of(self.detail)

    def _made_channels(self, step: Step) -> int:
        known = step.filter
        if known.makes == "geometry":
            ground = step.arguments.get("background") or step.arguments.get("color")
            return 3 if self.channels == 1 and ground is not None and not ground.neutral else self.channels
        if known.makes != "pixels":
            return self.channels
        made = known.gives_of(step.arguments) or (max(self.channels, 3) if known.color else self.channels)
        return 4 if self.channels == 4 and known.alpha != "own" else made

    def _work(self, step: Step, after: Size) -> float:
        known = step.filter
        channels = max(self.channels, 3) if known.color else self.channels
        shown = 3 if channels == 4 and known.alpha in {"keep", "fill"} and known.makes == "pixels" else channels
        geometry = known.makes == "geometry"
        pixels = self._read(step)
        work = known.cost_of(step.arguments).seconds(
            pixels,
            shown,
            made=self._made(step, after),
            objects=self.objects,
            second=sum(map(self.second, step.others(PictureName))),
            detail=self.detail.exact,
        )
        if channels == 4:
            work += pixels * (_ALPHA["premultiply"] if geometry else _ALPHA[known.alpha]) * _NANO
        if geometry and self.mapped:
            work += max(pixels, after.pixels) * _FOLLOWING * _NANO
        if known.task:
            runs = self._runs(step)
            windows = 0 if known.findings else runs - 1
            work += runs * model_of(step, self.models).work + windows * _WINDOW
        return work + _STEP

    def _made(self, step: Step, after: Size) -> float:
        """How many pixels a step works out: of what is warped those that show the picture."""
        move = _move(step, self.size) if step.filter.makes == "geometry" else None
        if not isinstance(move, Warp):
            return after.pixels
        return max(covered(move.matrix, self.size, after)[0], _FILLED_IN * after.pixels)

    def _runs(self, step: Step) -> int:
        """How often a vision step is expected to run its network: for each window, or for each object."""
        return min(self.objects, step.arguments["max"]) if step.filter.findings else len(self._windows(step))

    def _windows(self, step: Step) -> list[Window]:
        """The parts of the picture that a vision step looks at."""
        return windows_of(step.arguments.get("tiles", WHOLE), self.size, model_of(step, self.models).input)

    def _read(self, step: Step) -> int:
        """How many pixels a step looks at."""
        if step.filter.task:
            return sum(window.size.pixels for window in self._windows(step))
        if step.filter.hides and step.filter.reads(step.arguments) == "areas":
            return max(self.size.pixels, self.seen.pixels)
        return self.size.pixels

    def _memory(self, step: Step, after: Size) -> int:
        known, channels = step.filter, max(self.channels, 3)
        multiple = known.memory_of(step.arguments)
        multiple += _FOLLOWED * (self.looked and known.makes == "geometry")
        multiple += _FILLED * (self.channels == 4 and known.alpha in {"fill", "weigh"})
        multiple += _PREMULTIPLIED * (self.channels == 4 and known.alpha == "premultiply" and known.makes == "pixels")
        seen = self.size.pixels if known.task else self._read(step)  # windows are looked at one after the other
        memory = int(max(seen, after.pixels) * channels * multiple)
        if known.takes == "size":  # what shrinks is read, and premultiplied if it has alpha; the result is small
            read = self.size.pixels * (3.0 if self.channels == 4 else 1.25)
            read += self.size.pixels * _IN_LIGHT * bool(step.arguments.get("linear"))
            memory = min(memory, int((read + after.pixels * (multiple - 1)) * channels))
        return memory + (self.frames - 1) * self.size.pixels * channels * bool(known.linger)


def _found(step: Step) -> int:
    """How many objects a vision step is expected to find."""
    score = step.arguments.get("score")
    return _OBJECTS if score is None or score >= _ANYTHING else int(step.arguments.get("max", _OBJECTS))


def output_size(step: Step, before: Size) -> Size:
    """The size a step makes, or the largest it can make where that depends on content."""
    if step.filter.makes != "geometry":
        return before
    if step.filter.bound is not None:
        return step.filter.bound(before, **step.arguments)
    move = _move(step, before)
    return move.size if move else before


def _move(step: Step, before: Size) -> Geometry | None:
    """What a geometry does to a picture of this size; None where that depends on its content."""
    if step.filter.bound is not None:
        return None
    move: Geometry = step.filter.function(before, **step.arguments)
    return move


_MAPPED, _MAPS = 6.0, 4
"""Nanoseconds and bytes that a sample of a gain map takes for each step, and to be written."""


def gain_map_cost(origin: Origin, made: Plan) -> Estimate:
    """What a gain map costs: it is never larger than its picture, and grows no more than that."""
    source = origin.gain_map
    if source is None:
        return Estimate()
    share = min(1.0, source.size.pixels / origin.size.pixels)
    each = [min(size.pixels, max(source.size.pixels, share * size.pixels)) for size in (s.after for s in made.steps)]
    samples = source.channels * (sum(each) + max([source.size.pixels, *each[-1:]]))
    largest = source.channels * max([source.size.pixels, *each])
    return Estimate(work=_MAPPED * samples * _NANO, memory=int(_MAPS * largest))


def allowed_cost(total: Estimate, limits: Limits) -> Estimate:
    """The estimate; TooMuchWorkError (413) where it is above the limits."""
    if total.work > limits.work:
        raise TooMuchWorkError(
            f"Decoding, steps and encoding are about {total.work:.0f} s of work; at most {limits.work:g} s are allowed."
        )
    if total.memory > limits.memory:
        wanted, most = total.memory // 2**20, limits.memory // 2**20
        raise TooMuchWorkError(
            f"Decoding, steps and encoding would need about {wanted} MiB of memory; at most {most} MiB are allowed."
        )
    return total


def averages(pipeline: Pipeline, size: Size) -> bool:
    """Whether the first step averages at least two pixels a side: a blur, or scaling to half or less."""
    if not pipeline.steps:
        return False
    step = pipeline.steps[0]
    if not step.smooth or step.filter.takes != "size":
        return step.filter.averages(**step.arguments)
    geometry = step.filter.function(size, **step.arguments)
    if isinstance(geometry, Placement) and geometry.kernel == "nearest":
        return False
    return bool((np.hypot(*geometry.matrix[:2, :2]) <= 0.5).all())


def check_size(size: Size, limits: Limits, name: str) -> None:
    """Refuse a size outside the limits, by the name of the step that was asked for: of a joined one, the last."""
    name = name.rpartition("+")[2]
    if not (1 <= size.width <= limits.side and 1 <= size.height <= limits.side):
        detail = f'"{name}" would make {size.width}×{size.height} pixels; a side must be 1 to {limits.side}.'
        raise SideTooLongError(
            detail, parameter=name, expected=f"sides from 1 to {limits.side} pixels", got=f"{size.width}×{size.height}"
        )
    if size.pixels > limits.pixels:
        raise TooManyPixelsError(
            f'"{name}" would make {size.pixels / 1e6:.1f} megapixels; the limit is {limits.pixels / 1e6:g}.'
        )
