"""One stored picture in the catalog."""

import hashlib
import secrets
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec

State = Literal["pending", "ready", "deleting"]
"""`pending`: its object may not be there yet; `ready`: visible; `deleting`: its object may be gone already."""

LONGEST_SIDE = 65535
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class PaletteColor(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A dominant colour: six hex digits, and its share of the picture, 0 to 1."""

    color: str
    share: float


class StoredOutput(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A result that was made of the picture and is stored at `url`."""

    name: str
    url: str
    version: str
    digest: str


class Row(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A row. The catalog itself sets `added` (when the key first came), `changed` and `revision`.

    Bounds are in `catalog.bounds`. Times are milliseconds since 1970 UTC; `taken` is the camera's, read as UTC if
    it has no zone. `phash` is 64 bits in hex, or None. `revision` is new with each write and compared for equality
    only, as is `version`, the store's version of the bytes.
    Fields are only ever added at the end, with a default: rows are stored as arrays, which decode in half the time.
    """

    id: str
    source: str
    name: str
    version: str
    width: int
    height: int
    format: str
    bytes: int
    sha256: str
    phash: str | None = None
    colors: tuple[PaletteColor, ...] = ()
    taken: int | None = None
    camera: str | None = None
    labels: tuple[str, ...] = ()
    counts: dict[str, int] = {}
    outputs: tuple[StoredOutput, ...] = ()
    state: State = "pending"
    added: int = 0
    changed: int = 0
    revision: str = ""

    @property
    def at(self) -> int:
        """When it was taken, or else added: what a timeline is sorted by."""
        return self.added if self.taken is None else self.taken


def id_of(source: str) -> str:
    """The id of a source URL: 128 bits of its sha256, in hex."""
    return hashlib.sha256(source.encode()).hexdigest()[:32]


def casefolded(name: str) -> str:
    """A name as it is compared and sorted: normalised, case-folded."""
    return unicodedata.normalize("NFC", name).casefold()


def revised(row: Row, old: Row | None, now: float, revision: str) -> Row:
    """The row as it is written at `now`, seconds since 1970; `added` stays the time at which its key first appeared."""
    moment = round(now * 1000)
    return msgspec.structs.replace(row, added=old.added if old else moment, changed=moment, revision=revision)


def new_revision() -> str:
    """A unique revision: a row written again after a delete must not pass for the old one."""
    return secrets.token_hex(8)


def row_to_dict(row: Row) -> dict[str, Any]:
    """The row as a dictionary, nested values included."""
    made = msgspec.structs.asdict(row)
    for field in ("colors", "outputs"):
        made[field] = [msgspec.structs.asdict(one) for one in made[field]]
    return made


def row_from_json(values: dict[str, Any]) -> Row:
    """The row of such a dictionary; fields that an earlier version did not have get their defaults."""
    colors = tuple(PaletteColor(**one) for one in values.get("colors", ()))
    outputs = tuple(StoredOutput(**one) for one in values.get("outputs", ()))
    return Row(**{**values, "colors": colors, "outputs": outputs, "labels": tuple(values.get("labels", ()))})


def row_json(row: Row) -> dict[str, Any]:
    """The row as public JSON: times as ISO 8601 text, without the revision."""
    made = row_to_dict(row)
    del made["revision"]
    for field in ("taken", "added", "changed"):
        made[field] = None if made[field] is None else iso(made[field])
    return made


def iso(moment: int) -> str:
    """Milliseconds since 1970 as `2024-05-01T12:30:00.000Z`."""
    return (EPOCH + timedelta(milliseconds=moment)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
