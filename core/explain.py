"""How a pipeline is run on a source, and what it will cost, told before a pixel is decoded."""

from typing import Annotated

import msgspec
from msgspec import Meta

from core import codecs
from core.codecs import DecodeHints
from core.estimate import estimate
from core.output import Output
from core.picture import Origin
from core.plan import StepPlan, plan
from core.planner.executable import Executable, Fired
from core.planner.rules import executable
from core.run import Context

_Side = Annotated[int, Meta(ge=1)]
_Milliseconds = Annotated[float, Meta(ge=0, description="Estimated milliseconds of one core, of one frame")]
_MEBIBYTE = 2**20


class SourceDecoding(msgspec.Struct, frozen=True, kw_only=True):
    """How the source is decoded: each side at 1/`scale`, with so many channels."""

    scale: Annotated[int, Meta(ge=1, le=8)]
    width: _Side
    height: _Side
    channels: Annotated[int, Meta(ge=1, le=4)]
    ms: _Milliseconds


class StepRun(msgspec.Struct, frozen=True, kw_only=True):
    """One step as it is run: several that became one have their names joined by +."""

    step: str
    width: _Side
    height: _Side
    channels: Annotated[int, Meta(ge=1, le=4)]
    ms: _Milliseconds
    mib: Annotated[float, Meta(ge=0, description="Estimated memory at its peak, MiB")]


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """How one output is made."""

    pipeline: Annotated[str, Meta(description="As it was asked for, in canonical form")]
    format: str
    rules: Annotated[list[Fired], Meta(description="What the planner changed, in order")]
    decoding: SourceDecoding
    steps: Annotated[list[StepRun], Meta(description="As they are run, each with the size that it makes")]
    encoding_ms: _Milliseconds
    frames: Annotated[int, Meta(ge=1)]
    ms: Annotated[float, Meta(ge=0, description="Estimated milliseconds of one core, all in all")]
    mib: Annotated[float, Meta(ge=0, description="Estimated memory at its peak, MiB")]


def explain(output: Output, origin: Origin, context: Context) -> Explanation:
    """How an output is made of a source. Errors: those of `estimate`."""
    whole = estimate([output], origin, context)
    run = executable(output.pipeline, origin, context.rules, image=output.image)
    hints = codecs.effective(DecodeHints(luma=run.luma, averaged=run.averaged, scale=run.scale), origin)
    channels = codecs.decoded_channels(origin, hints)
    decoded = msgspec.structs.replace(origin, size=run.decoded(origin.size))
    frames = origin.frames if output.moves else 1
    steps = plan(
        run.pipeline,
        decoded,
        context.limits,
        frames=frames,
        channels=channels,
        models=context.models,
        second=lambda name: context.second_file(name).origin(context.limits).size.pixels,
        detail=codecs.detail(origin),
    )
    encoding = codecs.encoding(output.format, steps.size, steps.channels, output.options, detail=steps.detail)
    return Explanation(
        pipeline=output.pipeline.canonical,
        format=output.format,
        rules=list(run.fired),
        decoding=_decoding(run, origin, hints, channels),
        steps=[_step(step) for step in steps.steps],
        encoding_ms=_ms(encoding.work if output.image else 0),
        frames=frames,
        ms=_ms(whole.work),
        mib=round(whole.memory / _MEBIBYTE, 1),
    )


def _decoding(run: Executable, origin: Origin, hints: DecodeHints, channels: int) -> SourceDecoding:
    width, height = run.decoded(origin.size)
    work = 0.0 if run.header else codecs.decoding(origin, hints).work
    return SourceDecoding(scale=hints.scale, width=width, height=height, channels=channels, ms=_ms(work))


def _step(step: StepPlan) -> StepRun:
    width, height = step.after
    mib = round(step.memory / _MEBIBYTE, 1)
    return StepRun(step=step.name, width=width, height=height, channels=step.channels, ms=_ms(step.work), mib=mib)


def _ms(seconds: float) -> float:
    return round(seconds * 1e3, 2)
