"""A receiver of traces: OTLP over HTTP, decoded by OpenTelemetry's own schema."""

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.waiting import until


class Span(msgspec.Struct):
    """A span as it came."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    kind: int
    seconds: float
    began: int
    error: str
    attributes: dict[str, str]
    resource: dict[str, str]


class Receiver:
    """Spans that have come, in order."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.spans: list[Span] = []

    def take(self, body: bytes) -> None:
        """Take what was posted."""
        for group in ExportTraceServiceRequest.FromString(body).resource_spans:
            resource = {one.key: one.value.string_value for one in group.resource.attributes}
            for scope in group.scope_spans:
                self.spans += [
                    Span(
                        one.name, one.trace_id.hex(), one.span_id.hex(), one.parent_span_id.hex(), one.kind,
                        (one.end_time_unix_nano - one.start_time_unix_nano) / 1e9, one.start_time_unix_nano,
                        one.status.message if one.status.code == 2 else "",
                        {a.key: a.value.string_value or str(a.value.int_value) for a in one.attributes}, resource,
                    )
                    for one in scope.spans
                ]  # fmt: skip

    def root(self, trace_id: str) -> Span:
        """The server's own span of a trace, once it has come."""
        until(lambda: bool(self._roots(trace_id)), f"the trace {trace_id}")
        return self._roots(trace_id)[0]

    def _roots(self, trace_id: str) -> list[Span]:
        return [span for span in self.spans if span.trace_id == trace_id and span.kind == 2]

    def inside(self, parent: Span) -> list[Span]:
        """The spans directly inside one."""
        found = [one for one in self.spans if one.parent_id == parent.span_id and one.trace_id == parent.trace_id]
        return sorted(found, key=lambda one: one.began)


@contextlib.contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/v1/traces" and self.headers["Content-Type"] == "application/x-protobuf":
                receiver.take(body)
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver = Receiver(f"http://127.0.0.1:{server.server_address[1]}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield receiver
        server.shutdown()
