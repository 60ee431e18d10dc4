"""One picture in, one or several results out: what every door calls."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

import msgspec

from core import codecs
from core.decoded import Decoding, Frames
from core.estimate import estimate
from core.findings.findings import Findings
from core.output import Output, Wanted, shares_steps, wanted_by
from core.picture import Origin, Picture, Size
from core.requirements import class_names
from core.run import Context, Run
from core.shared import Course, Shared
from core.transcoding import transcoded


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


_Frames = Callable[[Iterable[Picture]], Iterator[Picture]]


def process(data: bytes, origin: Origin, outputs: Sequence[Output], context: Context) -> Iterator[Result]:
    """Each output's result, in order: the same bytes whatever other outputs are beside it.

    Outputs that want the source decoded alike share one decoding, and of a still the steps with which they begin.
    Errors: all of core/errors.py.
    """
    estimate(outputs, origin, context)
    wanted = [wanted_by(output, origin, context) for output in outputs]
    readers = Counter(decoding for each in wanted for decoding in each.decodings)
    frames = {decoding: Frames(data, origin, decoding, context, many) for decoding, many in readers.items()}
    runs = _all_runs(outputs, wanted, origin, context)
    for output, each, run in zip(outputs, wanted, runs, strict=True):
        made = _carry(data, output, origin) if output.carried else _make(output, each, frames, run, origin, context)
        yield _no_larger(made, data, context)
        for decoding in each.decodings:
            frames[decoding].release()


def _all_runs(outputs: Sequence[Output], wanted: Sequence[Wanted], origin: Origin, context: Context) -> list[_Frames]:
    """What takes the frames of each output through its steps."""
    if not shares_steps(outputs, origin, context):
        return [lambda frames, each=each: Run(each.steps.pipeline, context).frames(frames) for each in wanted]  # type: ignore[misc]
    courses = [Course(next(iter(each.decodings)), each.steps.pipeline.steps) for each in wanted]
    shared = Shared(courses, context)
    return [partial(shared.frames, index) for index in range(len(wanted))]


def _make(
    output: Output,
    wanted: Wanted,
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
