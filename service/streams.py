"""Streams: frames that come one by one, each through the same pipeline, whose steps remember the frames before."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast, get_args

import msgspec
from msgspec import UNSET, Meta, UnsetType

from core.codecs import FORMATS
from core.errors import BadParameterError, DarkroomError
from core.limits import Deadline
from core.output import JSON, Output
from core.pipeline import Pipeline
from service.admission import Admission
from service.errors import UnknownOptionError
from service.options import OutputOptions, ProcessingOptions
from service.processor import Processor
from service.timing import Timings
from service.watch.metrics import FrameOutcome, Metrics

if TYPE_CHECKING:
    from core.picture import Memory

Answer = Literal["findings", "picture", "both"]
Parse = Callable[[Mapping[str, Any]], ProcessingOptions]
"""From options as they were sent to typed ones, by the server's rules. Errors: every 400, OnlyPresetsError (403)."""
BAD_IN_A_ROW = 3
"""Bad frames in a row after which a stream ends."""
OPTIONS = ("pipeline", "answer", "format", "quality")
_USUAL = "jpeg"
_SOMEBODY_ELSE = {401, 403, 408, 429, 499}
"""Statuses below 500 of errors that are not the frame's."""


class FrameAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a stream says of one frame: its number, the size that the findings are of, and milliseconds of work.

    `dropped` are the numbers of frames before it that were left out, because newer ones had come. `picture` is the
    media type of the picture that follows, absent where none does.
    """

    seq: Annotated[int, Meta(ge=1)]
    width: Annotated[int, Meta(ge=1)]
    height: Annotated[int, Meta(ge=1)]
    findings: dict[str, Any]
    ms: float
    dropped: list[int] = []
    picture: str | UnsetType = UNSET


class FrameProblem(msgspec.Struct, frozen=True, kw_only=True):
    """What a stream says of a frame that it could not process, or with `seq` 0, of options that it does not take."""

    seq: Annotated[int, Meta(ge=0)]
    problem: dict[str, Any]
    dropped: list[int] = []


class Answered(msgspec.Struct, frozen=True):
    """The answer to one frame: what is said of it, and the picture if one was asked for."""

    said: FrameAnswer
    picture: bytes | None


class StreamOptions(msgspec.Struct, frozen=True):
    """What is done with each frame, and what is answered."""

    output: OutputOptions = OutputOptions(pipeline=Pipeline(), format=_USUAL)
    answer: Answer = "findings"

    @classmethod
    def read(cls, given: Mapping[str, Any], parse: Parse) -> "StreamOptions":
        """Options as they were sent: `pipeline`, `answer`, `format` of pictures (JPEG) and `quality`.

        Without `answer`, a picture comes with the findings unless the pipeline only looks. Errors: those of `parse`,
        UnknownOptionError (400), BadParameterError (400).
        """
        for name in given:
            if name not in OPTIONS:
                raise UnknownOptionError(name, OPTIONS)
        answer = given.get("answer")
        if answer is not None and answer not in get_args(Answer):
            raise BadParameterError("answer", " or ".join(get_args(Answer)), str(answer)[:80])
        parsed = parse({name: value for name, value in given.items() if name != "answer" and value is not None})
        output = parsed.outputs[0]
        if output.format == JSON:
            raise BadParameterError("format", "a format of pictures", JSON)
        looks = output.pipeline.only_looks or not output.pipeline.steps
        output = msgspec.structs.replace(output, format=output.format or _USUAL)
        return cls(output, cast("Answer", answer or ("findings" if looks else "both")))


class Stream:
    """The frames of one caller, in order: one at a time, by one thread at a time.

    `client` is whom admission takes the frames to be of; `metrics` counts them.
    """

    def __init__(
        self, processor: Processor, parse: Parse, client: str, given: Mapping[str, Any], metrics: Metrics | None = None
    ) -> None:
        self._processor = processor
        self._metrics = metrics
        self._parse = parse
        self._client = client
        self._given = dict(given)
        self._options = StreamOptions.read(given, parse) if given else StreamOptions()
        self._memory: Memory = {}
        self._bad = 0

    @property
    def options(self) -> StreamOptions:
        """What holds for the next frame."""
        return self._options

    @property
    def is_broken(self) -> bool:
        """Whether so many frames in a row were bad that the stream should end."""
        return self._bad >= BAD_IN_A_ROW

    def configure(self, given: Mapping[str, Any]) -> None:
        """Options for the frames from the next one on: those that are left out stay, None takes one back.

        Errors: see StreamOptions; then all stay as they were.
        """
        given = {name: value for name, value in {**self._given, **given}.items() if value is not None}
        options = StreamOptions.read(given, self._parse)
        if options.output.pipeline != self._options.output.pipeline:
            self._memory = {}
        self._given, self._options = given, options

    def answer(self, seq: int, frame: bytes, dropped: list[int]) -> Answered:
        """The answer to the frame of this number. Errors: all of core/errors.py, QueueFullError (429)."""
        timings = Timings()
        outcome: FrameOutcome = "failed"
        try:
            answered = self._answer(seq, frame, dropped, timings)
            self._bad, outcome = 0, "answered"
        except DarkroomError as error:
            if 400 <= error.status < 500 and error.status not in _SOMEBODY_ELSE:
                self._bad, outcome = self._bad + 1, "bad"
            raise
        finally:
            if self._metrics:
                self._metrics.framed(outcome, len(dropped), timings)
        return answered

    def _answer(self, seq: int, frame: bytes, dropped: list[int], timings: Timings) -> Answered:
        began = time.perf_counter()
        processor, wanted = self._processor, self._options.output
        context = processor.context(Deadline(processor.limits.seconds), timings)
        context = msgspec.structs.replace(context, memory=self._memory)
        output = Output(
            pipeline=wanted.pipeline, format=str(wanted.format), options=wanted.encoding,
            image=self._options.answer != "findings",
        )  # fmt: skip
        with _visit(processor.admission, self._client):
            (result,) = processor.process(frame, processor.probe(frame), [output], context)
        said = FrameAnswer(
            seq=seq, width=result.size.width, height=result.size.height,
            findings={} if self._options.answer == "picture" else result.findings(),
            ms=round((time.perf_counter() - began) * 1000, 1), dropped=dropped,
            picture=FORMATS[output.format].media_type if output.image else UNSET,
        )  # fmt: skip
        return Answered(said, result.data if output.image else None)


@contextmanager
def _visit(admission: Admission, client: str) -> Iterator[None]:
    """A frame, as admission sees it: a small request of the caller."""
    admission.arrive(client)
    try:
        yield
    finally:
        admission.leave()
