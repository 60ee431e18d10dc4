"""One picture in, one or several results out: what every door calls."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import msgspec
import numpy as np

from core import codecs
from core.codecs import EncodeOptions
from core.errors import TooManyPixelsError, TooMuchWorkError
from core.findings.findings import Findings
from core.language.values import FileName, PictureName
from core.picture import Origin, Picture, Size
from core.pipeline import Pipeline
from core.plan import averages, plan, reduction, shrink
from core.requirements import check_classes, class_names
from core.run import Context, Run, second_picture_bytes

JSON = "json"


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """One wanted result: a pipeline and the settled format; `json` with `image=False` encodes no picture.

    `format` is a written format even where the answer is JSON: it is what `include=image` would hold.
    """

    name: str = ""
    pipeline: Pipeline
    format: str
    options: EncodeOptions = EncodeOptions()
    image: bool = True

    @property
    def moves(self) -> bool:
        """Whether all frames are wanted."""
        return self.image and codecs.FORMATS[self.format].animates


class FrameResult(msgspec.Struct, frozen=True):
    """Findings of one frame, its size, and when it is shown, in milliseconds from the start."""

    size: Size
    findings: Findings
    ms: int = 0

    def of(self, size: Size) -> "FrameResult":
        """The same of the picture of this size, whose sides were divided by a whole number and rounded up."""
        across, down = round(size.width / self.size.width), round(size.height / self.size.height)
        return FrameResult(size, self.findings.follow(np.diag((across, down, 1)), *size), self.ms)


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One made result. `data` is empty where no picture was wanted; `classes` are all those of each model asked."""

    output: Output
    origin: Origin
    size: Size
    frames: list[FrameResult]
    data: bytes
    classes: dict[str, tuple[str, ...]] = {}

    def findings(self, *, masks: bool = False) -> dict[str, Any]:
        """Findings in the JSON shape of design §4; with several frames `{frames: [{index, ms, …}]}`."""
        shown = [frame.findings.to_json(*frame.size, masks=masks) for frame in self.frames]
        if len(shown) == 1:
            return shown[0]
        return {
            "frames": [{"index": i, "ms": f.ms, **j} for i, (f, j) in enumerate(zip(self.frames, shown, strict=True))]
        }


def check_outputs(outputs: Sequence[Output], origin: Origin, context: Context) -> None:
    """Refuse what would cost too much, misses a second picture or names a class that no model knows.

    All that is known before a pixel is decoded.
    """
    work = 0.0
    for output in outputs:
        frames = origin.frames if output.moves else 1
        planned = plan(output.pipeline, origin, context.limits, frames=frames, models=context.models)
        work += planned.work + _encoding(output, planned.size, frames)
        _check_others(output.pipeline, context)
        check_classes(output.pipeline, context.models)
    if work > context.limits.work:
        raise TooMuchWorkError(
            f"Steps and encoding are about {work:.0f} s of work; at most {context.limits.work:g} s are allowed."
        )


def _check_others(pipeline: Pipeline, context: Context) -> None:
    """Second pictures must be there, and small enough to be in memory together."""
    most, pixels = context.limits.pixels, 0
    for name in pipeline.others(FileName):
        second_picture_bytes(name, context)
    for name in pipeline.others(PictureName):
        pixels += codecs.probe(second_picture_bytes(name, context), context.limits).size.pixels
    if pixels > most:
        raise TooManyPixelsError(
            f"The second pictures have {pixels / 1e6:.1f} megapixels together; at most {most / 1e6:g} are allowed."
        )


def _encoding(output: Output, size: Size, frames: int) -> float:
    """Seconds that encoding takes: a slow encoder cannot be interrupted either."""
    return codecs.cost(output.format, output.options) * size.pixels * frames * 1e-9 if output.image else 0.0


def process(data: bytes, origin: Origin, outputs: Sequence[Output], context: Context) -> Iterator[Result]:
    """Each output's result, in order. The source is decoded once (twice where only some outputs keep its profile).

    Errors: all of core/errors.py.
    """
    check_outputs(outputs, origin, context)
    if len(outputs) == 1:
        reduced = 1.0 if outputs[0].image else reduction(outputs[0].pipeline, origin.size, context.models)
        yield _make(outputs[0], origin, _Frames(data, origin, outputs, context, reduced), context)
        return
    kept: dict[bool, list[Picture]] = {}
    for output in outputs:
        alike = [other for other in outputs if _keeps_icc(other) == _keeps_icc(output)]
        if _keeps_icc(output) not in kept:
            kept[_keeps_icc(output)] = list(_Frames(data, origin, alike, context))
        frames = kept[_keeps_icc(output)]
        yield _make(output, origin, frames if output.moves else frames[:1], context)


def _keeps_icc(output: Output) -> bool:
    return "icc" in output.options.keep


class _Frames:
    """The frames of a file, decoded one at a time whenever they are gone through."""

    def __init__(
        self, data: bytes, origin: Origin, outputs: Sequence[Output], context: Context, reduced: float = 1.0
    ) -> None:
        self._decode = partial(_decoded, data, origin, outputs, context, reduced)

    def __iter__(self) -> Iterator[Picture]:
        return self._decode()


def _decoded(
    data: bytes, origin: Origin, outputs: Sequence[Output], context: Context, reduced: float
) -> Iterator[Picture]:
    frames = codecs.decode(
        data,
        origin,
        limits=context.limits,
        hints=codecs.DecodeHints(
            animate=any(output.moves for output in outputs),
            luma=all(output.pipeline.luma for output in outputs),
            averaged=shrink(reduced) > 1 or all(averages(output.pipeline, origin.size) for output in outputs),
            shrink=shrink(reduced),
        ),
        keep_icc=_keeps_icc(outputs[0]),
        deadline=context.deadline,
    )
    while True:
        context.deadline.check("decode")
        with context.probe.span("decode"):
            frame = next(frames, None)
        if frame is None:
            return
        yield frame


def _make(output: Output, origin: Origin, frames: Iterable[Picture], context: Context) -> Result:
    seen: list[FrameResult] = []
    made = _watched(Run(output.pipeline, context).frames(frames), seen)
    encoded = b""
    if output.image:
        with context.probe.span("encode"):
            encoded = codecs.encode(made, output.format, output.options, deadline=context.deadline)
    else:
        first = next(made)
        if first.origin.size != origin.size:  # it was shrunk while it was decoded
            seen[0] = seen[0].of(origin.size)
    classes = class_names(output.pipeline, context.models)
    return Result(output=output, origin=origin, size=seen[0].size, frames=seen, data=encoded, classes=classes)


def _watched(frames: Iterable[Picture], seen: list[FrameResult]) -> Iterator[Picture]:
    """The frames as they pass, each noted."""
    ms = 0
    for frame in frames:
        seen.append(FrameResult(frame.size, frame.findings, ms))
        ms += frame.origin.duration
        yield frame
