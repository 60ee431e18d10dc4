"""The metrics: one line each. Their values are in files that all processes of the server share.

Every label has a bounded number of values: routes, statuses, formats, codes and steps are those that the server knows.
"""

from functools import cache

from prometheus_client import Counter, Gauge, Histogram, Summary, values
from prometheus_client.values import MultiProcessValue

from service.watch.folder import MetricsFolder

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
BYTES = (1e3, 1e4, 1e5, 3e5, 1e6, 3e6, 1e7, 3e7, 1e8)
OUTCOMES = ("done", "poison", "again", "gave_up")
FRAME_OUTCOMES = ("answered", "bad", "failed", "dropped")
ALERTING = ("internal", "out_of_memory", "memory_full", "queue_full", "deadline_exceeded")
"""Codes of errors that an operator wants to know of at the first."""


class Families:
    """What is counted, by its processes' own files. There is one of it in a process."""

    def __init__(self) -> None:
        c, h, s = _counter, _histogram, _summary
        self.requests = c("requests", "Requests answered", "route", "method", "status", "format")
        self.request_seconds = h("request_seconds", "From a request's head to its answer, seconds", SECONDS, "route")
        self.request_bytes = h("request_bytes", "Bodies of requests, bytes", BYTES, "route")
        self.response_bytes = h("response_bytes", "Bodies of answers, bytes", BYTES, "route")
        self.problems = c("problems", "Requests that ended in an error", "code")
        self.stage_seconds = s("stage_seconds", "Stages of requests and events, each without those inside it", "stage")
        self.queue_seconds = h("queue_seconds", "How long requests waited for a core and memory, seconds", SECONDS)
        self.renders = c("renders", "Renders, by where they came from", "origin")
        self.render_cache_bytes = _live("render_cache_bytes", "Renders kept in memory, bytes")
        self.model_seconds = s("model_seconds", "Runs of a model", "model")
        self.model_loads = c("model_loads", "Models loaded, or not", "model", "outcome")
        self.model_bytes = _live("model_bytes", "Memory of the loaded models, as they declare it, bytes")
        self.storage_operations = c("storage_operations", "Calls of stores", "scheme", "operation", "outcome")
        self.storage_seconds = h("storage_seconds", "Calls of stores, seconds", SECONDS, "scheme", "operation")
        self.storage_retries = c("storage_retries", "Calls of stores that were tried again", "scheme", "operation")
        self.frames = c("stream_frames", "Frames of streams, by what became of them", "outcome")
        self.events = c("events", "Object events, by what became of them", "outcome")
        self.event_seconds = h("event_seconds", "How long an event took, seconds", SECONDS)
        self.redeliveries = c("event_redeliveries", "Events that were delivered again")
        self.processes = c("processes_started", "Processes that began to serve")
        for outcome in OUTCOMES:  # so that the first one is an increase
            self.events.labels(outcome)
        for outcome in FRAME_OUTCOMES:
            self.frames.labels(outcome)
        for code in ALERTING:
            self.problems.labels(code)


@cache
def families(folder: MetricsFolder) -> Families:
    """The metrics of this process and those forked from it, in the folder, which the environment must name."""
    values.ValueClass = MultiProcessValue(process_identifier=folder.number)  # type: ignore[no-untyped-call]
    return Families()


def _counter(name: str, help_: str, *labels: str) -> Counter:
    return Counter(f"darkroom_{name}", help_, labels, registry=None)


def _summary(name: str, help_: str, *labels: str) -> Summary:
    return Summary(f"darkroom_{name}", help_, labels, registry=None)


def _histogram(name: str, help_: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
    return Histogram(f"darkroom_{name}", help_, labels, registry=None, buckets=buckets)


def _live(name: str, help_: str) -> Gauge:
    """A gauge that each process sets for itself: their sum is shown, without those that have ended."""
    return Gauge(f"darkroom_{name}", help_, registry=None, multiprocess_mode="livesum")
