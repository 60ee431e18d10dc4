"""What a server does under several times the load that it can bear, measured from outside."""

import math
import time
from collections.abc import Sequence
from typing import NamedTuple

import cv2

from tests.conftest import made_picture
from tests.overload import load
from tests.overload.server import Server

RECOVERY = 10.0
HEALTH_RATE = 10.0


class Work(NamedTuple):
    """What is asked for: a picture of so many megapixels through a pipeline."""

    name: str
    megapixels: float
    query: str

    def request(self) -> bytes:
        """The bytes of the request."""
        width = round(math.sqrt(self.megapixels * 1e6 * 4 / 3) / 16) * 16
        pixels = made_picture(3, width, width * 3 // 4)
        done, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 60])
        assert done
        return load.request("POST", f"/v1/process?{self.query}", data.tobytes())


TO_WEBP = Work("12 megapixels to WebP", 12, "format=webp")
SMALL = Work("2 megapixels to WebP", 2, "format=webp")
RESIZE = Work("2 megapixels, resize:800", 2, "pipeline=resize:800")
LONG = Work("what holds the only place", 4, "pipeline=stylize&format=jpeg")


class Unloaded(NamedTuple):
    """A server without overload: latency (median, seconds), requests a second, core-seconds of one."""

    latency: float
    capacity: float
    work: float


class Overloaded(NamedTuple):
    """A server under `times` its capacity. Latencies are seconds; `goodput` is a share of the capacity.

    `useful` is the share of what the server's processes used that went into what was done: it means the same on a
    machine that others keep busy.
    """

    times: float
    sent: int
    goodput: float
    useful: float
    accepted: list[float]
    refused: list[float]
    without_retry_after: int
    others: list[int]
    health: list[float]
    recovered: float


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that so large a share does not exceed; 0 of nothing."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0.0


def unloaded(server: Server, work: Work, seconds: float) -> Unloaded:
    """Latency of one client, then what two clients get through."""
    data = work.request()
    load.repeat(server.port, data, 1, 1.0)  # libraries are imported
    alone, _ = load.repeat(server.port, data, 1, seconds)
    before = server.core_seconds()
    both, took = load.repeat(server.port, data, 2, seconds)
    used = server.core_seconds() - before
    assert {one.status for one in alone + both} == {200}, "a server that is not overloaded refuses nothing"
    return Unloaded(percentile([one.seconds for one in alone], 0.5), len(both) / took, used / len(both))


def overloaded(server: Server, work: Work, calm: Unloaded, times: float, seconds: float) -> Overloaded:
    """Send `times` as much as the server can do, and look at `/health` all the while."""
    heavy = (work.request(), load.arrivals(times * calm.capacity, seconds))
    health = (load.request("GET", "/health"), load.arrivals(HEALTH_RATE, seconds, seed=2))
    before = server.core_seconds()
    answers, healthy = load.send(server.port, [heavy, health])
    used = server.core_seconds() - before
    began, recovered = time.monotonic(), math.inf
    while time.monotonic() - began < RECOVERY and recovered == math.inf:
        if _alone(server, work) <= 2 * calm.latency:
            recovered = time.monotonic() - began
    refused = [one for one in answers if one.status in {429, 503}]
    done = [one for one in answers if one.status == 200]
    return Overloaded(
        times=times,
        sent=len(answers),
        goodput=sum(one.done <= seconds for one in done) / seconds / calm.capacity,
        useful=len(done) * calm.work / used,
        accepted=[one.seconds for one in done],
        refused=[one.seconds for one in refused],
        without_retry_after=sum(not one.headers.get("retry-after", "").isdigit() for one in refused),
        others=[one.status for one in answers if one not in refused and one.status != 200]
        + [one.status for one in healthy if one.status != 200],
        health=[one.seconds for one in healthy],
        recovered=recovered,
    )


def _alone(server: Server, work: Work) -> float:
    answers, took = load.repeat(server.port, work.request(), 1, 0.0001)
    return took if answers[0].status == 200 else math.inf


def refusal_work(server: Server, work: Work, count: int) -> float:
    """Core-seconds of a refusal by a server with one place, which a long request holds meanwhile.

    What the thread of the long request uses is left out.
    """
    moments = [number / 100 for number in range(count)]
    before: dict[str, float] = {}
    long = (LONG.request(), [0.0])
    load.send(server.port, [(work.request(), [0.0])])
    before = server.threads()
    held, refused = load.send(server.port, [long, (work.request(), [0.5 + moment for moment in moments])])
    spent = sorted(used - before.get(thread, 0.0) for thread, used in server.threads().items())
    assert held[0].status == 200, held
    times = [one for one in refused if one.status == 429]
    assert len(times) > count / 2, "the place was held long enough"
    others = len(refused) - len(times)
    assert others == 0, "a refusal costs what it costs where nothing else is computed"
    return sum(spent[:-1]) / len(times)


def verdicts(calm: Unloaded, loaded: Overloaded, share: float, places: int, least: float) -> dict[str, bool]:
    """What must hold, each with whether it does; `share` is a refusal's work by a request's."""
    bound = 3 * calm.latency + places / calm.capacity
    expected = least if loaded.times < 10 else 0.9 * (1 - loaded.times * share) / (1 - share)
    return {
        f"goodput {loaded.goodput:.2f} ≥ {expected:.2f}": loaded.goodput >= expected,
        f"p99 {percentile(loaded.accepted, 0.99):.2f} s ≤ {bound:.2f} s": percentile(loaded.accepted, 0.99) <= bound,
        f"/health p99 {percentile(loaded.health, 0.99) * 1000:.0f} ms ≤ 100 ms": percentile(loaded.health, 0.99) <= 0.1,
        f"other statuses: {sorted(set(loaded.others)) or 'none'}": not loaded.others,
        f"refusals without Retry-After: {loaded.without_retry_after}": not loaded.without_retry_after,
        f"back after {loaded.recovered:.1f} s": loaded.recovered <= RECOVERY,
    }
