"""Provenance metadata of stored results: their source and digest, so that the same result is not made twice."""

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
"""Metadata that the rules rely on: an object with HOPS triggers nothing."""
MAX_HOPS = 1
"""An output must not become a source: an object with HOPS was made by this program."""
_MAX_LENGTH = 500
"""Maximum characters of an address, a version or a name; a longer one is replaced by its checksum."""
_PRINTABLE = "!#$&'()*+,/:;=?@[]~ "
_SAFE = "/:!$&'()*+,;=@~ "


def request_metadata(content_type: str, source: Stat | str, digest: str, **more: str) -> ObjectMetadata:
    """The metadata of a result that a request stores. `source`: its picture's object, or the sha256 of an upload.

    It identifies everything that determines the bytes. The object may be overwritten, so caches must revalidate.
    """
    where, version = ("upload", source) if isinstance(source, str) else (without_query(source.address), source.version)
    origin = {"source": printable(where), "source-version": printable(version)}
    fixed = {MADE_BY: OURS, HOPS: "1", **origin, "digest": digest}
    extra = {name.replace("_", "-"): printable(value) for name, value in more.items() if value}
    return ObjectMetadata(content_type=content_type, cache_control="no-cache", metadata={**fixed, **extra})


def without_query(address: Address) -> str:
    """An address that is safe to publish: a web address without its query, which may contain secrets."""
    path, mark, query = str(address).partition("?")
    return f"{path}?sha256={sha256(query.encode())}" if mark and address.scheme in urls.SCHEMES else str(address)


def printable(text: str) -> str:
    """Text that every store accepts: percent-encoded except for printable ASCII, or its checksum if too long."""
    written = quote(text.strip(" "), safe=_PRINTABLE)
    return written if 0 < len(written) <= _MAX_LENGTH else f"sha256:{sha256(text.encode())}"


def rule_metadata(planned: "PlannedOutput", source: Stat, digest: str) -> ObjectMetadata:
    """The metadata of a rule's output. Equal metadata means equal bytes."""
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
    """The source that an output names; None if it carries no readable mark."""
    try:
        return Address.parse(unquote(stat.about.metadata.get(SOURCE, ""), errors="strict"))
    except (StorageError, UnicodeError):
        return None


def hops(stat: Stat) -> int:
    """How many times an object has been through rules already."""
    text = stat.about.metadata.get(HOPS, "0")
    return int(text) if text.isdecimal() and len(text) < 4 else MAX_HOPS


def belongs_to(stat: Stat, source: Address) -> bool:
    """Whether an object is an output of this source."""
    return stat.about.metadata.get(SOURCE) == quoted(source)


class OutputIdentity(msgspec.Struct, frozen=True):
    """Identifies one output of one source version: at most one write of it takes effect."""

    source: str
    version: str
    digest: str

    @classmethod
    def of(cls, metadata: Mapping[str, str]) -> "OutputIdentity":
        """The identity in an output's metadata."""
        return cls(*(metadata.get(name, "") for name in (SOURCE, VERSION, DIGEST)))
