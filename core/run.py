"""Running a pipeline: one step after the other, over one frame after the other."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from itertools import islice, pairwise
from typing import Any, Protocol

import cv2
import msgspec
import numpy as np

from core.errors import UnknownPictureError
from core.findings.coverage import Change
from core.findings.findings import Findings
from core.findings.tracking import lost_of
from core.imaging.alpha import filled, opaque, premultiplied, straight_again
from core.imaging.gain_maps import followed
from core.imaging.geometry import Geometry
from core.imaging.pixels import three_axes
from core.known import Kept, Known
from core.language.parameters import names_other
from core.language.values import WHITE, PictureName
from core.limits import Deadline, Limits
from core.models.vision import NO_MODELS, Models, VisionInput, labels_of
from core.picture import Memory, Moment, Picture, Pixels
from core.pipeline import Pipeline, Step
from core.plan import check_size
from core.planner.rules import NAMES as RULES
from core.requirements import model_of
from core.second import SecondFile

__all__ = [
    "NO_MODELS",
    "UNWATCHED",
    "Context",
    "Models",
    "Probe",
    "Run",
    "apply_geometry",
    "no_pictures",
]


_FILLED_FROM = 2.5
"""How many times as far a filter reaches that sees what is transparent filled: the nearest pixel may lie so far off."""


class Probe(Protocol):
    """What watches the run."""

    def span(self, name: str) -> AbstractContextManager[Any]:
        """A context that times what runs inside it under this name; spans nest, and a span's time is its own."""
        ...


class _Unwatched:
    def span(self, name: str) -> AbstractContextManager[Any]:  # noqa: ARG002 - nobody watches
        return nullcontext()


UNWATCHED: Probe = _Unwatched()


def no_pictures(name: str) -> bytes:
    """The `pictures` of a request that brings none."""
    raise KeyError(name)


class Context(msgspec.Struct, frozen=True):
    """What a run needs from outside. `pictures` maps a name to bytes and raises KeyError for an unknown one.

    `models` are those that vision steps may ask. `opened` is what was read so far; all outputs and frames share it.
    `memory` is for a single output whose frames come one by one, each in a run of its own: what steps remember of the
    frames before. None: a run begins with nothing, and remembers to its end. `rules` are those of core/planner that may
    change how a pipeline is run. `known` is what was worked out so far of sources and outputs, `costs` what requests of
    the same limits, rules and models have worked out before.
    """

    limits: Limits
    deadline: Deadline
    pictures: Callable[[str], bytes] = no_pictures
    probe: Probe = UNWATCHED
    models: Models = NO_MODELS
    opened: dict[str, SecondFile] = msgspec.field(default_factory=dict)
    memory: Memory | None = None
    rules: frozenset[str] = RULES
    known: Known = msgspec.field(default_factory=Known)
    costs: Kept = msgspec.field(default_factory=Kept)

    def second_file(self, name: str) -> SecondFile:
        """A second picture or file; UnknownPictureError (400) where nothing has this name."""
        if name not in self.opened:
            try:
                self.opened[name] = SecondFile(self.pictures(name))
            except KeyError:
                detail = (
                    f'The pipeline needs a second picture "{name}": send it as a part of that name, '
                    "or add it to the assets."
                )
                raise UnknownPictureError(detail, got=name) from None
        return self.opened[name]


