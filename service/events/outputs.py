"""Makes the outputs of a source, and tells errors of the picture from others."""

from collections.abc import Sequence
from typing import NamedTuple

from core.errors import (
    CannotFitError,
    DamagedImageError,
    EmptyPictureError,
    NotAnImageError,
    NothingFoundError,
    SideTooLongError,
    TooLargeError,
)
from core.limits import Deadline
from core.output import JSON, Output
from core.picture import Origin
from core.process import Result
from service.cataloging import measures_output
from service.errors import is_out_of_memory
from service.events.context import EventContext
from service.negotiation import own_format
from service.results import result_json, to_json
from service.rules.model import PlannedOutput
from service.timing import current_timings
from storage.errors import ChecksumError, StorageError
from storage.facts import Stat

_PICTURE_ERRORS = (
    NotAnImageError, DamagedImageError, EmptyPictureError, TooLargeError, CannotFitError, NothingFoundError,
    SideTooLongError,
)  # fmt: skip


class OutputBatch(NamedTuple):
    """The outputs of one decoding: bodies in the order requested, and the measures of a catalog row."""

    bodies: list[bytes]
    measures: Result | None


def is_poison(error: Exception) -> bool:
    """Whether the picture itself is at fault, so that a retry cannot succeed."""
    picture_error = isinstance(error, _PICTURE_ERRORS) and not isinstance(error, StorageError)
    return picture_error and not is_out_of_memory(error)


def output_digest(context: EventContext, planned: PlannedOutput) -> str:
    """The digest of an output, known before its source is read."""
    target, processor = planned.target, context.processor
    return processor.pipeline_digest(target.pipeline, planned.format, target.options, processor.context())


def read_source(context: EventContext, source: Stat, max_bytes: int, deadline: Deadline) -> bytes:
    """The bytes of exactly this version, verified by the store's checksum.

    If the store keeps none, they are read twice and must be equal.
    """
    store = context.stores.of(source.address)
    reading = store.read(source.address, deadline, at=source)
    data = bytes(reading.all(max_bytes))  # decoders want bytes
    if reading.verified is None and store.read(source.address, deadline, at=source).all(max_bytes) != data:
        raise ChecksumError(f'"{source.address}" was read twice with different results.')
    return data


def make_outputs(
    context: EventContext, data: bytes, planned_outputs: Sequence[PlannedOutput], digests: Sequence[str], *, row: bool
) -> OutputBatch:
    """Make every output of a source, decoding once; with `row`, its measures too. Errors: all of core/errors.py."""
    processor = context.processor
    origin = processor.probe(data)
    outputs = [
        *(_output(planned, origin) for planned in planned_outputs),
        *([measures_output("catalog")] if row else []),
    ]
    results = processor.process(data, origin, outputs, processor.context(probe=current_timings()))
    bodies = [
        result.data or to_json(result_json(result, digest, len(data)))
        for result, digest in zip(results, digests, strict=False)
    ]
    return OutputBatch(bodies, results[-1] if row else None)


def _output(planned: PlannedOutput, origin: Origin) -> Output:
    """The output of a rule. JSON needs an image format as well: the one the picture would be written in."""
    as_json = planned.format == JSON
    return Output(
        name=planned.target.name, pipeline=planned.target.pipeline,
        format=own_format(origin) if as_json else planned.format, options=planned.target.options, image=not as_json,
        every_frame=as_json,
    )  # fmt: skip
