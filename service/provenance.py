"""What is written beside a stored result: what it was made of and how, so that the same is known and not made again."""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import msgspec

from core.identity import sha256
from storage import urls
from storage.address import Address
from storage.errors import StorageError
from storage.facts import ObjectMetadata, Stat

if TYPE_CHECKING:
    from service.rules.model import PlannedOutput

MADE_BY, OURS = "made-by", "darkroom"
SOURCE, VERSION, DIGEST, HOPS = "dr-source", "dr-version", "dr-digest", "dr-hops"
"""What rules go by: an object with HOPS starts nothing."""
MOST_HOPS = 1
"""An output may not become a source: whatever carries HOPS was made by us already."""
_LONGEST = 500
"""Characters of an address, a version or a name that are kept; of a longer one, its checksum is. All must fit."""
_PRINTABLE = "!#$&'()*+,/:;=?@[]~ "
_SAFE = "/:!$&'()*+,;=@~ "


def of_request(content_type: str, source: Stat | str, digest: str, **more: str) -> ObjectMetadata:
    """The metadata of a result that a request stores. `source`: where its picture was, or the sha256 of one sent.

    Together it names all that settles the bytes. It may be overwritten at any time, so caches ask each time.
    """
    where, version = ("upload", source) if isinstance(source, str) else (without_query(source.address), source.version)
    origin = {"source": printable(where), "source-version": printable(version)}
    told = {MADE_BY: OURS, HOPS: "1", **origin, "digest": digest}
    extra = {name.replace("_", "-"): printable(value) for name, value in more.items() if value}
    return ObjectMetadata(content_type=content_type, cache_control="no-cache", metadata={**told, **extra})


def without_query(address: Address) -> str:
    """An address to be kept for all to read: a web address without its query, which may hold secrets."""
    path, mark, query = str(address).partition("?")
    return f"{path}?sha256={sha256(query.encode())}" if mark and address.scheme in urls.SCHEMES else str(address)


def printable(text: str) -> str:
    """Text as every store keeps it: what is not printable ASCII, and `%` itself, percent-encoded; or its checksum."""
    written = quote(text.strip(" "), safe=_PRINTABLE)
    return written if 0 < len(written) <= _LONGEST else f"sha256:{sha256(text.encode())}"


def of_rule(planned: "PlannedOutput", source: Stat, digest: str) -> ObjectMetadata:
    """The metadata of a rule's output. Two that are equal stand for the same bytes."""
    metadata = {
        **planned.target.metadata,
        SOURCE: quoted(source.address),
        VERSION: source.version,
        DIGEST: digest,
        HOPS: str(hops(source) + 1),
    }
    return ObjectMetadata(
        content_type=planned.media_type, cache_control=planned.target.cache_control, metadata=metadata
    )


def quoted(address: Address) -> str:
    """An address in ASCII."""
    return quote(str(address), safe=_SAFE)


def source_of(stat: Stat) -> Address | None:
    """The source that an output names, None where it carries no mark that can be read."""
    try:
        return Address.parse(unquote(stat.about.metadata.get(SOURCE, ""), errors="strict"))
    except (StorageError, UnicodeError):
        return None


def hops(stat: Stat) -> int:
    """How many times what is here went through rules already."""
    text = stat.about.metadata.get(HOPS, "0")
    return int(text) if text.isdecimal() and len(text) < 4 else MOST_HOPS


def is_of(stat: Stat, source: Address) -> bool:
    """Whether an object is an output of this source."""
    return stat.about.metadata.get(SOURCE) == quoted(source)


class OutputIdentity(msgspec.Struct, frozen=True):
    """What identifies one output of one version: for it, at most one write takes effect."""

    source: str
    version: str
    digest: str

    @classmethod
    def of(cls, metadata: Mapping[str, str]) -> "OutputIdentity":
        """As the metadata of an output say it."""
        return cls(*(metadata.get(name, "") for name in (SOURCE, VERSION, DIGEST)))