class Run:
    """One run of a pipeline: it remembers geometry decided by content, so that all frames move alike.

    Vision looks at every frame; measures read the first one. `decided` is the geometry that is known before, by the
    numbers of the steps.
    """

    def __init__(self, pipeline: Pipeline, context: Context, decided: Mapping[int, Geometry] | None = None) -> None:
        self.pipeline = pipeline
        self.context = context
        self._decided = dict(decided or {})
        self._bound: dict[int, dict[str, Any]] = {}
        self._memory: Memory = {} if context.memory is None else context.memory

    def frames(self, pictures: Iterable[Picture]) -> Iterator[Picture]:
        """Each frame after all steps; lazily, so that one frame is in memory at a time.

        An animation is gone through once more for each step that decides by all frames. Before a step that hides what
        a frame has lost all frames wait for one another: the others tell where it is.
        """
        pictures = self._surveyed(pictures)
        waits = [index for index, step in enumerate(self.pipeline.steps) if step.filter.linger]
        for start, stop in pairwise([0, *waits, len(self.pipeline.steps)]):
            pictures = self._through(pictures, start, stop)
            if stop in waits:
                pictures = _followed(pictures, self.pipeline.steps[stop].filter.linger)
        return iter(pictures)

    def _through(self, pictures: Iterable[Picture], start: int, stop: int) -> Iterator[Picture]:
        """Each frame after some of the steps."""
        for number, picture in enumerate(pictures):
            after = picture
            for index, step in enumerate(self.pipeline.steps[start:stop], start):
                if step.filter.makes == "measure" and number:
                    continue
                self.context.deadline.check(step.filter.name)
                with self.context.probe.span(step.filter.name):
                    after = self._apply(index, step, after)
            yield after

    def _surveyed(self, pictures: Iterable[Picture]) -> Iterable[Picture]:
        """The pictures, once the steps that look at all frames of an animation have decided."""
        looking = [
            index
            for index, step in enumerate(self.pipeline.steps)
            if step.filter.takes == "frames" and index not in self._decided
        ]
        if not looking:
            return pictures
        few = list(islice(pictures, 2))
        if len(few) < 2:
            return few  # a still is decoded once, and decides as it passes
        del few
        for index in looking:
            step = self.pipeline.steps[index]
            context = msgspec.structs.replace(self.context, memory=None)
            before = Run(Pipeline(self.pipeline.steps[:index]), context, self._decided)
            self._decided[index] = step.filter.function(before.frames(pictures), **self._arguments(index, step))
        return pictures

    def _apply(self, index: int, step: Step, picture: Picture) -> Picture:
        arguments = self._arguments(index, step)
        if step.filter.makes in {"measure", "findings"}:
            return msgspec.structs.replace(picture, findings=self._looked(index, step, picture, arguments))
        if step.filter.makes == "geometry":
            return apply_geometry(picture, self._geometry(index, step, picture, arguments))
        pixels = _filtered(step, picture, arguments)
        if pixels.shape[:2] != picture.pixels.shape[:2] or pixels.dtype != np.uint8:
            raise TypeError(f'The filter "{step.filter.name}" changed the size or the type of the pixels.')
        return msgspec.structs.replace(picture, pixels=pixels, findings=_spread(step, picture), gain_map=None)

    def _looked(self, index: int, step: Step, picture: Picture, arguments: dict[str, Any]) -> Findings:
        """The picture's findings and those of one step more."""
        if step.filter.takes == "view":
            model, models = model_of(step, self.context.models), self.context.models
            view = VisionInput(picture, model, labels_of(models, model), models, self.context.deadline)
            own = {name: value for name, value in arguments.items() if name != "model"}
            looked: Findings = step.filter.function(view, **own)
            return looked if step.filter.findings else picture.findings.with_seen(looked, picture.size)
        if step.filter.takes == "moment":
            seen: Findings = step.filter.function(Moment(picture, self._memory.setdefault(index, {})), **arguments)
            return seen
        value = step.filter.function(_handed(step, picture), **arguments)
        if step.filter.makes == "findings":
            return picture.findings.with_seen(value, picture.size)
        return picture.findings.with_measure(step.filter.name, value)

    def _geometry(self, index: int, step: Step, picture: Picture, arguments: dict[str, Any]) -> Geometry:
        if step.filter.takes == "size":
            geometry: Geometry = step.filter.function(picture.size, **arguments)
        else:
            if index not in self._decided:
                handed = iter((picture,)) if step.filter.takes == "frames" else picture
                self._decided[index] = step.filter.function(handed, **arguments)
            geometry = self._decided[index]
        check_size(geometry.size, self.context.limits, step.filter.name)
        return geometry

    def _arguments(self, index: int, step: Step) -> dict[str, Any]:
        """The arguments, names of second pictures replaced by the pictures; resolved once a run."""
        if index not in self._bound:
            self._bound[index] = {
                parameter.name: self._other(step.arguments[parameter.name], picture=parameter.kind is PictureName)
                if names_other(parameter.kind)
                else step.arguments[parameter.name]
                for parameter in step.filter.parameters
            }
        return self._bound[index]

    def _other(self, name: str | None, *, picture: bool) -> Picture | SecondFile | None:
        if name is None:
            return None
        other = self.context.second_file(name)
        return other.picture(self.context.limits, self.context.deadline) if picture else other


