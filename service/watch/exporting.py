"""Spans in OpenTelemetry's form, and their way out. The only file that imports opentelemetry."""

import logging
import os
from collections.abc import Iterator, Sequence

from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags, TraceState
from opentelemetry.trace.status import Status, StatusCode

from service.watch.recording import Attributes, RecordedSpan, RecordedTimings, RequestSpan

_FLUSH_SECONDS = 2.0
"""How long an answer waits for its trace to be sent, at most."""
_SCOPE = InstrumentationScope("darkroom")
_KINDS = {"server": SpanKind.SERVER, "consumer": SpanKind.CONSUMER}
_OK, _RECORDED = Status(StatusCode.UNSET), TraceFlags(TraceFlags.SAMPLED)
_logger = logging.getLogger("darkroom")


class Exporting:
    """Samples and sends the traces of one process."""

    def __init__(self, *, flushes: bool) -> None:
        self._provider = TracerProvider(resource=Resource.create(_service_name()))
        self._ids = self._provider.id_generator
        seconds = _FLUSH_SECONDS if flushes and not os.environ.get("OTEL_EXPORTER_OTLP_TIMEOUT") else None
        self._exporter = OTLPSpanExporter(timeout=seconds)
        self._batches = None if flushes else BatchSpanProcessor(self._exporter)
        if self._batches is not None:
            self._provider.add_span_processor(self._batches)  # which ends it with the process

    def sample(self, asked: RequestSpan, name: str) -> tuple[bool, TraceState | None]:
        """Whether a trace is recorded, as the caller, or else OTEL_TRACES_SAMPLER, decides; and its `tracestate`."""
        parent = _parent(asked)
        around = trace.set_span_in_context(NonRecordingSpan(parent), context.Context()) if parent else None
        if parent is None and asked.caller is not None and asked.caller.sampled is False:
            return False, None
        found = self._provider.sampler.should_sample(around, int(asked.trace_id, 16), name, _KINDS[asked.kind])
        return bool(found.decision.is_sampled()), found.trace_state  # type: ignore[no-untyped-call]

    def send(self, done: RequestSpan, timings: RecordedTimings, name: str, attributes: Attributes, error: str) -> None:
        """Send a trace, at once or with others."""
        spans = list(self._spans(done, timings, name, attributes, error))
        if self._batches is not None:
            for span in spans:
                self._batches.on_end(span)
        elif self._export(spans) is not SpanExportResult.SUCCESS:
            _logger.warning("A trace was not sent: OTEL_EXPORTER_OTLP_ENDPOINT does not take it.")

    def _export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        token = context.attach(context.set_value(context._SUPPRESS_INSTRUMENTATION_KEY, True))  # noqa: SLF001
        try:
            return self._exporter.export(spans)
        finally:
            context.detach(token)

    def _spans(
        self, done: RequestSpan, timings: RecordedTimings, name: str, attributes: Attributes, error: str
    ) -> Iterator[ReadableSpan]:
        """The request's own span after those inside it."""
        trace_id = int(done.trace_id, 16)
        own = SpanContext(trace_id, int(done.span_id, 16), False, _RECORDED, done.state)
        contexts = [
            SpanContext(trace_id, self._ids.generate_span_id(), False, _RECORDED, done.state) for _ in timings.spans
        ]
        for span, its in zip(timings.spans, contexts, strict=True):
            yield self._span(span, its, own if span.parent is None else contexts[span.parent], done)
        left_out = {"darkroom.spans_left_out": timings.left_out} if timings.left_out else {}
        yield ReadableSpan(
            name, own, _parent(done), self._provider.resource, {**attributes, **left_out}, kind=_KINDS[done.kind],
            status=_status(error), start_time=done.began, end_time=done.ended, instrumentation_scope=_SCOPE,
        )  # fmt: skip

    def _span(self, span: RecordedSpan, its: SpanContext, parent: SpanContext, done: RequestSpan) -> ReadableSpan:
        return ReadableSpan(
            span.name, its, parent, self._provider.resource, span.attributes, kind=SpanKind.INTERNAL,
            status=_status(span.error), start_time=done.at(span.began), end_time=done.at(span.ended),
            instrumentation_scope=_SCOPE,
        )  # fmt: skip


def _service_name() -> dict[str, str]:
    """Our name, unless the environment has one."""
    named = os.environ.get("OTEL_SERVICE_NAME") or "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    return {} if named else {"service.name": "darkroom"}


def _parent(asked: RequestSpan) -> SpanContext | None:
    """The span of the caller; None if nobody called, or it named only the trace."""
    caller = asked.caller
    if caller is None or not caller.parent_id:
        return None
    flags = TraceFlags(TraceFlags.DEFAULT if caller.sampled is False else TraceFlags.SAMPLED)
    state = TraceState.from_header([caller.state]) if caller.state else None
    return SpanContext(int(caller.trace_id, 16), int(caller.parent_id, 16), True, flags, state)


def _status(error: str) -> Status:
    return Status(StatusCode.ERROR, error) if error else _OK
