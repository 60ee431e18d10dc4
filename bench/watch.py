"""What watching costs: the added calls of metrics and of traces, beside the CPU of a 2-megapixel `resize:800`."""

import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from flask import g
from werkzeug.test import EnvironBuilder

from bench import pictures
from bench.marks import mark
from functions.app import Darkroom, this_request
from functions.http import create_app
from functions.server import watching
from service.service import Service
from service.timing import Timings

CALLS, PICTURES, ROUNDS = 10_000, 100, 3
MOST = {"metrics": 0.01, "traces": 0.03}
STAGES = ("read", "queue", "decode", "resize", "encode")


def run() -> tuple[str, bool]:
    """The section's text, and whether every target is met."""
    data = pictures.jpeg(pictures.sources()[0], 2.0)
    with _collector() as endpoint:
        os.environ |= {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_BSP_MAX_QUEUE_SIZE": str(10 * CALLS)}
        apps = {name: _app(**settings) for name, settings in _SETTINGS.items()}
        rounds = [
            {name: _added(app) for name, app in apps.items()} | {"request": _request(apps["off"], data)}
            for _ in range(ROUNDS)
        ]
    usual = statistics.median(one["request"] for one in rounds)
    off = statistics.median(one["off"] for one in rounds)
    costs = {name: statistics.median(one[name] for one in rounds) - off for name in MOST}
    good = all(cost <= MOST[name] * usual for name, cost in costs.items())
    rows = "\n".join(
        f"| {name} | {cost * 1e6:.0f} µs | {cost / usual:.2%} | {MOST[name]:.0%} | {mark(cost <= MOST[name] * usual)} |"
        for name, cost in costs.items()
    )
    text = _TEXT.format(
        calls=CALLS, rounds=ROUNDS, usual=usual * 1e3, off=off * 1e6, pictures=PICTURES, rows=rows,
        stages=len(STAGES))  # fmt: skip
    return text, good


_SETTINGS = {
    "off": {"METRICS": "false"},
    "metrics": {"METRICS": "true"},
    "traces": {"METRICS": "false", "TRACES": "true"},
}
_TEXT = """## Watching

The calls that a request with {stages} stages makes for its log, metrics and trace, without the request: CPU of the
process over {calls:,} of them, the median of {rounds} rounds, less that of a server where both are off ({off:.0f} µs,
the log). Traces include making their spans, encoding them and sending them to a collector, a process of its own. Beside
it the CPU of a 2-megapixel `resize:800` by `/v1/process`, without a server: {usual:.1f} ms, over {pictures} of them.
Where both are off, nothing is called but what looks for a caller's trace in three headers, for the log.

| | CPU | share | at most | |
|---|---|---|---|---|
{rows}
"""


def _app(**settings: str) -> Darkroom:
    given = {"LOG_LEVEL": "error", "CATALOG": "none", **settings}
    return create_app(Service.open({f"DARKROOM_{name}": value for name, value in given.items()}))


def _request(app: Darkroom, data: bytes) -> float:
    """CPU seconds of a request."""
    client = app.test_client()

    def once() -> None:
        answer = client.post("/v1/process?pipeline=resize:800", data=data)
        assert answer.status_code == 200

    once()
    return _cpu(once, PICTURES)


def _added(app: Darkroom) -> float:
    """CPU seconds of what a request adds: its beginning, its stages and its end, as functions/http.py calls them."""
    builder = EnvironBuilder("/v1/process", method="POST", query_string="pipeline=resize:800")
    environ = builder.get_environ() | {"CONTENT_LENGTH": "500000"}
    with app.request_context(environ):
        response = app.make_response(("x", 200, {"Content-Type": "image/jpeg"}))

        def once() -> None:
            watching.begin_request(this_request(), app.service)
            g.pipeline = "resize:800"
            _spend(g.timings)
            watching.answered(this_request(), response, app.service)
            watching.end_request()

        once()
        return _cpu(once, CALLS, _flush(app))


def _spend(timings: Timings) -> None:
    for stage in STAGES:
        with timings.span(stage):
            pass


def _flush(app: Darkroom) -> Callable[[], object]:
    """What sends the traces that are still here."""
    traces: Any = app.service.traces
    return traces._exporting._batches.force_flush if traces else lambda: None  # noqa: SLF001


@contextmanager
def _collector() -> Iterator[str]:
    """The address of a collector: a process of its own, whose CPU is not ours."""
    context = multiprocessing.get_context("fork")
    ours, its = context.Pipe()
    process = context.Process(target=_collect, args=(its,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()


def _collect(pipe: Any) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Collector)
    pipe.send(server.server_address[1])
    server.serve_forever()


class _Collector(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Take what comes."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


def _cpu(work: Callable[[], object], calls: int, then: Callable[[], object] = lambda: None) -> float:
    began = time.process_time()
    for _ in range(calls):
        work()
    then()
    return (time.process_time() - began) / calls
