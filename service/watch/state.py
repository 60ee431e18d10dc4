"""What a server is like at the moment it is asked: its queue, its memory, its version."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from service.admission import Admission


class ServerState(Collector):
    """Gauges that are read from the table of requests, which all processes share, whenever somebody asks."""

    def __init__(self, admission: Admission, version: str) -> None:
        self._admission = admission
        self._version = version

    def collect(self) -> Iterator[Metric]:
        """The gauges."""
        now = self._admission.snapshot()
        requests = GaugeMetricFamily("darkroom_queue_requests", "Requests that compute, or will", labels=["state"])
        for state, count in now.requests.items():
            requests.add_metric([state], count)
        yield requests
        yield _gauge("cores", "Requests that compute at a time", now.at_once)
        yield _gauge("queue_places", "Requests that compute or wait at a time, at most", now.places)
        yield _gauge("memory_reserved_bytes", "Memory that requests hold or have reserved, bytes", now.reserved)
        if now.limit:
            yield _gauge("memory_used_bytes", "Memory of the container, or the machine, in use, bytes", now.used)
            yield _gauge("memory_limit_bytes", "Memory of the container, or the machine, bytes", now.limit)
        info = GaugeMetricFamily("darkroom_info", "1, for the version that serves", labels=["version"])
        info.add_metric([self._version], 1)
        yield info


def _gauge(name: str, help_: str, value: float) -> Metric:
    return GaugeMetricFamily(f"darkroom_{name}", help_, value=value)
