"""Object events, and the results of handling them."""

from typing import Literal

import msgspec

from catalog.row import StoredOutput
from storage.address import Address

Outcome = Literal["done", "poison", "gave_up", "again"]


class ObjectEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something happened to an object. No more than that is relied on: neither order nor kind can be trusted.

    `attempt` is how often this event was delivered, from 1, if the platform counts, else 0; `age` is how long ago the
    event was, seconds. `id` is the platform's name of the delivery. `retry` tries again what is recorded as poison.
    """

    address: Address
    kind: Literal["put", "delete"] = "put"
    attempt: int = 0
    age: float = 0.0
    id: str = ""
    retry: bool = False


class ParsedEvents(msgspec.Struct, frozen=True):
    """The content of a body: events in order, and a reason for each record that was ignored."""

    events: tuple[ObjectEvent, ...] = ()
    ignored: tuple[str, ...] = ()


class EventResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result of an event. Every outcome except `again` is acknowledged.

    `code` and `detail` say why the outcome is not `done`, or why there was nothing to do; `wrote` and `removed` count
    the outputs that this call wrote and removed; `after` is the delay before the next attempt, seconds. `version` is
    the source's, `outputs` are those that it has now: both empty where that was not looked up.
    """

    outcome: Outcome
    code: str = ""
    detail: str = ""
    wrote: int = 0
    removed: int = 0
    after: float = 0.0
    version: str = ""
    outputs: tuple[StoredOutput, ...] = ()
