"""From a payload and its options to results: probe, negotiate, check, process."""

from collections.abc import Callable, Mapping

import msgspec

from core.identity import etag, sha256
from core.limits import Deadline
from core.picture import Origin
from core.process import JSON, Output, Result, check_outputs
from core.run import Probe
from service.export import Form, check_form
from service.negotiation import Negotiated
from service.options import OutputOptions, ProcessingOptions
from service.payload import Payload
from service.processor import Processor, naming_output
from storage.facts import Stat

Negotiator = Callable[[ProcessingOptions, OutputOptions, Origin], Negotiated]
"""Decides the format in which an output is returned."""


class OutputResult(msgspec.Struct, frozen=True):
    """One result, how it is returned (`as_json`, and in which export `form`), and its digest."""

    result: Result
    as_json: bool
    digest: str
    form: Form | None = None


class ProcessingResult(msgspec.Struct, frozen=True):
    """All results of a request, in order.

    `stored` holds the objects that were written, by output name.
    """

    payload: Payload
    options: ProcessingOptions
    outputs: list[OutputResult]
    source: str
    stored: Mapping[str, Stat] = {}

    def etag(self, representation: str) -> str:
        """A strong ETag of these results in this representation."""
        return etag(self.source, ",".join(output.digest for output in self.outputs), representation)


def process_payload(
    processor: Processor,
    payload: Payload,
    options: ProcessingOptions,
    negotiate: Negotiator,
    probe: Probe,
    deadline: Deadline | None = None,
) -> ProcessingResult:
    """Process a payload; the deadline may have started earlier.

    Errors: all of core/errors.py, QueueFullError (429). An error names the output that failed.
    """
    origin = processor.probe(payload.picture)
    negotiated = [negotiate(options, requested, origin) for requested in options.outputs]
    include_image = "image" in options.include
    outputs = [
        _output(requested, format_, include_image=include_image)
        for requested, format_ in zip(options.outputs, negotiated, strict=True)
    ]
    context = processor.context(deadline, probe, payload.pictures)
    for requested, output in zip(options.outputs, outputs, strict=True):
        with naming_output(output.name):
            if requested.findings:
                check_form(requested.findings, requested.pipeline)
            check_outputs([output], origin, context)
    results = processor.process(payload.picture, origin, outputs, context)
    output_results = [
        OutputResult(
            result,
            format_.as_json,
            processor.digest(output, _digest_format(requested, output, format_), context),
            requested.findings,
        )
        for requested, output, result, format_ in zip(options.outputs, outputs, results, negotiated, strict=True)
    ]
    return ProcessingResult(payload, options, output_results, _source(payload))


def _source(payload: Payload) -> str:
    """What identifies the source: its address and version, or its checksum."""
    return f"{payload.stat.address} {payload.stat.version}" if payload.stat else sha256(payload.picture)


def _output(requested: OutputOptions, negotiated: Negotiated, *, include_image: bool) -> Output:
    return Output(
        name=requested.name,
        pipeline=requested.pipeline,
        format=negotiated.format,
        options=requested.encoding,
        image=(include_image or not negotiated.as_json) and requested.findings is None,
    )


def _digest_format(requested: OutputOptions, output: Output, negotiated: Negotiated) -> str:
    """The format that the digest covers: the picture's, or that of the findings."""
    return requested.findings or (output.format if output.image or not negotiated.as_json else JSON)
