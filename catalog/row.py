"""One stored picture as the catalog knows it."""

import hashlib
import secrets
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

State = Literal["pending", "ready", "deleting"]
"""`pending`: its object may not be there yet; `ready`: visible; `deleting`: its object may be gone already."""

MOST_BYTES = 2**53 - 1
LONGEST_SIDE = 65535
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST, LATEST = -62_135_596_800_000, 253_402_300_799_999
"""Milliseconds of the years 1 to 9999, which is what a date can be."""

Moment = Annotated[int, Meta(ge=EARLIEST, le=LATEST)]
"""Milliseconds since 1970 UTC."""
Side = Annotated[int, Meta(ge=1, le=LONGEST_SIDE)]
Text = Annotated[str, Meta(max_length=2048)]
Word = Annotated[str, Meta(min_length=1, max_length=128)]
Count = Annotated[int, Meta(ge=0, le=MOST_BYTES)]


class Color(msgspec.Struct, frozen=True):
    """A dominant colour: six hex digits, and its share of the picture, 0 to 1."""

    color: Annotated[str, Meta(pattern="^[0-9a-f]{6}$")]
    share: Annotated[float, Meta(ge=0, le=1)]


class Output(msgspec.Struct, frozen=True):
    """A result that was made of the picture and is stored at `url`."""

    name: Word
    url: Text
    version: Text
    digest: Text


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row. The catalog itself sets `added` (when the key first came), `changed` and `revision`.

    `revision` is new with each write and compared for equality only, as `version`, the store's name for the bytes, is.
    `taken` is the camera's time; without a zone it is read as UTC. `phash` is 64 bits in hex, None where none was made.
    """

    id: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
    source: Text
    name: Annotated[str, Meta(max_length=1024)]
    version: Text
    width: Side
    height: Side
    format: Word
    bytes: Count
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    phash: Annotated[str, Meta(pattern="^[0-9a-f]{16}$")] | None = None
    colors: Annotated[tuple[Color, ...], Meta(max_length=32)] = ()
    taken: Moment | None = None
    camera: Word | None = None
    labels: Annotated[tuple[Word, ...], Meta(max_length=1024)] = ()
    counts: Annotated[dict[Word, Count], Meta(max_length=1024)] = {}
    outputs: Annotated[tuple[Output, ...], Meta(max_length=64)] = ()
    state: State = "pending"
    added: Moment = 0
    changed: Moment = 0
    revision: Annotated[str, Meta(max_length=32)] = ""

    @property
    def at(self) -> int:
        """When it was taken, or else added: what a timeline is sorted by."""
        return self.added if self.taken is None else self.taken


def id_of(source: str) -> str:
    """The id of a source URL: 128 bits of its sha256, in hex."""
    return hashlib.sha256(source.encode()).hexdigest()[:32]


def folded(name: str) -> str:
    """A name as it is compared and sorted: composed, without case."""
    return unicodedata.normalize("NFC", name).casefold()


def revised(row: Row, old: Row | None, now: float, revision: str) -> Row:
    """The row as it is written at `now`, seconds since 1970; `added` stays the time at which its key first came."""
    moment = round(now * 1000)
    return msgspec.structs.replace(row, added=old.added if old else moment, changed=moment, revision=revision)


def new_revision() -> str:
    """A revision that no row ever had: one that comes back after a delete must not pass for the old row."""
    return secrets.token_hex(8)


def checked(row: Row) -> bytes:
    """The row as JSON, if its values are what the fields say; ValueError otherwise."""
    try:
        data = msgspec.json.encode(row)
        msgspec.json.decode(data, type=Row)
    except (msgspec.MsgspecError, UnicodeError, OverflowError) as error:
        raise ValueError(f"this row cannot be kept: {error}") from error
    return data


def shown(row: Row) -> dict[str, Any]:
    """The row as JSON for everybody: times as ISO 8601 text, and nothing of the catalog's own bookkeeping."""
    made: dict[str, Any] = msgspec.to_builtins(row)
    del made["revision"]
    for name in ("taken", "added", "changed"):
        made[name] = None if made[name] is None else iso(made[name])
    return made


def iso(moment: int) -> str:
    """Milliseconds since 1970 as `2024-05-01T12:30:00.000Z`."""
    return (EPOCH + timedelta(milliseconds=moment)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
