"""From a payload and its options to results: probe, negotiate, check, process."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from core.codecs import FORMATS
from core.estimate import estimate, planned_size
from core.explain import Explanation, explain
from core.identity import etag, sha256
from core.limits import Deadline
from core.output import JSON, Output
from core.picture import Origin
from core.process import Result
from core.run import Context, Probe
from service.export import Form, check_form
from service.negotiation import Negotiated
from service.options import OutputOptions, ProcessingOptions, ignored_options
from service.payload import Payload
from service.processor import Processor, naming_output
from storage.facts import Stat

EMBEDDED = {"image", "data_url"}
"""What of `include` holds the picture itself."""
Negotiator = Callable[[ProcessingOptions, OutputOptions, Origin], Negotiated]
"""Decides the format in which an output is returned."""


class OutputResult(msgspec.Struct, frozen=True):
    """One result, how it is returned (`as_json`, and in which export `form`), and its digest.

    `ignored` are options that the negotiated format lacks, and what could not be kept; `described`: it is a picture
    that is returned as JSON only because it is one of several.
    """

    result: Result
    as_json: bool
    digest: str
    form: Form | None = None
    ignored: tuple[str, ...] = ()
    described: bool = False


class ProcessingResult(msgspec.Struct, frozen=True):
    """All results of a request, in order.

    `source` is the checksum of a picture that was sent; it is empty if the picture was fetched or nothing is stored.
    `stored` holds the objects that were written, by the name of the output.
    """

    payload: Payload
    options: ProcessingOptions
    outputs: list[OutputResult]
    source: str
    stored: Mapping[str, Stat] = {}

    def etag(self, media_type: str, body: bytes) -> str:
        """A strong ETag of the answer that these results are in this media type: of all that reaches its body.

        Of what was sent and what is answered the shorter stands for the other: hashing a photograph takes a while.
        """
        return etag(
            self._of(body),
            [media_type, sorted(self.options.include)],
            [self._ingredients(output) for output in self.outputs],
        )

    def _of(self, body: bytes) -> list[str]:
        """What a body is of, or itself: enough to tell it from all others of the same ingredients."""
        stat, sent = self.payload.stat, self.payload.picture
        if stat:
            return [str(stat.address), stat.version]
        return ["sent", self.source or sha256(sent)] if len(sent) < len(body) else ["answered", sha256(body)]

    def _ingredients(self, output: OutputResult) -> list[Any]:
        """What an output brings into the body beside what its digest stands for; its name is empty out of a list."""
        wanted, stored = output.result.output, self.stored.get(output.result.output.name)
        where = [str(stored.address), stored.version] if stored else []
        return [wanted.name, output.digest, output.as_json, wanted.format, where]


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
    context = processor.context(deadline, probe, payload.pictures)
    negotiated, outputs = _negotiated(options, negotiate, origin, context)
    for requested, output in zip(options.outputs, outputs, strict=True):
        with naming_output(output.name):
            if requested.findings:
                check_form(requested.findings, requested.pipeline)
            estimate([output], origin, context)
    results = processor.process(payload.picture, origin, outputs, context)
    output_results = [
        OutputResult(
            result,
            format_.as_json,
            processor.digest(output, _digest_format(requested, output, payload, options), context),
            requested.findings,
            tuple(dict.fromkeys((*ignored_options(output.options, output.format), *result.dropped)))
            if output.image
            else (),
            format_.described,
        )
        for requested, output, result, format_ in zip(options.outputs, outputs, results, negotiated, strict=True)
    ]
    stores = any(requested.to for requested in options.outputs)
    source = sha256(payload.picture) if stores and payload.stat is None else ""
    return ProcessingResult(payload, options, output_results, source)


def explain_payload(
    processor: Processor, payload: Payload, options: ProcessingOptions, negotiate: Negotiator, deadline: Deadline
) -> dict[str, Explanation]:
    """How each output would be made, by its name; only the header of the picture is read.

    Errors: those of core/errors.py that do not depend on pixels. An error names the output that failed.
    """
    origin = processor.probe(payload.picture)
    context = processor.context(deadline, pictures=payload.pictures)
    explained = {}
    for output in _negotiated(options, negotiate, origin, context)[1]:
        with naming_output(output.name):
            explained[output.name] = explain(output, origin, context)
    return explained


def _negotiated(
    options: ProcessingOptions, negotiate: Negotiator, origin: Origin, context: Context
) -> tuple[list[Negotiated], list[Output]]:
    """The format of each output, and the output in it."""
    negotiated = [negotiate(options, requested, origin) for requested in options.outputs]
    include_image = not options.include.isdisjoint(EMBEDDED)
    outputs = [
        _fitting(_output(requested, format_, include_image=include_image), format_, origin, context)
        for requested, format_ in zip(options.outputs, negotiated, strict=True)
    ]
    return negotiated, outputs


def _output(requested: OutputOptions, negotiated: Negotiated, *, include_image: bool) -> Output:
    return Output(
        name=requested.name,
        pipeline=requested.pipeline,
        format=negotiated.format,
        options=requested.encoding,
        image=(include_image or negotiated.encoded or not negotiated.as_json) and requested.findings is None,
        every_frame=negotiated.as_json and requested.findings in {None, "coco"},
    )


def _fitting(output: Output, negotiated: Negotiated, origin: Origin, context: Context) -> Output:
    """The output in the first negotiated format that holds a result of its size; the first one if none does."""
    formats, most = (output.format, *negotiated.others), context.limits.side
    if len(formats) == 1 or not output.image or FORMATS[output.format].side >= most:
        return output
    with naming_output(output.name):
        longest = max(planned_size(output, origin, context))
    fits = next((name for name in formats if FORMATS[name].side >= longest), output.format)
    return msgspec.structs.replace(output, format=fits)


def _digest_format(requested: OutputOptions, output: Output, payload: Payload, options: ProcessingOptions) -> str:
    """The format that the digest covers: the picture's, or that of the findings.

    A COCO document contains the file name, and JSON may contain masks.
    """
    if requested.findings:
        return f"coco of {payload.filename}" if requested.findings == "coco" else requested.findings
    return output.format if output.image else f"{JSON}+masks" if "masks" in options.include else JSON
