"""What a door hands to the handler, and the result it gets back."""

from typing import Literal

import msgspec

from storage.address import Address

Outcome = Literal["done", "poison", "gave_up", "again"]


class ObjectEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something happened to a key. No more than that is believed: neither order nor kind of events can be trusted.

    `attempt` is how often this event was delivered, counted from 1, where the platform says so, else 0; `age` is how
    long ago the event was, seconds. `id` is the door's own name of the delivery.
    """

    address: Address
    kind: Literal["put", "delete"] = "put"
    attempt: int = 0
    age: float = 0.0
    id: str = ""


class ParsedEvents(msgspec.Struct, frozen=True):
    """What a body held: events in order, and the reason for each record that is none."""

    events: tuple[ObjectEvent, ...] = ()
    ignored: tuple[str, ...] = ()


class EventResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an event. All but `again` are acknowledged.

    `code` and `detail` say why it did not end in `done`, or why nothing was to be done; `wrote` and `removed` are the
    outputs that this call wrote and removed; `after` is the pause before the next try, seconds.
    """

    outcome: Outcome
    code: str = ""
    detail: str = ""
    wrote: int = 0
    removed: int = 0
    after: float = 0.0
