"""One wanted result, and how its source has to be decoded for it."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from core import codecs
from core.codecs import DecodeHints, EncodeOptions
from core.decoded import Decoding
from core.picture import Origin
from core.pipeline import Pipeline
from core.planner.executable import Executable
from core.planner.rules import executable
from core.run import Context
from core.transcoding import transcodes

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


class Wanted(NamedTuple):
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


def wanted_by(output: Output, origin: Origin, context: Context) -> Wanted:
    """How an output is made of a source; worked out once for a context."""
    return context.known.of("wanted", [origin, output], lambda: _wanted(output, origin, context))


def _wanted(output: Output, origin: Origin, context: Context) -> Wanted:
    if output.carried:
        return Wanted(Executable(output.pipeline), None, None)
    steps = _executable(output, origin, context)
    animates = codecs.FORMATS[output.format].animates
    told = output.every_frame or not output.image
    return Wanted(
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


def shares_steps(outputs: Sequence[Output], origin: Origin, context: Context) -> bool:
    """Whether common steps may be run once: of several outputs of a still, none of which remembers other pictures."""
    still = origin.frames == 1 and origin.format != "apng" and context.memory is None
    return len(outputs) > 1 and still and not any(output.carried for output in outputs)
