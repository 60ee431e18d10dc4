"""What outputs will cost, as far as it is known before a pixel is decoded."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from core import codecs
from core.cost import Estimate
from core.decoded import Decoding
from core.depth import check_depth
from core.errors import TooManyPixelsError
from core.language.values import FileName, PictureName
from core.output import Output, Wanted, shares_steps, wanted_by
from core.picture import Origin, Size
from core.plan import Plan, StepPlan, allowed_cost, gain_map_cost, plan
from core.requirements import check_classes
from core.run import Context
from core.shared import Course, saving
from core.transcoding import transcoding

_TABLE, _TABLE_MEMORY = 100.0, 3
"""Nanoseconds and bytes that a byte of a lookup table takes to be read."""
_SHORT = 4096
"""Most bytes of pipelines and colour profile that are kept beside an estimate."""
_OUTPUT, _OF_PIXELS = 20e-6, 100e-6
"""Seconds that an output takes beside its decoding, steps and encoding, and the more where pixels are decoded."""


def estimate(outputs: Sequence[Output], origin: Origin, context: Context) -> Estimate:
    """What outputs will cost, as far as it is known before a pixel is decoded.

    Work is decoding, second pictures, steps and encoding; memory is the peak of the dearest output beside what is kept
    for all. Refuses what would cost too much, misses a second picture or names a class that no model knows: all errors
    of core/errors.py that do not depend on pixels. Worked out once for a context, and kept for further requests of the
    same outputs and header.
    """
    return context.known.of("estimate", [origin, *outputs], lambda: _estimate(outputs, origin, context))


def _estimate(outputs: Sequence[Output], origin: Origin, context: Context) -> Estimate:
    for output in outputs:
        check_classes(output.pipeline, context.models)
        if output.image and codecs.writes_deep(output.options, output.format):
            check_depth(output.pipeline, output.options, origin)
    if not _is_short(outputs, origin):
        return _worked_out(outputs, origin, context)
    header = msgspec.structs.replace(origin, exif=origin.exif and b"", xmp=None, iptc=None)
    about = (tuple(outputs), header, context.rules, context.memory is None)
    return context.costs.of(about, lambda: _worked_out(outputs, origin, context))


def _is_short(outputs: Sequence[Output], origin: Origin) -> bool:
    """Whether outputs and header are all that an estimate follows from, and short enough to be kept beside it."""
    if origin.gain_map is not None or any(output.carried or output.pipeline.others() for output in outputs):
        return False
    return len(origin.icc or b"") + sum(len(output.pipeline.canonical) for output in outputs) <= _SHORT


def _worked_out(outputs: Sequence[Output], origin: Origin, context: Context) -> Estimate:
    second = _second_files(outputs, context)
    runs = [run for output in outputs for run in _runs(output, origin, context)]
    carried = [transcoding(one.pipeline, one.format, one.options, origin) for one in outputs if one.carried]
    kept, decoding = _decodings(runs, origin)
    saved, shared = 0.0, 0
    if shares_steps(outputs, origin, context):
        saved, shared = saving([run.course for run in runs], [run.steps for run in runs])
    work = second.work + decoding.work + sum(run.work for run in runs) - saved + _OUTPUT * len(outputs)
    work += _OF_PIXELS * sum(not run.decoding.header for run in runs)
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
    wanted = wanted_by(output, origin, context)
    if wanted.picture is not None:
        frames = origin.frames if output.moves else 1
        yield _planned(output, wanted, wanted.picture, origin, context, frames, encodes=True)
    if wanted.findings is not None and wanted.findings != wanted.picture:
        frames = origin.frames if output.looks_at_all else 1
        yield _planned(output, wanted, wanted.findings, origin, context, frames, encodes=False)


def _planned(
    output: Output,
    wanted: Wanted,
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
    bytes_each = 1 + codecs.writes_deep(output.options, output.format)
    decoded = msgspec.structs.replace(origin, size=wanted.steps.decoded(origin.size))
    source = 0 if decoding.header else decoded.size.pixels * channels * bytes_each

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
        detail=codecs.detail(origin),
    )
    work, memory = steps.work * bytes_each, steps.memory * bytes_each
    if encodes:
        written = _written(output, origin, steps, frames)
        made = steps.size.pixels * steps.channels * bytes_each if output.pipeline.steps else 0
        work, memory = work + written.work, max(memory, source + made + written.memory)
    if decoding.gain_map:
        mapped = gain_map_cost(origin, steps)
        work, memory = work + mapped.work, memory + mapped.memory
    course, peak = Course(decoding, wanted.steps.pipeline.steps), 0 if decoding.header else memory
    return _Planned(decoding, course, steps.steps, frames, steps.passes, source, work, peak)


def _written(output: Output, origin: Origin, steps: Plan, frames: int) -> Estimate:
    """What encoding costs, and stripping the source where that may take its place."""
    written = codecs.encoding(
        output.format, steps.size, steps.channels, output.options, frames=frames, detail=steps.detail
    )
    if not output.leaves(origin):
        return written
    stripping = codecs.stripping(origin)
    return Estimate(work=written.work + stripping.work, memory=written.memory + stripping.memory)


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
