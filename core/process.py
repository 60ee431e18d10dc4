"""One picture in, one or several results out: what every door calls."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from core import codecs
from core.codecs import DecodeHints, EncodeOptions
from core.cost import Estimate
from core.decoded import Decoding, Frames
from core.depth import check_depth
from core.errors import TooManyPixelsError
from core.findings.findings import Findings
from core.language.values import FileName, PictureName
from core.picture import Origin, Picture, Size
from core.pipeline import Pipeline
from core.plan import StepPlan, allowed_cost, gain_map_cost, plan
from core.planner.executable import Executable
from core.planner.rules import executable
from core.requirements import check_classes, class_names
from core.run import Context, Run
from core.shared import Course, Shared, saving
from core.transcoding import transcoded, transcodes, transcoding

JSON = "json"


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """One wanted result: a pipeline and the settled format; with `image=False` no picture is encoded.

    `format` is a written format even where the answer is JSON: it is what `include=image` would hold. `every_frame`
    says that the answer tells what was found in each frame of an animation, whether or not the format can move.
    """

    name: str = ""
    pipeline: Pipeline
    format: str
    options: EncodeOptions = EncodeOptions()
    image: bool = True
    every_frame: bool = False

    @property
    def moves(self) -> bool:
        """Whether the picture that is encoded holds all frames."""
        return self.image and codecs.FORMATS[self.format].animates

    def leaves(self, origin: Origin) -> bool:
        """Whether the picture comes back as it came, so that its own file will do, if that is smaller."""
        looks = all(step.filter.makes in {"measure", "findings"} for step in self.pipeline.steps)
        return looks and codecs.can_strip(origin, self.format, self.options)

    @property
    def carried(self) -> bool:
        """Whether the file itself is carried over into the format, by no pixels."""
        return self.image and transcodes(self.options)

    @property
    def looks_at_all(self) -> bool:
        """Whether what is found in all frames is wanted."""
        return self.moves or (self.every_frame and self.pipeline.sees)


class FrameResult(msgspec.Struct, frozen=True):
    """Findings of one frame, its size, and when it is shown, in milliseconds from the start."""

    size: Size
    findings: Findings
    ms: int = 0


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One made result. `data` is empty where no picture was wanted; `classes` are all those of each model asked.

    `size` is that of the picture, `frames` are those that were looked at. `dropped` is what was to be kept and could
    not be: `keep=hdr` where a filter changed the pixels.
    """

    output: Output
    origin: Origin
    size: Size
    frames: list[FrameResult]
    data: bytes
    classes: dict[str, tuple[str, ...]] = {}
    dropped: tuple[str, ...] = ()

    @property
    def frame_count(self) -> int:
        """How many frames the picture has, as far as they were looked at."""
        return len(self.frames) if codecs.FORMATS[self.output.format].animates else 1

    def findings(self, *, masks: bool = False) -> dict[str, Any]:
        """Findings in the JSON shape of docs/http.md; of several frames `{frames: [{index, ms, …}]}`.

        An answer without a picture, of a pipeline in which nothing but measures looks, is of the first frame.
        """
        shown = [frame.findings.to_json(*frame.size, masks=masks) for frame in self.frames]
        if len(shown) == 1:
            return shown[0]
        return {
            "frames": [{"index": i, "ms": f.ms, **j} for i, (f, j) in enumerate(zip(self.frames, shown, strict=True))]
        }


_TABLE, _TABLE_MEMORY = 100.0, 3
"""Nanoseconds and bytes that a byte of a lookup table takes to be read."""
_OUTPUT = 200e-6
"""Seconds that an output takes beside its decoding, steps and encoding."""


