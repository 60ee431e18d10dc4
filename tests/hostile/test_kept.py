"""What is kept from one request to the next is bounded in bytes, whatever strangers send, and however often."""

import gc
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from flask import Request

from core.codecs import EncodeOptions, icc
from core.identity import digest
from core.limits import Limits
from core.picture import Origin, Size
from core.pipeline import Pipeline
from core.planner.rules import executable
from functions.access.origin import is_local
from service.admission import Admission
from service.negotiation import preferences
from service.options import OptionsParser, OutputOptions
from service.processor import Processor
from service.render.renderer import Render, RenderCache
from service.render.request import RenderRequest, RequestCache

LINE = 8000
"""Characters of a header: gunicorn takes 8,190."""
LIMITS = Limits()
LONGEST = "/".join(["perspective:10p:10p+90p:0p+100p:100p+0p:90p"] * (LIMITS.steps - 1))
Send = Callable[[str], object]


def profile(number: str) -> object:
    """A pixel under a long profile like no other: one of RGB, of grey, or none at all."""
    space = (b"RGB ", b"GRAY", b"????")[int(number) % 3]
    data = number.encode().ljust(16) + space + bytes(16) + b"acsp" + bytes(icc.MAX_BYTES - 40)
    return icc.changes_nothing(data), icc.converts(data, "p3")


def render(cache: RequestCache, number: str) -> object:
    """A link as long as it may be, for a pipeline of its own."""
    processor = Processor(LIMITS, {}, Path(), Admission(1, 0, 0))
    pipeline = f"rotate:{int(number) / 1000}/{LONGEST}"
    request = RenderRequest(OutputOptions(pipeline=Pipeline.parse(pipeline)), frozenset(), accept(number))
    return cache.get((pipeline, accept(number).encode(), accept(number)), lambda: request, processor)


def local(number: str) -> object:
    """A request to a host of a name of its own, as long as it may be."""
    host = number.rjust(LINE, "a")
    return is_local(Request({"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": host, "SERVER_PROTOCOL": "HTTP/1.1"}))


def accept(number: str) -> str:
    """An `Accept` like no other, as long as it may be."""
    return ", ".join([f"image/x{number}", *(["image/webp;q=0.5"] * (LINE // 18 - 2))])


def planned(number: str) -> object:
    """A plan of many steps, for a picture under a profile of its own."""
    pipeline = Pipeline.parse(f"rotate:{int(number) / 1000}/{LONGEST}")
    return executable(pipeline, Origin(format="jpeg", size=Size(800, 600), icc=number.encode().ljust(4096)))


def short(parser: OptionsParser, number: str) -> object:
    """A pipeline of many steps that is short enough to be kept."""
    pipeline = parser.pipeline("/".join([f"rotate:{int(number) / 1000}", *(["levels:3,250,1.1"] * (LIMITS.steps - 1))]))
    return pipeline.canonical, pipeline.in_full


def named(number: str) -> object:
    """The digest of a pipeline of many steps that is short enough to be kept."""
    pipeline = Pipeline.parse("/".join([f"rotate:{int(number) / 1000}", *(["posterize"] * 18)]))
    return digest(pipeline, "jpeg", EncodeOptions(), {})


def small(cache: RenderCache, number: str) -> None:
    """A render of a few bytes."""
    cache.put(number.rjust(64), Render(b"ten bytes." + number.encode(), "image/webp"))


SENT: dict[str, tuple[int, int, Callable[[], Send]]] = {
    "profiles": (40, 4, lambda: profile),
    "hosts": (600, 1, lambda: local),
    "Accept": (300, 4, lambda: lambda number: preferences(accept(number))),
    "planned steps": (270, 16, lambda: planned),
    "pipelines": (270, 16, lambda: partial(short, OptionsParser(LIMITS, {}))),
    "digests": (270, 4, lambda: named),
    "links": (50, 1, lambda: partial(render, RequestCache())),
    "small renders": (100_000, 24, lambda: partial(small, RenderCache())),
}
"""How many that are all different, and the MiB that may stay of them in one process."""


@pytest.mark.parametrize("what", SENT)
def test_strangers_fill_no_memory(what: str) -> None:
    times, most, begin = SENT[what]
    send = begin()
    send("0")
    tracemalloc.start()
    try:
        for number in range(1, times):
            send(str(number))
        gc.collect()
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < most * 2**20
