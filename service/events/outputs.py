"""Outputs out of a source's bytes, and which errors are the picture's own."""

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
from core.picture import Origin
from core.process import JSON, Output, Result
from service.cataloging import measures_output
from service.errors import is_out_of_memory
from service.events.context import EventContext
from service.negotiation import own_format
from service.results import result_json, to_json
from service.rules.model import PlannedOutput
from storage.errors import ChecksumError, StorageError
from storage.facts import Stat

_OF_THE_PICTURE = (
    NotAnImageError, DamagedImageError, EmptyPictureError, TooLargeError, CannotFitError, NothingFoundError,
    SideTooLongError,
)  # fmt: skip


class MadeOutputs(NamedTuple):
    """What one decoding gave: bodies in the order of what was asked for, and the measures of a row."""

    bodies: list[bytes]
    measures: Result | None


def is_poison(error: Exception) -> bool:
    """Whether to try again gives the same, because it is the picture that is wrong."""
    of_the_picture = isinstance(error, _OF_THE_PICTURE) and not isinstance(error, StorageError)
    return of_the_picture and not is_out_of_memory(error)


def output_digest(context: EventContext, planned: PlannedOutput) -> str:
    """The digest of an output, known before its source is read."""
    target, processor = planned.target, context.processor
    return processor.pipeline_digest(target.pipeline, planned.format, target.options, processor.context())


def read_source(context: EventContext, source: Stat, most: int, deadline: Deadline) -> bytes:
    """The bytes of exactly this version, compared with the store's checksum.

    Where the store keeps none, they are read twice: only what came the same two times is judged.
    """
    store = context.stores.of(source.address)
    reading = store.read(source.address, deadline, at=source)
    data = bytes(reading.all(most))  # decoders want bytes
    if reading.verified is None and store.read(source.address, deadline, at=source).all(most) != data:
        raise ChecksumError(f"«{source.address}» was read twice, and was not the same.")
    return data


def make_outputs(
    context: EventContext, data: bytes, wanted: Sequence[PlannedOutput], digests: Sequence[str], *, row: bool
) -> MadeOutputs:
    """Every output of a source, which is decoded once; with `row` its measures too. Errors: all of core/errors.py."""
    processor = context.processor
    origin = processor.probe(data)
    outputs = [*(_output(planned, origin) for planned in wanted), *([measures_output("catalog")] if row else [])]
    results = processor.process(data, origin, outputs, processor.context())
    bodies = [
        result.data or to_json(result_json(result, digest, len(data)))
        for result, digest in zip(results, digests, strict=False)
    ]
    return MadeOutputs(bodies, results[-1] if row else None)


def _output(planned: PlannedOutput, origin: Origin) -> Output:
    """JSON needs a picture's format all the same: the one that it would be written in."""
    as_json = planned.format == JSON
    return Output(
        name=planned.target.name, pipeline=planned.target.pipeline,
        format=own_format(origin) if as_json else planned.format, options=planned.target.options, image=not as_json,
    )  # fmt: skip
