"""HEICs with gain maps, made of the boxes of others: as Apple's phones write them, and as ISO 21496-1 has it."""

import struct
from collections.abc import Iterator

from core.codecs import gain_maps, isobmff
from core.picture import GainMapMetadata

ALPHA, APPLE = b"urn:mpeg:hevc:2015:auxid:1\0", b"urn:com:apple:photo:2020:aux:hdrgainmap\0"


def apple_heic(data: bytes) -> bytes:
    """A HEIC with alpha as one whose auxiliary picture is a gain map, of which XMP tells the headroom.

    The name is 13 bytes longer, so the boxes around it grow, and what lies behind them moves.
    """
    grown, place = len(APPLE) - len(ALPHA), data.index(ALPHA)
    made = bytearray(data[:place] + APPLE + data[place + len(ALPHA) :])
    for name in (b"meta", b"iprp", b"ipco", b"auxC"):
        start = data.index(name) - 4
        struct.pack_into(">I", made, start, struct.unpack_from(">I", data, start)[0] + grown)
    place = made.index(b"iloc") + 4
    version, sizes = made[place], (made[place + 4] >> 4, made[place + 4] & 15, made[place + 5] >> 4)
    assert (version, sizes) == (1, (4, 4, 4))
    (count,) = struct.unpack_from(">H", made, place + 6)
    place += 8
    for _ in range(count):
        _, method, _, base, extents = struct.unpack_from(">HHHIH", made, place)
        if not method:
            struct.pack_into(">I", made, place + 6, base + grown)
        place += 12 + 8 * extents
    return bytes(made)


def iso_heic(data: bytes, told: GainMapMetadata) -> bytes:
    """A HEIC with alpha as one whose picture and auxiliary picture are what an item `tmap` is derived of."""
    meta = isobmff.find_box(memoryview(data), b"meta")
    assert meta is not None
    inner = dict(isobmff.boxes(meta))
    items, main = isobmff.items_of(data, inner), isobmff.primary_id(inner[b"pitm"])
    references = list(isobmff.boxes(inner[b"iref"][4:]))
    (auxiliary,) = (struct.unpack_from(">H", content)[0] for kind, content in references if kind == b"auxl")
    derived = max(items) + 1
    contents = {number: bytes(content) for number, (_, content) in items.items()}
    contents[derived] = b"\0" + gain_maps.to_iso(told)
    kinds = {number: kind for number, (kind, _) in items.items()} | {derived: b"tmap"}
    kept = [box(kind, bytes(content)) for kind, content in references if kind == b"dimg"]
    kept.append(box(b"dimg", struct.pack(">4H", derived, 2, main, auxiliary)))
    parts = (
        box(b"hdlr", struct.pack(">II4s13x", 0, 0, b"pict")),
        box(b"pitm", struct.pack(">IH", 0, main)),
        box(b"iinf", struct.pack(">IH", 0, len(kinds)) + b"".join(_item(*one) for one in kinds.items())),
        box(b"iref", bytes(4) + b"".join(kept)),
        _properties(inner[b"iprp"], list(items)),
        box(b"iloc", struct.pack(">IBBH", 1 << 24, 0x44, 0, len(contents)) + b"".join(_places(contents))),
        box(b"idat", b"".join(contents.values())),
    )
    return box(b"ftyp", b"heic\0\0\0\0mif1heictmap") + box(b"meta", bytes(4) + b"".join(parts))


def _item(number: int, kind: bytes) -> bytes:
    return box(b"infe", struct.pack(">IHH4sx", 2 << 24, number, 0, kind))


def _places(contents: dict[int, bytes]) -> Iterator[bytes]:
    """Where each item is: one behind the other in `idat`."""
    place = 0
    for number, content in contents.items():
        yield struct.pack(">HHHHII", number, 1, 0, 1, place, len(content))
        place += len(content)


def _properties(iprp: memoryview, numbers: list[int]) -> bytes:
    """The properties of these items, without what says that one is auxiliary."""
    stored = list(isobmff.boxes(isobmff.find_box(iprp, b"ipco") or memoryview(b"")))
    told: list[bytes] = []
    shares: list[bytes] = []
    for number in numbers:
        own = isobmff.properties_of(isobmff.find_box(iprp, b"ipma"), number, stored)
        kept = [box(name, bytes(content)) for name, content in own if name != b"auxC"]
        shares.append(struct.pack(">HB", number, len(kept)) + bytes(range(len(told) + 1, len(told) + len(kept) + 1)))
        told += kept
    associated = bytes(4) + struct.pack(">I", len(shares)) + b"".join(shares)
    return box(b"iprp", box(b"ipco", b"".join(told)) + box(b"ipma", associated))


def box(name: bytes, content: bytes) -> bytes:
    """A box of ISO/IEC 14496-12."""
    return struct.pack(">I", 8 + len(content)) + name + content