def estimate(outputs: Sequence[Output], origin: Origin, context: Context) -> Estimate:
    """What outputs will cost, as far as it is known before a pixel is decoded.

    Work is decoding, second pictures, steps and encoding; memory is the peak of the dearest output beside what is kept
    for all. Refuses what would cost too much, misses a second picture or names a class that no model knows: all errors
    of core/errors.py that do not depend on pixels.
    """
    for output in outputs:
        check_classes(output.pipeline, context.models)
        if output.image and codecs.writes_deep(output.options, output.format):
            check_depth(output.pipeline, output.options, origin)
    second = _second_files(outputs, context)
    runs = [run for output in outputs for run in _runs(output, origin, context)]
    carried = [transcoding(one.pipeline, one.format, one.options, origin) for one in outputs if one.carried]
    kept, decoding = _decodings(runs, origin)
    saved, shared = 0.0, 0
    if _shares(outputs, origin, context):
        saved, shared = saving([run.course for run in runs], [run.steps for run in runs])
    work = second.work + decoding.work + sum(run.work for run in runs) - saved + _OUTPUT * len(outputs)
    peaks = [max(decoding.memory, run.memory) - run.source * (run.decoding in kept) for run in runs]
    work, peaks = work + sum(one.work for one in carried), [*peaks, *(one.memory for one in carried)]
    memory = origin.nbytes + second.memory + sum(kept.values()) + shared + max(peaks, default=0)
    return allowed_cost(Estimate(work=work, memory=memory), context.limits)


def planned_size(output: Output, origin: Origin, context: Context) -> Size:
    """The size of the result, or the largest that it may have where that depends on the content; errors of `plan`."""
    return plan(output.pipeline, origin, context.limits, models=context.models).size


class _Planned(NamedTuple):
    """One run of an output's pipeline: over so many frames of a decoding, `passes` times; `work` without decoding.

    `source` is the bytes of a decoded frame, `memory` the peak with one; `steps` are those of the course.
    """

    decoding: Decoding
    course: Course
    steps: tuple[StepPlan, ...]
    frames: int
    passes: int
    source: int
    work: float
    memory: int


def _runs(output: Output, origin: Origin, context: Context) -> Iterator[_Planned]:
    """The run whose picture is encoded, and that whose findings are told where it is another one."""
    wanted = _wanted(output, origin, context)
    if wanted.picture is not None:
        frames = origin.frames if output.moves else 1
        yield _planned(output, wanted, wanted.picture, origin, context, frames, encodes=True)
    if wanted.findings is not None and wanted.findings != wanted.picture:
        frames = origin.frames if output.looks_at_all else 1
        yield _planned(output, wanted, wanted.findings, origin, context, frames, encodes=False)


def _planned(
    output: Output,
    wanted: "_Wanted",
    decoding: Decoding,
    origin: Origin,
    context: Context,
    frames: int,
    *,
    encodes: bool,
) -> _Planned:
    if frames > 1:
        codecs.refuse_long(origin, context.limits)
    channels = codecs.decoded_channels(origin, decoding.hints)
    deep = codecs.writes_deep(output.options, output.format)
    decoded = msgspec.structs.replace(origin, size=wanted.steps.decoded(origin.size))
    source = 0 if decoding.header else decoded.size.pixels * channels * (1 + deep)

    def second(name: str) -> int:
        return context.second_file(name).origin(context.limits).size.pixels

    steps = plan(
        wanted.steps.pipeline,
        decoded,
        context.limits,
        frames=frames,
        channels=channels,
        models=context.models,
        second=second,
    )
    work, memory = steps.work * (1 + deep), steps.memory * (1 + deep)
    if encodes:
        written = codecs.encoding(
            output.format, steps.size, steps.channels, output.options, frames=frames, detail=steps.detail
        )
        made = steps.size.pixels * steps.channels * (1 + deep) if output.pipeline.steps else 0
        work, memory = work + written.work, max(memory, source + made + written.memory)
        if output.leaves(origin):
            stripping = codecs.stripping(origin)
            work, memory = work + stripping.work, memory + stripping.memory
    if decoding.gain_map:
        mapped = gain_map_cost(origin, steps)
        work, memory = work + mapped.work, memory + mapped.memory
    memory = 0 if decoding.header else memory
    course = Course(decoding, wanted.steps.pipeline.steps)
    return _Planned(decoding, course, steps.steps, frames, steps.passes, source, work, memory)