def apply_geometry(picture: Picture, geometry: Geometry) -> Picture:
    """The picture after a geometry, its findings and its gain map with it."""
    box = geometry.shown
    change = Change(
        matrix=geometry.matrix, before=picture.size, after=geometry.size, reach=geometry.reach,
        shown=(box.x, box.y, box.x + box.width, box.y + box.height),
    )  # fmt: skip
    findings = picture.findings.after(change)
    pixels = picture.pixels
    if pixels.shape[2] == 1 and not (geometry.background or WHITE).neutral:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)  # a coloured border around a grey picture
    gain_map = followed(picture.gain_map, geometry, picture.size) if picture.gain_map else None
    return msgspec.structs.replace(picture, pixels=geometry.apply(pixels), findings=findings, gain_map=gain_map)


def _spread(step: Step, picture: Picture) -> Findings:
    """The picture's findings after a filter that may carry what was found out of its place."""
    reach = float(step.reach)
    if reach and step.filter.alpha == "fill" and not opaque(picture.pixels):
        reach = _FILLED_FROM * reach + 1
    return picture.findings.after(Change.spread(picture.size, (reach, reach))) if reach else picture.findings


def _followed(pictures: Iterable[Picture], most: int) -> Iterator[Picture]:
    """The frames of an animation, each with what it has lost and the others tell of; a still as it is."""
    frames = deque(pictures)
    lost = lost_of([frame.findings.sighted() for frame in frames], most) if len(frames) > 1 else None
    while frames:
        frame = frames.popleft()
        if lost is None:
            yield frame
            continue
        findings = msgspec.structs.replace(frame.findings, sightings=lost.popleft())
        yield msgspec.structs.replace(frame, findings=findings)


def _handed(step: Step, picture: Picture) -> Picture | Pixels:
    return picture if step.filter.takes == "picture" else picture.pixels


def _filtered(step: Step, picture: Picture, arguments: dict[str, Any]) -> Pixels:
    """Call a filter with alpha and grey as it declares them."""
    pixels = picture.pixels
    if step.filter.color and pixels.shape[2] == 1:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)
    alpha = step.filter.alpha
    if alpha == "own" or pixels.shape[2] < 4:
        return three_axes(_call(step, picture, pixels, arguments))
    if alpha == "premultiply" and not opaque(pixels):
        return straight_again(_call(step, picture, premultiplied(pixels), arguments), pixels)
    if alpha == "fill":
        seen = filled(pixels)
    elif alpha == "weigh" and not opaque(pixels):
        seen = pixels
    else:
        seen = cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR)
    return _with_alpha(three_axes(_call(step, picture, seen, arguments)), pixels[:, :, 3])


def _call(step: Step, picture: Picture, pixels: Pixels, arguments: dict[str, Any]) -> Pixels:
    handed = pixels if step.filter.takes == "pixels" else msgspec.structs.replace(picture, pixels=pixels)
    result: Pixels = step.filter.function(handed, **arguments)
    return result


def _with_alpha(pixels: Pixels, alpha: Pixels) -> Pixels:
    """The pixels with their alpha put back; a filter that made its own alpha keeps that."""
    if pixels.shape[2] == 4:
        return pixels
    result = np.empty((*pixels.shape[:2], 4), np.uint8)
    result[:, :, :3] = pixels
    result[:, :, 3] = alpha
    return result
