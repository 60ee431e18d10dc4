"""What a server counts of itself, for Prometheus: over all its processes, whichever is asked."""

import os
from collections.abc import Iterable
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Literal

from core.codecs import FORMATS
from service.admission import Admission
from service.cataloging import in_a_cloud
from service.settings import Settings
from service.timing import Timings
from service.watch.folder import VARIABLE, MetricsFolder, make_folder

if TYPE_CHECKING:  # prometheus-client is imported only if something is counted
    from service.watch.families import Families

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OFF = "This server counts nothing; DARKROOM_METRICS=true has it count."
NO_FOLDER = (
    "Metrics are off: there is nowhere to write. Mount a tmpfs at /dev/shm or /tmp, or set PROMETHEUS_MULTIPROC_DIR."
)
_METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"}
_FORMATS = {known.media_type: known.name for known in FORMATS.values()}
_OTHER = {"application/json": "json", "application/problem+json": "problem", "text/html": "html", "": "none"}
FrameOutcome = Literal["answered", "bad", "failed"]


class Metrics:
    """The counts of this process and those forked from it, all in one folder; `models` are the names of all models."""

    def __init__(self, folder: MetricsFolder, models: Iterable[str]) -> None:
        self._folder = folder
        self._models = models
        self._began_in: int | None = None

    @cached_property
    def of(self) -> "Families":
        """The metrics themselves, once something is counted."""
        os.environ[VARIABLE] = str(self._folder.path)  # where prometheus-client writes
        from service.watch.families import families

        return families(self._folder)

    def begin_process(self) -> None:
        """Count this process, once. What may never happen is there as 0, so that its first time is an increase."""
        if self._began_in == os.getpid():
            return
        self._began_in = os.getpid()
        self.of.processes.inc()
        for name in self._models:
            self.of.model_loads.labels(name, "failed")

    def answered(self, route: str, method: str, status: int, media_type: str, seconds: float) -> None:
        """Count an answer; `route` is the path as the route declares it."""
        known = method if method in _METHODS else "other"
        _labelled(self.of.requests, route, known, status, format_of(media_type)).inc()
        _labelled(self.of.request_seconds, route).observe(seconds)

    def sent(self, route: str, bytes_in: int | None, bytes_out: int | None) -> None:
        """Count what a request and its answer carried; None if that is not known."""
        if bytes_in:
            _labelled(self.of.request_bytes, route).observe(bytes_in)
        if bytes_out:
            _labelled(self.of.response_bytes, route).observe(bytes_out)

    def failed(self, code: str) -> None:
        """Count an error, by its code."""
        self.of.problems.labels(code).inc()

    def stages(self, timings: Timings) -> None:
        """Count what a request or an event was made of. Steps that became one are `table`, in whatever order."""
        for name, seconds in timings.seconds.items():
            _labelled(self.of.stage_seconds, "table" if "+" in name else name).observe(seconds)
            if name == "queue":
                self.of.queue_seconds.observe(seconds)

    def handled(self, outcome: str, attempt: int, seconds: float) -> None:
        """Count an object event."""
        self.of.events.labels(outcome).inc()
        self.of.event_seconds.observe(seconds)
        if attempt > 1:
            self.of.redeliveries.inc()

    def framed(self, outcome: FrameOutcome, dropped: int, timings: Timings) -> None:
        """Count a frame of a stream, and those that were left out before it."""
        self.of.frames.labels(outcome).inc()
        self.of.frames.labels("dropped").inc(dropped)
        self.stages(timings)

    def model_ran(self, name: str, seconds: float) -> None:
        """Count a run of a model."""
        self.of.model_seconds.labels(name).observe(seconds)

    def model_loaded(self, name: str, *, good: bool) -> None:
        """Count a load of a model, or its failure."""
        self.of.model_loads.labels(name, "loaded" if good else "failed").inc()

    def models_hold(self, used: int) -> None:
        """The loaded models of this process take so many bytes."""
        self.of.model_bytes.set(used)

    def rendered(self, origin: Literal["memory", "storage", "computed"], kept: int) -> None:
        """Count a render, by where it came from; this process keeps so many bytes of renders in memory."""
        self.of.renders.labels(origin).inc()
        self.of.render_cache_bytes.set(kept)

    def exposition(self, admission: Admission, version: str) -> bytes:
        """Everything in the text format of Prometheus: what was counted, and the state of this moment.

        https://prometheus.io/docs/instrumenting/exposition_formats/
        """
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        from service.watch.state import ServerState

        self._folder.forget_dead()
        registry = CollectorRegistry()
        MultiProcessCollector(registry, str(self._folder.path))  # type: ignore[no-untyped-call] # of prometheus-client
        registry.register(ServerState(admission, version))
        return generate_latest(registry)


@cache
def _labelled(family: Any, *values: str | int) -> Any:
    """The metric of a family with these labels: looking for it takes prometheus-client as long as counting."""
    return family.labels(*values)


def format_of(media_type: str) -> str:
    """The format of an answer as a label."""
    return _FORMATS.get(media_type) or _OTHER.get(media_type, "other")


def open_metrics(settings: Settings, models: Iterable[str]) -> Metrics | None:
    """The metrics of this process; None if they are off, or have nowhere to be."""
    folder = _folder() if is_on(settings) else None
    return Metrics(folder, models) if folder else None


def is_on(settings: Settings) -> bool:
    """Whether the settings want metrics; unset, not in a cloud, which starts instances that nobody can scrape."""
    return not in_a_cloud() if settings.metrics is None else settings.metrics


@cache
def _folder() -> MetricsFolder | None:
    """One folder for all services of a process: a metric of prometheus-client writes to one."""
    return make_folder()


def why_off(settings: Settings) -> str:
    """Why there are no metrics, a sentence."""
    return NO_FOLDER if is_on(settings) else OFF
