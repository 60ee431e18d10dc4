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
"""Decides which format an output comes back in."""


class OutputResult(msgspec.Struct, frozen=True):
    """One result, how it comes back (`as_json`, and in which `form`), and what identifies it."""

    result: Result
    as_json: bool
    digest: str
    form: Form | None = None


class ProcessingResult(msgspec.Struct, frozen=True):
    """All results of a request, in order, and their ETag for one representation.

    `stored` are the objects that were written, by the name of the output.
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
    """Do the work, by a deadline that may have begun earlier.

    Errors: all of core/errors.py, QueueFullError (429); the output that fails is named.
    """
    origin = processor.probe(payload.picture)
    negotiated = [negotiate(options, wanted, origin) for wanted in options.outputs]
    include_image = "image" in options.include
    outputs = [
        _output(wanted, format_, include_image=include_image)
        for wanted, format_ in zip(options.outputs, negotiated, strict=True)
    ]
    context = processor.context(deadline, probe, payload.pictures)
    for wanted, output in zip(options.outputs, outputs, strict=True):
        with naming_output(output.name):
            if wanted.findings:
                check_form(wanted.findings, wanted.pipeline)
            check_outputs([output], origin, context)
    results = processor.process(payload.picture, origin, outputs, context)
    made = [
        OutputResult(
            result, format_.as_json, processor.digest(output, _shown(wanted, output, format_), context), wanted.findings
        )
        for wanted, output, result, format_ in zip(options.outputs, outputs, results, negotiated, strict=True)
    ]
    return ProcessingResult(payload, options, made, _source(payload))


def _source(payload: Payload) -> str:
    """What identifies the source: its address and version, or its checksum."""
    return f"{payload.stat.address} {payload.stat.version}" if payload.stat else sha256(payload.picture)


def _output(wanted: OutputOptions, negotiated: Negotiated, *, include_image: bool) -> Output:
    return Output(
        name=wanted.name,
        pipeline=wanted.pipeline,
        format=negotiated.format,
        options=wanted.encoding,
        image=(include_image or not negotiated.as_json) and wanted.findings is None,
    )


def _shown(wanted: OutputOptions, output: Output, negotiated: Negotiated) -> str:
    """What the digest calls the result's format: that of the picture, or the form that findings come in."""
    return wanted.findings or (output.format if output.image or not negotiated.as_json else JSON)