def _decodings(runs: Sequence[_Planned], origin: Origin) -> tuple[dict[Decoding, int], Estimate]:
    """Bytes of the frames that are kept for several outputs, by decoding, and what all decoding costs."""
    readers = Counter(run.decoding for run in runs)
    kept: dict[Decoding, int] = {}
    work, memory = 0.0, 0
    for decoding, many in readers.items():
        one = (
            Estimate()
            if decoding.header
            else codecs.decoding(origin, decoding.hints, colours=decoding.colours, gain_map=decoding.gain_map)
        )
        reading = [run for run in runs if run.decoding == decoding]
        if many > 1:
            frames = max(run.frames for run in reading)
            kept[decoding] = frames * reading[0].source
        else:
            frames = reading[0].frames * reading[0].passes
        work, memory = work + one.work * frames, max(memory, one.memory)
    return kept, Estimate(work=work, memory=memory)


def _second_files(outputs: Sequence[Output], context: Context) -> Estimate:
    """What second pictures and files cost: each is read once, and stays until the end.

    All must be there, and the pictures small enough to be in memory together.
    """
    most, pixels, work, memory = context.limits.pixels, 0, 0.0, 0
    for name in dict.fromkeys(name for output in outputs for name in output.pipeline.others(FileName)):
        nbytes = len(context.second_file(name).data)
        work, memory = work + _TABLE * nbytes * 1e-9, memory + _TABLE_MEMORY * nbytes
    for name in dict.fromkeys(name for output in outputs for name in output.pipeline.others(PictureName)):
        origin = context.second_file(name).origin(context.limits)
        read = codecs.decoding(origin)
        pixels, work, memory = pixels + origin.size.pixels, work + read.work, memory + read.memory
    if pixels > most:
        raise TooManyPixelsError(
            f"The second pictures have {pixels / 1e6:.1f} megapixels together; at most {most / 1e6:g} are allowed."
        )
    return Estimate(work=work, memory=memory)


_Frames = Callable[[Iterable[Picture]], Iterator[Picture]]


class _Wanted(NamedTuple):
    """The steps of an output as they are run, and how it wants its source decoded.

    That is for its picture, and for what is found in it; None where there is none.

    They differ where the format is still and the source moves: a still may show what is no frame (APNG), and it has
    one frame only.
    """

    steps: Executable
    picture: Decoding | None
    findings: Decoding | None

    @property
    def decodings(self) -> set[Decoding]:
        """Each of them once."""
        return {decoding for decoding in (self.picture, self.findings) if decoding is not None}


def process(data: bytes, origin: Origin, outputs: Sequence[Output], context: Context) -> Iterator[Result]:
    """Each output's result, in order: the same bytes whatever other outputs are beside it.

    Outputs that want the source decoded alike share one decoding, and of a still the steps with which they begin.
    Errors: all of core/errors.py.
    """
    estimate(outputs, origin, context)
    wanted = [_wanted(output, origin, context) for output in outputs]
    readers = Counter(decoding for each in wanted for decoding in each.decodings)
    frames = {decoding: Frames(data, origin, decoding, context, many) for decoding, many in readers.items()}
    runs = _all_runs(outputs, wanted, origin, context)
    for output, each, run in zip(outputs, wanted, runs, strict=True):
        made = _carry(data, output, origin) if output.carried else _make(output, each, frames, run, origin, context)
        yield _no_larger(made, data, context)
        for decoding in each.decodings:
            frames[decoding].release()


def _all_runs(outputs: Sequence[Output], wanted: Sequence[_Wanted], origin: Origin, context: Context) -> list[_Frames]:
    """What takes the frames of each output through its steps."""
    if not _shares(outputs, origin, context):
        return [lambda frames, each=each: Run(each.steps.pipeline, context).frames(frames) for each in wanted]  # type: ignore[misc]
    courses = [Course(next(iter(each.decodings)), each.steps.pipeline.steps) for each in wanted]
    shared = Shared(courses, context)
    return [partial(shared.frames, index) for index in range(len(wanted))]


def _shares(outputs: Sequence[Output], origin: Origin, context: Context) -> bool:
    """Whether common steps may be run once: of several outputs of a still, none of which remembers other pictures."""
    still = origin.frames == 1 and origin.format != "apng" and context.memory is None
    return len(outputs) > 1 and still and not any(output.carried for output in outputs)


