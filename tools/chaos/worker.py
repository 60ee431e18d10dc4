"""A worker process that receives event bodies and reports whether they are acknowledged."""

import logging
import multiprocessing
import os
import signal
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec

from catalog.sqlite import SqliteCatalog
from core.errors import DarkroomError
from core.limits import Limits
from functions.requests.events import parse_body
from service.admission import Admission
from service.events.context import EventContext
from service.events.processor import EventProcessor
from service.options import OptionsParser
from service.processor import Processor
from service.rules.model import Rules
from service.rules.parsing import parse_rules
from storage.address import Address
from storage.options import Options
from storage.registry import Stores
from tools.chaos.mutations import MUTATIONS

LIMITS = Limits()
ATTEMPTS = 25
RULES = """
[[rule]]
name = "all"
when = "SCHEME://sources/**.jpg"
to = "SCHEME://outputs/{dir}/{name}-{output}.{ext}"
outputs = [{name = "small", pipeline = "resize:24", format = "webp"}, {name = "grey", pipeline = "grayscale"}]

[[rule]]
name = "kept"
when = "SCHEME://sources/keep/*.jpg"
to = "SCHEME://outputs/{dir}/{name}-kept.{ext}"
pipeline = "resize:16"
format = "png"
on_delete = "keep"
"""
_FORK = multiprocessing.get_context("fork")


class Place(msgspec.Struct, frozen=True):
    """The storage and catalog of a run."""

    scheme: str
    options: Options
    catalog: Path
    mutation: str | None = None


def rules(scheme: str) -> Rules:
    """The rules of the run."""
    return parse_rules(
        RULES.replace("SCHEME", scheme), OptionsParser(LIMITS, {}), results=Address(scheme, "records", "")
    )


def context(place: Place) -> EventContext:
    """The event context of a worker."""
    catalog = SqliteCatalog(place.catalog)
    return EventContext(
        rules=rules(place.scheme), stores=Stores(place.options),
        processor=Processor(LIMITS, {}, Path("service/assets"), Admission(1, 4, 10)),
        results=Address(place.scheme, "records", ""), catalog=lambda: catalog, attempts=ATTEMPTS, seconds=30.0,
    )  # fmt: skip


class Worker:
    """A process that can be killed."""

    def __init__(self, place: Place) -> None:
        self.pipe, other_end = _FORK.Pipe()
        self._process = _FORK.Process(target=_serve, args=(place, other_end), daemon=True)
        self._process.start()
        other_end.close()

    def kill(self) -> None:
        """Kill the process with SIGKILL, whatever it is doing."""
        os.kill(self._process.pid or 0, signal.SIGKILL)
        self._process.join()
        self.pipe.close()


def _serve(place: Place, pipe: Connection) -> None:
    """Handle bodies until the other side closes the pipe."""
    logging.getLogger("darkroom").setLevel(logging.CRITICAL)
    if place.mutation:
        MUTATIONS[place.mutation]()
    processor = EventProcessor(context(place))
    while True:
        try:
            body = pipe.recv_bytes()
        except EOFError:
            return
        pipe.send_bytes(_outcome(processor, body))


def _outcome(processor: EventProcessor, body: bytes) -> bytes:
    try:
        results = processor.process(parse_body({}, body))
    except DarkroomError as error:
        return b"again " + error.detail.encode()
    return " ".join(result.outcome for result in results).encode()
