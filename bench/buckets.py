"""The cost of an event: our CPU against the unavoidable work, and the operations that storages charge for."""

import resource
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from google.cloud import storage as google

from bench.marks import mark
from core import codecs
from core.limits import Deadline, Limits
from core.output import Output
from core.process import process
from core.run import Context
from service.admission import Admission
from service.events.context import EventContext
from service.events.event import ObjectEvent
from service.events.handler import handle
from service.options import OptionsParser
from service.processor import Processor
from service.rules.parsing import parse_rules
from storage.address import Address
from storage.facts import ObjectMetadata
from storage.options import Options
from storage.registry import Stores
from tools.emulators import fake_gcs, proxied

MOST, OUTPUTS, REPEATS = 1.15, 3, 15
_RULES = """
[[rule]]
when = "gs://sources/*.jpg"
to = "gs://outputs/{stem}-{output}.{ext}"
outputs = [
  {name = "a", pipeline = "resize:800", format = "jpeg"},
  {name = "b", pipeline = "square:320", format = "webp"},
  {name = "c", pipeline = "blur:15/sepia", format = "jpeg"},
]
"""
_LIMITS = Limits()
_TEXT = """## Buckets

A 2-megapixel JPEG in fake-gcs-server becomes {outputs} outputs; CPU of our process alone, the median of {repeats}.

| | CPU, ms |
|---|---|
| decode once and {outputs} pipelines, by the core alone | {work:.1f} |
| {calls} calls by the bare client | {bare:.1f} |
| **the handler, from the event to its verdict** | **{ours:.1f}** |
| ratio to both together (at most {most:g}) | **{ratio:.2f}** {mark} |

| storage operations of | metadata | body read | body written |
|---|---|---|---|
| a first event, {outputs} outputs | {first[stat]} | {first[read]} | {first[write]} |
| a repeat (at most {n1} metadata calls, no body) {repeat_mark} | {again[stat]} | {again[read]} | {again[write]} |
"""


class Calls(NamedTuple):
    """Calls of one event by kind."""

    stat: int
    read: int
    write: int


def run() -> tuple[str, bool]:
    """The section's text, and whether every target is met."""
    with fake_gcs.started() as upstream, proxied.before("gs", upstream) as proxy:
        for bucket in ("sources", "outputs", "records"):
            fake_gcs.make_bucket(upstream, bucket)
        context = _context(upstream)
        data = _photograph()
        sources = _put(_context(proxy.url), data, ("count.jpg", "count.jpg"))
        first, again = (_counted(proxy, address) for address in sources)
        ours, work, bare = _measured(context, upstream, data, first)
    ratio = ours / (work + bare)
    cheap = again.stat <= OUTPUTS + 1 and again.read == again.write == 0
    text = _TEXT.format(
        outputs=OUTPUTS, repeats=REPEATS, work=work * 1e3, calls=sum(first), bare=bare * 1e3, ours=ours * 1e3,
        most=MOST, ratio=ratio, mark=mark(ratio <= MOST), n1=OUTPUTS + 1, repeat_mark=mark(cheap),
        first=first._asdict(), again=again._asdict(),
    )  # fmt: skip
    return text, ratio <= MOST and cheap


def _photograph() -> bytes:
    """1732 × 1155, smooth with some noise: about the bytes that a camera makes of it."""
    dice = np.random.default_rng(3)
    small = dice.integers(0, 255, (60, 90, 3), np.uint8)
    pixels = cv2.resize(small, (1732, 1155), interpolation=cv2.INTER_CUBIC).astype(np.int16)
    noisy = np.clip(pixels + dice.normal(0, 4, pixels.shape), 0, 255).astype(np.uint8)
    return cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


def _context(endpoint: str) -> EventContext:
    results = Address("gs", "records", "")
    return EventContext(
        rules=parse_rules(_RULES, OptionsParser(_LIMITS, {}), results=results), results=results,
        stores=Stores(Options(gs_endpoint=endpoint, gs_project="test")),
        processor=Processor(_LIMITS, {}, Path("service/assets"), Admission(1, 1, 10)),
    )  # fmt: skip


def _put(context: EventContext, data: bytes, names: tuple[str, ...]) -> Iterator[Address]:
    """Sources; the same name is written once."""
    for name in dict.fromkeys(names):
        address = Address("gs", "sources", name)
        context.stores.of(address).write(address, data, ObjectMetadata(content_type="image/jpeg"), Deadline(60))
    yield from (Address("gs", "sources", name) for name in names)


def _counted(proxy: Any, address: Address) -> Calls:
    """Calls of one event, as the proxy sees them."""
    context = _context(proxy.url)
    proxy.reset()
    assert handle(ObjectEvent(address=address), context).outcome == "done"
    calls = proxy.counts()["calls"]
    return Calls(*(calls.get(name, 0) for name in Calls._fields))


def _measured(context: EventContext, upstream: str, data: bytes, calls: Calls) -> tuple[float, float, float]:
    """Seconds of CPU of the handler, of the work and of the bare calls, in turns."""
    names = tuple(f"{number}.jpg" for number in range(REPEATS + 1))
    found: list[tuple[float, float, float]] = []
    client = google.Client(project="test", credentials=_anonymous(), client_options={"api_endpoint": upstream})
    bodies = _computed(context, data)
    for address in list(_put(context, data, names)):
        ours = _cpu(lambda address=address: handle(ObjectEvent(address=address), context))  # type: ignore[misc]
        work = _cpu(lambda: _computed(context, data))
        bare = _cpu(lambda address=address: _bare(client, address.key, bodies, calls))  # type: ignore[misc]
        found.append((ours, work, bare))
    ours, work, bare = (statistics.median(times) for times in zip(*found[1:], strict=True))
    return ours, work, bare


def _computed(context: EventContext, data: bytes) -> list[bytes]:
    """What the core alone does."""
    planned = context.rules.plan(Address("gs", "sources", "a.jpg"))
    outputs = [
        Output(name=one.target.name, pipeline=one.target.pipeline, format=one.format, options=one.target.options)
        for one in planned
    ]
    origin = codecs.probe(data, _LIMITS)
    return [result.data for result in process(data, origin, outputs, Context(_LIMITS, Deadline(30)))]


def _bare(client: Any, key: str, bodies: list[bytes], calls: Calls) -> None:
    """As many calls of each kind by the client's own functions, with the same bodies."""
    bucket = client.bucket("sources")
    for _ in range(calls.stat):
        bucket.get_blob(key)
    for _ in range(calls.read):
        bucket.blob(key).download_as_bytes()
    for body in bodies[: calls.write]:
        client.bucket("outputs").blob(f"bare-{key}").upload_from_string(body, content_type="image/jpeg")


def _anonymous() -> Any:
    from google.auth.credentials import AnonymousCredentials

    return AnonymousCredentials()  # type: ignore[no-untyped-call]


def _cpu(act: Callable[[], object]) -> float:
    """Seconds of this process's CPU, the system's part among them."""
    with _settled():
        before = resource.getrusage(resource.RUSAGE_SELF)
        act()
        after = resource.getrusage(resource.RUSAGE_SELF)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


@contextmanager
def _settled() -> Iterator[None]:
    time.sleep(0.01)
    yield
