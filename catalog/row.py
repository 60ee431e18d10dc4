"""One stored picture in the catalog."""

import hashlib
import secrets
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

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
    only, as is `version`, the store's version of the bytes. `blurhash` is None for pictures of earlier versions.
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
    blurhash: str | None = None

    @property
    def at(self) -> int:
        """When it was taken, or else added: what a timeline is sorted by."""
        return self.added if self.taken is None else self.taken


ImageId = Annotated[str, Meta(pattern="^[0-9a-f]{32}$", description="The picture's id")]
_Count = Annotated[int, Meta(ge=0)]
_Side = Annotated[int, Meta(ge=1, le=LONGEST_SIDE)]
_Distance = Annotated[int, Meta(ge=0, le=64)]


class _Shown(msgspec.Struct, forbid_unknown_fields=True):
    """A JSON object; a member that is UNSET is left out."""


class ImageColor(_Shown):
    """A dominant colour of a picture."""

    color: Annotated[str, Meta(description="Six hexadecimal digits")]
    share: Annotated[float, Meta(ge=0, le=1, description="Its share of the picture")]


class ImageOutput(_Shown):
    """A stored result that was made from the picture."""

    name: str
    url: str
    version: str
    digest: str


class ImageRow(_Shown):
    """The description of a picture: its row in the catalog, with times in ISO 8601."""

    id: ImageId
    source: Annotated[str, Meta(description="Where it is stored")]
    name: str
    version: Annotated[str, Meta(description="The storage's version of the object")]
    width: _Side
    height: _Side
    format: str
    bytes: _Count
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    phash: Annotated[str | None, Meta(description="64 bits in hexadecimal; similar pictures differ in few")]
    colors: list[ImageColor]
    taken: Annotated[str | None, Meta(description="The camera's time; UTC if it has no zone")]
    camera: Annotated[str | None, Meta(description="Maker and model")]
    labels: Annotated[tuple[str, ...], Meta(description="What was detected in it")]
    counts: Annotated[dict[str, _Count], Meta(description="How many of each label")]
    outputs: list[ImageOutput]
    state: Annotated[State, Meta(extra_json_schema={"const": "ready"})]
    added: Annotated[str, Meta(description="When it was added, UTC")]
    changed: Annotated[str, Meta(description="When it last changed, UTC")]
    blurhash: Annotated[str | None, Meta(description="A few characters that draw a blurred placeholder")]
    distance: Annotated[_Distance | UnsetType, Meta(description="Differing bits, with `similar_to`")] = UNSET


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


def row_json(row: Row, distance: int | None = None) -> ImageRow:
    """The row as public JSON: times as ISO 8601 text, without the revision; `distance` is for `similar_to`."""
    return ImageRow(
        id=row.id,
        source=row.source,
        name=row.name,
        version=row.version,
        width=row.width,
        height=row.height,
        format=row.format,
        bytes=row.bytes,
        sha256=row.sha256,
        phash=row.phash,
        colors=[ImageColor(color=one.color, share=one.share) for one in row.colors],
        taken=None if row.taken is None else iso(row.taken),
        camera=row.camera,
        labels=row.labels,
        counts=row.counts,
        outputs=[ImageOutput(**msgspec.structs.asdict(one)) for one in row.outputs],
        state=row.state,
        added=iso(row.added),
        changed=iso(row.changed),
        blurhash=row.blurhash,
        distance=UNSET if distance is None else distance,
    )


def iso(moment: int) -> str:
    """Milliseconds since 1970 as `2024-05-01T12:30:00.000Z`."""
    return (EPOCH + timedelta(milliseconds=moment)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
