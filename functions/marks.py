"""What is written beside a stored result: what it was made of and how, so that the same is known and not made again."""

from urllib.parse import quote

from core.identity import sha256
from storage.address import Address
from storage.objects import About, Stat
from storage.web import names

MADE_BY, OURS = "made-by", "darkroom"
HOPS = "dr-hops"
"""What rules go by: with it an object starts nothing."""
_LONGEST = 500
"""Characters of an address, a version or a name that are kept; of a longer one, its checksum is. All must fit."""
_KEPT = "!#$&'()*+,/:;=?@[]~ "


def about(content_type: str, source: Stat | str, digest: str, **more: str) -> About:
    """What is said of a result. `source` is where its picture was, or the sha256 of a picture that was sent.

    Together it names all that settles the bytes. It may be overwritten at any time, so caches ask each time.
    """
    where, version = ("upload", source) if isinstance(source, str) else (discreet(source.address), source.version)
    origin = {"source": printable(where), "source-version": printable(version)}
    told = {MADE_BY: OURS, HOPS: "1", **origin, "digest": digest}
    extra = {name.replace("_", "-"): printable(value) for name, value in more.items() if value}
    return About(content_type=content_type, cache_control="no-cache", metadata={**told, **extra})


def discreet(address: Address) -> str:
    """An address to be kept for all to read: a web address without its query, which may hold secrets."""
    path, mark, query = str(address).partition("?")
    return f"{path}?sha256={sha256(query.encode())}" if mark and address.scheme in names.SCHEMES else str(address)


def printable(text: str) -> str:
    """Text as every store keeps it: what is not printable ASCII, and `%` itself, percent-encoded; or its checksum."""
    written = quote(text.strip(" "), safe=_KEPT)
    return written if 0 < len(written) <= _LONGEST else f"sha256:{sha256(text.encode())}"
