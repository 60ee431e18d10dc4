"""The mark that every output carries in its metadata: what it was made of, and how far it is from a photograph."""

from collections.abc import Mapping
from urllib.parse import quote, unquote

import msgspec

from functions import marks
from functions.rules.model import Planned, media_type
from storage.address import Address
from storage.errors import StorageError
from storage.objects import About, Stat

SOURCE, VERSION, DIGEST, HOPS = "dr-source", "dr-version", "dr-digest", marks.HOPS
MOST_HOPS = 1
"""An output may not become a source: whatever carries a mark was made by us already."""
_SAFE = "/:!$&'()*+,;=@~ "


def about(planned: Planned, source: Stat, digest: str) -> About:
    """What is written beside an output. Two that are equal stand for the same bytes."""
    metadata = {
        **planned.target.metadata,
        SOURCE: named(source.address),
        VERSION: source.version,
        DIGEST: digest,
        HOPS: str(hops(source) + 1),
    }
    return About(content_type=media_type(planned.format), cache_control=planned.target.cache_control, metadata=metadata)


def named(address: Address) -> str:
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
    return stat.about.metadata.get(SOURCE) == named(source)


class Name(msgspec.Struct, frozen=True):
    """What identifies one output of one version: for it, at most one write takes effect."""

    source: str
    version: str
    digest: str

    @classmethod
    def of(cls, metadata: Mapping[str, str]) -> "Name":
        """As the metadata of an output say it."""
        return cls(*(metadata.get(name, "") for name in (SOURCE, VERSION, DIGEST)))
