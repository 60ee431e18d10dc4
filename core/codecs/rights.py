"""Who made a picture and whose it is, from what its file says beside EXIF.

Sources: IPTC-IIM 4.2 (2:80, 2:116), Photoshop's image resources (0x0404), XMP part 1 (dc:creator, dc:rights). Which of
them stands for which tag of EXIF is the Metadata Working Group's guidelines 2.0, 5.
"""

import re
import struct
from collections.abc import Iterator
from html import unescape
from typing import NamedTuple

from core.codecs.base import parts

_PHOTOSHOP, _RESOURCE, _IPTC = b"Photoshop 3.0\0", b"8BIM", 0x0404
_ARTIST, _COPYRIGHT = (2, 80), (2, 116)
_LONGEST = 1 << 20
"""A longer packet is not looked at."""
_MOST_NAMES = 32
_TAGGED = re.compile(rb"<[^>]{0,1000}>")


class Rights(NamedTuple):
    """The holder of the copyright and the artist, each empty where it is not named."""

    copyright: str = ""
    artist: str = ""

    def __or__(self, other: "Rights") -> "Rights":
        """What is missing taken from another."""
        return Rights(self.copyright or other.copyright, self.artist or other.artist)


def of(xmp: bytes | None, iptc: bytes | None) -> Rights:
    """What IPTC says, and else XMP."""
    return _of_iptc(iptc or b"") | _of_xmp(xmp or b"")


def _of_xmp(packet: bytes) -> Rights:
    if len(packet) > _LONGEST:
        return Rights()
    return Rights("; ".join(_listed(packet, b"dc:rights")[:1]), "; ".join(_listed(packet, b"dc:creator")))


def _listed(packet: bytes, name: bytes) -> list[str]:
    """The members of a property that is a list; of translations all of them."""
    start, end = packet.find(b"<" + name + b">"), packet.find(b"</" + name + b">")
    if not 0 <= start < end:
        return []
    members = packet[start:end].split(b"</rdf:li>", _MOST_NAMES)[:-1]
    texts = (_TAGGED.sub(b"", member).decode("utf-8", "replace") for member in members)
    return [text for text in (unescape(text).strip() for text in texts) if text]


def _of_iptc(resources: bytes) -> Rights:
    found: dict[tuple[int, int], list[str]] = {}
    for kind, content in _records(_iim(resources)):
        if kind in {_ARTIST, _COPYRIGHT}:
            found.setdefault(kind, []).append(_text(content))
    return Rights("; ".join(found.get(_COPYRIGHT, [])[:1]), "; ".join(found.get(_ARTIST, [])[:_MOST_NAMES]))


def _iim(resources: bytes) -> bytes:
    """The records of IPTC: alone as in TIFF, or among Photoshop's resources."""
    if resources[:1] == b"\x1c":
        return resources
    place = len(_PHOTOSHOP) if resources.startswith(_PHOTOSHOP) else 0
    for _ in parts("iptc", len(resources)):
        if resources[place : place + 4] != _RESOURCE or place + 12 > len(resources):
            break
        kind, name = struct.unpack_from(">HB", resources, place + 4)
        place += 6 + name + 1 + (name + 1) % 2
        length = int.from_bytes(resources[place : place + 4], "big")
        if kind == _IPTC:
            return resources[place + 4 : place + 4 + length]
        place += 4 + length + length % 2
    return b""


def _records(data: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    place = 0
    for _ in parts("iptc", len(data)):
        if data[place : place + 1] != b"\x1c" or place + 5 > len(data):
            return
        record, number, length = struct.unpack_from(">BBH", data, place + 1)
        if length & 0x8000:  # an extended one: no name is that long
            return
        yield (record, number), data[place + 5 : place + 5 + length]
        place += 5 + length


def _text(content: bytes) -> str:
    """UTF-8, else Latin 1: files say rarely which."""
    try:
        return content.decode().strip("\0 ")
    except UnicodeDecodeError:
        return content.decode("latin-1").strip("\0 ")