def _wanted(output: Output, origin: Origin, context: Context) -> _Wanted:
    if output.carried:
        return _Wanted(Executable(output.pipeline), None, None)
    steps = _executable(output, origin, context)
    animates = codecs.FORMATS[output.format].animates
    told = output.every_frame or not output.image
    return _Wanted(
        steps,
        _decoding(steps, output, origin, animate=animates) if output.image else None,
        _decoding(steps, output, origin, animate=True) if told else None,
    )


def _executable(output: Output, origin: Origin, context: Context) -> Executable:
    """The steps as they are run: as they are written where samples of 16 bits or a gain map go through them."""
    if _is_deep(output, origin) or _keeps_gain_map(output, origin):
        return Executable(output.pipeline)
    return executable(output.pipeline, origin, context.rules, image=output.image)


def _decoding(steps: Executable, output: Output, origin: Origin, *, animate: bool) -> Decoding:
    """How the frames are decoded: it depends on nothing but the source and this output."""
    deep, gain_map = _is_deep(output, origin), _keeps_gain_map(output, origin)
    hints = DecodeHints(animate=animate, luma=steps.luma, averaged=steps.averaged, deep=deep, scale=steps.scale)
    colours = codecs.colours_for(output.options, output.format, origin, own=deep or gain_map)
    return Decoding(codecs.effective(hints, origin, colours), colours, gain_map, steps.header)


def _is_deep(output: Output, origin: Origin) -> bool:
    """Whether samples of 16 bits are read and written."""
    return output.image and origin.depth > 8 and codecs.writes_deep(output.options, output.format)


def _keeps_gain_map(output: Output, origin: Origin) -> bool:
    """Whether a gain map of the source is written."""
    wanted = output.image and "hdr" in output.options.keep and codecs.FORMATS[output.format].gain_maps
    return wanted and origin.gain_map is not None


def _make(
    output: Output,
    wanted: _Wanted,
    frames: Mapping[Decoding, Iterable[Picture]],
    run: _Frames,
    origin: Origin,
    context: Context,
) -> Result:
    seen: list[FrameResult] = []
    size, encoded = None, b""
    dropped: tuple[str, ...] = ()
    if wanted.picture is not None:
        made = _watched(run(frames[wanted.picture]), seen)
        first = next(made)
        dropped = _dropped(output, first)
        made = _begun(first, made)
        del first
        with context.probe.span("encode"):
            encoded = codecs.encode(made, output.format, output.options, deadline=context.deadline)
        size = seen[0].size
    if wanted.findings is not None and wanted.findings != wanted.picture:
        seen = []
        looked_at = frames[wanted.findings] if output.looks_at_all else list(islice(frames[wanted.findings], 1))
        deque(_watched(run(looked_at), seen), maxlen=0)
    classes = class_names(output.pipeline, context.models)
    return Result(
        output=output, origin=origin, size=size or seen[0].size, frames=seen, data=encoded, classes=classes,
        dropped=dropped,
    )  # fmt: skip


def _no_larger(result: Result, source: bytes, context: Context) -> Result:
    """The result, or the source without its metadata in place of one that is larger."""
    if not result.data or not result.output.leaves(result.origin):
        return result
    with context.probe.span("encode"):
        own = codecs.stripped(source, result.origin, context.deadline)
    return msgspec.structs.replace(result, data=own) if own and len(own) < len(result.data) else result


def _carry(data: bytes, output: Output, origin: Origin) -> Result:
    made = transcoded(data, output.format, output.options, origin)
    return Result(
        output=output, origin=origin, size=origin.size, frames=[FrameResult(origin.size, Findings())], data=made
    )


def _begun(first: Picture, frames: Iterator[Picture]) -> Iterator[Picture]:
    """The frames, the first of which is made before: what a still takes is then no part of its encoding's span."""
    yield first
    del first
    yield from frames


def _dropped(output: Output, picture: Picture) -> tuple[str, ...]:
    """What of its source a picture was to keep and has lost."""
    lost = picture.origin.gain_map is not None and picture.gain_map is None and "hdr" in output.options.keep
    return ("keep=hdr",) if lost else ()


def _watched(frames: Iterable[Picture], seen: list[FrameResult]) -> Iterator[Picture]:
    """The frames as they pass, each noted."""
    ms = 0
    for frame in frames:
        seen.append(FrameResult(frame.size, frame.findings, ms))
        ms += frame.origin.duration
        yield frame
