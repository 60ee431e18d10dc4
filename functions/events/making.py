"""Outputs out of a source's bytes, and which errors are the picture's own."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import cv2

from core import codecs
from core.errors import (
    CannotFitError,
    DamagedImageError,
    DarkroomError,
    EmptyPictureError,
    NotAnImageError,
    NothingFoundError,
    SideTooLongError,
    TooLargeError,
)
from core.identity import digest
from core.limits import Deadline
from core.models.requirements import identities
from core.picture import Origin
from core.process import JSON, Output, Result, process
from core.run import Context, other_bytes
from functions.answer import to_json
from functions.cataloguing import look as measures
from functions.events.desk import Desk
from functions.negotiate import own
from functions.rules.model import Planned
from functions.timing import Timings
from functions.work import asset
from storage.errors import ChecksumError, StorageError
from storage.objects import Stat

_OF_THE_PICTURE = (
    NotAnImageError, DamagedImageError, EmptyPictureError, TooLargeError, CannotFitError, NothingFoundError,
    SideTooLongError,
)  # fmt: skip
_NO_MEMORY = -4
"""cv::Error::StsNoMem, https://docs.opencv.org/4.x/db/d85/classcv_1_1Error.html"""


class Batch(NamedTuple):
    """What one decoding gave: bodies in the order of what was asked for, and the measures of a row."""

    bodies: list[bytes]
    looked: Result | None


def is_poison(error: Exception) -> bool:
    """Whether to try again gives the same, because it is the picture that is wrong."""
    return isinstance(error, _OF_THE_PICTURE) and not isinstance(error, StorageError) and not _short_of_memory(error)


def _short_of_memory(error: BaseException | None) -> bool:
    """A decoder's every exception is told as a damaged picture, its lack of memory too."""
    while error is not None:
        if isinstance(error, MemoryError) or (isinstance(error, cv2.error) and error.code == _NO_MEMORY):
            return True
        error = error.__cause__ or error.__context__
    return False


def digest_of(desk: Desk, planned: Planned) -> str:
    """The digest of an output, known before its source is read."""
    target, context = planned.target, _context(desk)
    others = {name: other_bytes(name, context) for name in target.pipeline.others()}
    return digest(target.pipeline, planned.format, target.options, others, identities(target.pipeline, context.models))


def read(desk: Desk, source: Stat, most: int, deadline: Deadline) -> bytes:
    """The bytes of exactly this version, compared with the store's checksum.

    Where the store keeps none, they are read twice: only what came the same two times is judged.
    """
    store = desk.stores.of(source.address)
    reading = store.read(source.address, deadline, at=source)
    data = bytes(reading.all(most))  # decoders want bytes
    if reading.verified is None and store.read(source.address, deadline, at=source).all(most) != data:
        raise ChecksumError(f"«{source.address}» was read twice, and was not the same.")
    return data


def make(desk: Desk, data: bytes, wanted: Sequence[Planned], digests: Sequence[str], *, row: bool) -> Batch:
    """Every output of a source, which is decoded once; with `row` its measures too. Errors: all of core/errors.py."""
    origin = codecs.probe(data, desk.bench.limits)
    outputs = [*(_output(planned, origin) for planned in wanted), *([measures("catalog")] if row else [])]
    context = _context(desk)
    with desk.bench.gate.enter(desk.bench.limits.seconds, context.probe):
        results = list(_named(process(data, origin, outputs, context), outputs))
    made = [result.data or _told(result, len(data), which) for result, which in zip(results, digests, strict=False)]
    return Batch(made, results[-1] if row else None)


def _context(desk: Desk) -> Context:
    bench = desk.bench
    return Context(
        bench.limits, Deadline(bench.limits.seconds), lambda name: asset(name, bench.assets), Timings(), bench.models
    )


def _output(planned: Planned, origin: Origin) -> Output:
    """JSON needs a picture's format all the same: the one that it would be written in."""
    as_json = planned.format == JSON
    return Output(
        name=planned.target.name, pipeline=planned.target.pipeline, format=own(origin) if as_json else planned.format,
        options=planned.target.options, image=not as_json,
    )  # fmt: skip


def _named(results: Iterator[Result], outputs: Sequence[Output]) -> Iterator[Result]:
    """Results, each as it is asked for; an error says which output failed."""
    for output in outputs:
        try:
            yield next(results)
        except DarkroomError as error:
            error.fields.setdefault("output", output.name)
            raise


def _told(result: Result, size: int, digest: str) -> bytes:
    """What is in the picture, in the shape that HTTP answers (design §4)."""
    origin = result.origin
    return to_json({
        "source": {
            "format": origin.format, "width": origin.size.width, "height": origin.size.height, "bytes": size,
            "frames": origin.frames,
        },
        "output": {
            "format": result.output.format, "width": result.size.width, "height": result.size.height, "bytes": None,
            "frames": len(result.frames),
        },
        "findings": result.findings(),
        "pipeline": result.output.pipeline.canonical,
        "digest": digest,
    })  # fmt: skip
