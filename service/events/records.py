"""Error records under `errors/` in the results: one object per source, version and reason, written once."""

import contextlib
import time
from typing import Literal

import msgspec

from catalog.row import id_of
from core.errors import DarkroomError
from core.identity import sha256
from core.limits import Deadline
from service import provenance
from service.events.context import EventContext
from service.rules.cycles import own_key
from storage.address import Address
from storage.errors import ChangedError
from storage.facts import ObjectMetadata

Kind = Literal["poison", "gave_up", "tried"]
"""`tried` is not an error but records the last attempt at an old event."""
CODE = "dr-code"


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why a source does not have all of its outputs. `about` distinguishes reasons of the same version."""

    kind: Kind
    code: str
    title: str
    detail: str
    about: str = ""
    attempt: int = 0

    @classmethod
    def of(cls, kind: Kind, error: DarkroomError, about: str = "", attempt: int = 0) -> "Reason":
        """The reason for an error."""
        output = error.fields.get("output")
        detail = f'Output "{output}": {error.detail}' if output else error.detail
        return cls(kind=kind, code=error.code, title=error.title, detail=detail, about=about, attempt=attempt)


def address_of(context: EventContext, source: Address, version: str, kind: Kind, about: str) -> Address:
    """The address of a record: known in advance, so that it can be looked up before processing."""
    name = sha256(chr(0).join((version, kind, about)).encode())[:16]
    folder = "tries" if kind == "tried" else "errors"
    return context.results.at(own_key(context.results, f"{folder}/{id_of(str(source))}/{name}.json"))


def find_record(
    context: EventContext, source: Address, version: str, kind: Kind, about: str, deadline: Deadline
) -> Reason | None:
    """The recorded reason, or None: one metadata call."""
    stat = context.find(address_of(context, source, version, kind, about), deadline)
    if stat is None:
        return None
    code = stat.about.metadata.get(CODE, "recorded")
    return Reason(kind=kind, code=code, title="", detail="", about=about)


def write_record(context: EventContext, source: Address, version: str, reason: Reason, deadline: Deadline) -> None:
    """Write a record unless it exists."""
    address = address_of(context, source, version, reason.kind, reason.about)
    if context.find(address, deadline) is None:
        body = {
            "source": str(source), "version": version, "outcome": reason.kind, "code": reason.code,
            "title": reason.title, "detail": reason.detail, "attempt": reason.attempt, "at": round(time.time(), 3),
        }  # fmt: skip
        metadata = {
            provenance.SOURCE: provenance.quoted(source),
            CODE: reason.code,
            provenance.HOPS: str(provenance.MAX_HOPS),
        }
        about = ObjectMetadata(content_type="application/json", metadata=metadata)
        with contextlib.suppress(ChangedError):  # another process recorded it in the meantime
            context.stores.of(address).write(address, msgspec.json.encode(body), about, deadline)


def remove_records(context: EventContext, source: Address, version: str, about: str, deadline: Deadline) -> None:
    """Remove what is recorded of a version that has all of its outputs by now."""
    known: tuple[tuple[Kind, str], ...] = (("poison", about), ("poison", "name_taken"), ("gave_up", ""))
    for kind, reason in known:
        stat = context.find(address_of(context, source, version, kind, reason), deadline)
        if stat is not None:
            context.stores.of(stat.address).delete(stat.address, stat.version, deadline)
