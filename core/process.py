"""One picture in, one or several results out: what every door calls."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import count, islice
from typing import Any, NamedTuple

import msgspec

from core import codecs
from core.codecs import Colours, DecodeHints, EncodeOptions
from core.cost import Estimate
from core.depth import check_depth
from core.errors import TooManyPixelsError
from core.findings.findings import Findings
from core.language.values import FileName, PictureName
from core.picture import Origin, Picture, Size
from core.pipeline import Pipeline
from core.plan import allowed_cost, averages, gain_map_cost, plan
from core.requirements import check_classes, class_names
from core.run import Context, Run

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
    kept, decoding = _decodings(runs, origin)
    work = second.work + decoding.work + sum(run.work for run in runs) + _OUTPUT * len(outputs)
    peaks = [max(decoding.memory, run.memory) - run.source * (run.decoding in kept) for run in runs]
    memory = origin.nbytes + second.memory + sum(kept.values()) + max(peaks, default=0)
    return allowed_cost(Estimate(work=work, memory=memory), context.limits)


def planned_size(output: Output, origin: Origin, context: Context) -> Size:
    """The size of the result, or the largest that it may have where that depends on the content; errors of `plan`."""
    return plan(output.pipeline, origin, context.limits, models=context.models).size


class _Planned(NamedTuple):
    """One run of an output's pipeline: over so many frames of a decoding, `passes` times; `work` without decoding.

    `source` is the bytes of a decoded frame, `memory` the peak with one.
    """

    decoding: "_Decoding"
    frames: int
    passes: int
    source: int
    work: float
    memory: int


def _runs(output: Output, origin: Origin, context: Context) -> Iterator[_Planned]:
    """The run whose picture is encoded, and that whose findings are told where it is another one."""
    wanted = _wanted(output, origin)
    if wanted.picture is not None:
        yield _planned(output, wanted.picture, origin, context, origin.frames if output.moves else 1, encodes=True)
    if wanted.findings is not None and wanted.findings != wanted.picture:
        frames = origin.frames if output.looks_at_all else 1
        yield _planned(output, wanted.findings, origin, context, frames, encodes=False)


def _planned(
    output: Output, decoding: "_Decoding", origin: Origin, context: Context, frames: int, *, encodes: bool
) -> _Planned:
    if frames > 1:
        codecs.refuse_long(origin, context.limits)
    channels = codecs.decoded_channels(origin, decoding.hints)
    deep = codecs.writes_deep(output.options, output.format)
    source = origin.size.pixels * channels * (1 + deep)

    def second(name: str) -> int:
        return context.second_file(name).origin(context.limits).size.pixels

    steps = plan(
        output.pipeline, origin, context.limits, frames=frames, channels=channels, models=context.models, second=second
    )
    work, memory = steps.work * (1 + deep), steps.memory * (1 + deep)
    if encodes:
        written = codecs.encoding(
            output.format, steps.size, steps.channels, output.options, frames=frames, detail=steps.detail
        )
        made = steps.size.pixels * steps.channels * (1 + deep) if output.pipeline.steps else 0
        work, memory = work + written.work, max(memory, source + made + written.memory)
    if decoding.gain_map:
        mapped = gain_map_cost(origin, steps)
        work, memory = work + mapped.work, memory + mapped.memory
    return _Planned(decoding, frames, steps.passes, source, work, memory)


def _decodings(runs: Sequence[_Planned], origin: Origin) -> tuple[dict["_Decoding", int], Estimate]:
    """Bytes of the frames that are kept for several outputs, by decoding, and what all decoding costs."""
    readers = Counter(run.decoding for run in runs)
    kept: dict[_Decoding, int] = {}
    work, memory = 0.0, 0
    for decoding, many in readers.items():
        one = codecs.decoding(origin, decoding.hints, colours=decoding.colours, gain_map=decoding.gain_map)
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


class _Decoding(NamedTuple):
    """What settles the decoded frames beside the source: those of equal decodings are equal."""

    hints: DecodeHints
    colours: Colours
    gain_map: bool = False


class _Wanted(NamedTuple):
    """How an output wants its source decoded: for its picture, and for what is found in it; None where there is none.

    They differ where the format is still and the source moves: a still may show what is no frame (APNG), and it has
    one frame only.
    """

    picture: _Decoding | None
    findings: _Decoding | None

    @property
    def decodings(self) -> set[_Decoding]:
        """Each of them once."""
        return {decoding for decoding in self if decoding is not None}


def process(data: bytes, origin: Origin, outputs: Sequence[Output], context: Context) -> Iterator[Result]:
    """Each output's result, in order: the same bytes whatever other outputs are beside it.

    Outputs that want the source decoded alike share one decoding. Errors: all of core/errors.py.
    """
    estimate(outputs, origin, context)
    wanted = [_wanted(output, origin) for output in outputs]
    readers = Counter(decoding for each in wanted for decoding in each.decodings)
    frames = {decoding: _Frames(data, origin, decoding, context, many) for decoding, many in readers.items()}
    for output, each in zip(outputs, wanted, strict=True):
        yield _make(output, each, frames, origin, context)
        for decoding in each.decodings:
            frames[decoding].release()


def _wanted(output: Output, origin: Origin) -> _Wanted:
    animates = codecs.FORMATS[output.format].animates
    told = output.every_frame or not output.image
    return _Wanted(
        _decoding(output, origin, animate=animates) if output.image else None,
        _decoding(output, origin, animate=True) if told else None,
    )


def _decoding(output: Output, origin: Origin, *, animate: bool) -> _Decoding:
    """How the frames are decoded: it depends on nothing but the source and this output."""
    deep = codecs.writes_deep(output.options, output.format) and output.image and origin.depth > 8
    averaged = averages(output.pipeline, origin.size)
    hints = DecodeHints(animate, output.pipeline.luma, averaged, deep=deep)
    gain_map = origin.gain_map is not None and _keeps_gain_map(output)
    colours = codecs.colours_for(output.options, output.format, origin, own=deep or gain_map)
    return _Decoding(codecs.effective(hints, origin, colours), colours, gain_map)


def _keeps_gain_map(output: Output) -> bool:
    """Whether a gain map of the source would be written."""
    return output.image and "hdr" in output.options.keep and codecs.FORMATS[output.format].gain_maps


class _Frames:
    """The frames of one decoding, for so many outputs that go through them, some more than once.

    For one output they are decoded whenever it goes through them, one at a time. For several they are decoded once, as
    far as anybody goes, and kept until the last has released them.
    """

    def __init__(self, data: bytes, origin: Origin, decoding: _Decoding, context: Context, readers: int) -> None:
        self._decode = partial(_decoded, data, origin, decoding, context)
        self._readers = readers
        self._source = self._decode() if readers > 1 else None
        self._kept: list[Picture] = []

    def __iter__(self) -> Iterator[Picture]:
        return self._decode() if self._source is None else self._shared(self._source)

    def _shared(self, source: Iterator[Picture]) -> Iterator[Picture]:
        for number in count():
            if number == len(self._kept):
                frame = next(source, None)
                if frame is None:
                    return
                self._kept.append(frame)
            yield self._kept[number]

    def release(self) -> None:
        """One output has what it wants."""
        self._readers -= 1
        if not self._readers:
            self._kept.clear()


def _decoded(data: bytes, origin: Origin, decoding: _Decoding, context: Context) -> Iterator[Picture]:
    frames = codecs.decode(
        data,
        origin,
        limits=context.limits,
        hints=decoding.hints,
        colours=decoding.colours,
        gain_map=decoding.gain_map,
        deadline=context.deadline,
    )
    while True:
        context.deadline.check("decode")
        with context.probe.span("decode"):
            frame = next(frames, None)
        if frame is None:
            return
        yield frame


def _make(
    output: Output, wanted: _Wanted, frames: Mapping[_Decoding, Iterable[Picture]], origin: Origin, context: Context
) -> Result:
    seen: list[FrameResult] = []
    size, encoded = None, b""
    dropped: tuple[str, ...] = ()
    if wanted.picture is not None:
        made = _watched(Run(output.pipeline, context).frames(frames[wanted.picture]), seen)
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
        deque(_watched(Run(output.pipeline, context).frames(looked_at), seen), maxlen=0)
    classes = class_names(output.pipeline, context.models)
    return Result(
        output=output, origin=origin, size=size or seen[0].size, frames=seen, data=encoded, classes=classes,
        dropped=dropped,
    )  # fmt: skip


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
