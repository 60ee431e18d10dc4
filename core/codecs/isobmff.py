"""The boxes of HEIF and AVIF: size, rotation, metadata and frames. Sources: ISO/IEC 14496-12, 23008-12, 23000-22."""

import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from core.codecs import streams
from core.codecs.base import damaged, parts, unsupported
from core.errors import DarkroomError
from core.picture import Size

_READ = {b"hvc1", b"hev1", b"av01", b"grid", b"iovl", b"iden"}

_LONGEST_KIND = 64
_ALPHA_KINDS = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")

_APPLE, _MOST_AUXILIARY = b"urn:com:apple:photo:2020:aux:hdrgainmap", 8

Box = tuple[bytes, memoryview]


def boxes(view: memoryview, name: str = "heif") -> Iterator[Box]:
    """Type and content of each box; a box that reaches outside ends the walk."""
    place = 0
    for _ in parts(name, len(view) // 8):
        if place + 8 > len(view):
            return
        length, kind = struct.unpack_from(">I4s", view, place)
        head = 8
        if length == 1 and place + 16 <= len(view):
            (length,) = struct.unpack_from(">Q", view, place + 8)
            head = 16
        end = len(view) if length == 0 else place + length
        if (length and length < head) or end > len(view):
            end = len(view)
        yield kind, view[place + head : end]
        place = end


def find_box(view: memoryview, *path: bytes) -> memoryview | None:
    """The content of the first box along a path of types."""
    for kind in path:
        inner = next((content for name, content in boxes(view) if name == kind), None)
        if inner is None:
            return None
        view = inner[4:] if kind == b"meta" else inner
    return view


def brands(data: bytes) -> list[bytes]:
    """Major and compatible brands; empty if this is not such a file."""
    if data[4:8] != b"ftyp" or len(data) < 16:
        return []
    (length,) = struct.unpack_from(">I", data)
    return [data[8:12], *(data[at : at + 4] for at in range(16, min(length, len(data), 512), 4))]


class Aperture(NamedTuple):
    """A rectangle of the stored picture, in pixels."""

    left: int
    top: int
    width: int
    height: int


class Primary(NamedTuple):
    """The properties of the primary item.

    `size` is as stored, `aperture` what clap leaves of it; `turn` is the EXIF orientation of irot and imir. `coded` is
    the largest size that a bitstream in the file announces, whatever the boxes say. `nclx` are primaries and transfer
    (H.273); `multiplied` says that colours are multiplied by alpha. `gain_map` is the item, the size and the XMP packet
    of Apple's.
    """

    size: Size
    aperture: Aperture
    turn: int
    alpha: bool
    multiplied: bool
    grey: bool
    icc: bytes | None
    nclx: tuple[int, int] | None
    exif: bytes | None
    xmp: bytes | None
    gain_map: tuple[int, Size, bytes] | None
    coded: Size


def primary(data: bytes) -> Primary:
    """The primary item's header; damaged (422) if it has none."""
    meta = find_box(memoryview(data), b"meta")
    if meta is None and find_box(memoryview(data), b"moov") is not None:
        raise unsupported("heif", "it is a sequence without a still picture")
    if meta is None:
        raise damaged("heif", "it has no meta box")
    inner = dict(reversed(list(boxes(meta))))
    main = primary_id(inner.get(b"pitm"))
    stored = list(boxes(find_box(meta, b"iprp", b"ipco") or memoryview(b"")))
    associations = find_box(meta, b"iprp", b"ipma")
    own = properties_of(associations, main, stored)
    if not own:
        raise damaged("heif", "its primary item has no size")
    size, aperture, turn = shown_of(own)
    references = list(_references(inner.get(b"iref")))
    coloured = _coloured(own) or _coloured(properties_of(associations, _tile(references, main), stored))
    kinds = [bytes(content[4:_LONGEST_KIND]).split(b"\0")[0] for name, content in stored if name == b"auxC"]
    depths = [content[4] for name, content in own if name == b"pixi" and len(content) > 4]
    items = items_of(data, inner)
    packets = [bytes(content) for kind, content in items.values() if kind == b"mime"]
    if main in items and items[main][0] not in _READ:
        raise unsupported("heif", "its primary item uses an unknown codec")
    return Primary(
        size=size,
        aperture=aperture,
        turn=turn,
        alpha=any(kind in _ALPHA_KINDS for kind in kinds),
        multiplied=any((kind, source) == (b"prem", main) for kind, source, _ in references),
        grey=depths[:1] == [1],
        icc=_profile(coloured),
        nclx=_code_points(coloured) if coloured else _coded_colour(items, _tile(references, main) or main),
        exif=next((_tiff(content) for kind, content in items.values() if kind == b"Exif"), None),
        xmp=next((packet for packet in packets if _APPLE not in packet), None),
        gain_map=_gain_map(
            stored, associations, [source for kind, source, _ in references if kind == b"auxl"], packets
        ),
        coded=_coded(data, stored, list(items.values())),
    )


def _gain_map(
    stored: list[Box], associations: memoryview | None, auxiliary: list[int], packets: list[bytes]
) -> tuple[int, Size, bytes] | None:
    """The auxiliary item that is Apple's gain map, its size, and what XMP says of it."""
    if not any(name == b"auxC" and bytes(content[4:_LONGEST_KIND]).startswith(_APPLE) for name, content in stored):
        return None
    for item in auxiliary[:_MOST_AUXILIARY]:
        own = properties_of(associations, item, stored)
        if any(name == b"auxC" and bytes(content[4:_LONGEST_KIND]).startswith(_APPLE) for name, content in own):
            with suppress(DarkroomError, struct.error):
                return item, shown_of(own)[0], next((packet for packet in packets if _APPLE in packet), b"")
    return None


def primary_id(pitm: memoryview | None) -> int:
    """The number of the primary item; damaged (422) where nothing tells it."""
    if pitm is None:
        raise damaged("heif", "it has no primary item")
    return int(struct.unpack_from(">I" if pitm[0] else ">H", pitm, 4)[0])


def properties_of(ipma: memoryview | None, item: int, stored: list[Box]) -> list[Box]:
    """The properties of an item, in the order in which they apply."""
    if ipma is None:
        return []
    wide_id, wide_index = ipma[0] >= 1, ipma[3] & 1
    (count,) = struct.unpack_from(">I", ipma, 4)
    place = 8
    for _, _ in zip(range(count), parts("heif", len(ipma)), strict=False):
        (found,) = struct.unpack_from(">I" if wide_id else ">H", ipma, place)
        place += 4 if wide_id else 2
        number = ipma[place]
        place += 1
        step = 2 if wide_index else 1
        start, place = place, place + step * number
        if found == item:
            indices = [int.from_bytes(ipma[at : at + step], "big") for at in range(start, place, step)]
            kept = [index & (0x7FFF if wide_index else 0x7F) for index in indices]
            return [stored[index - 1] for index in kept if 0 < index <= len(stored)]
    return []


def _references(iref: memoryview | None) -> Iterator[tuple[bytes, int, int]]:
    """Kind, item and the first item that it refers to."""
    if iref is None:
        return
    wide = iref[0] >= 1
    for kind, content in boxes(iref[4:]):
        source, number, target = struct.unpack_from(">IHI" if wide else ">HHH", content)
        if number:
            yield kind, source, target


def _tile(references: list[tuple[bytes, int, int]], item: int) -> int:
    """The first item that an item is made of; 0 where it is coded itself."""
    return next((target for kind, source, target in references if (kind, source) == (b"dimg", item)), 0)


def coding(data: bytes) -> bytes:
    """How the primary item is coded, of a grid how its first tile is; empty where the boxes do not say."""
    with suppress(DarkroomError, struct.error, IndexError):
        meta = find_box(memoryview(data), b"meta")
        inner = dict(reversed(list(boxes(meta)))) if meta is not None else {}
        main, kinds = primary_id(inner.get(b"pitm")), items_of(data, inner)
        tile = _tile(list(_references(inner.get(b"iref"))), main)
        return kinds.get(tile or main, (b"", memoryview(b"")))[0]
    return b""


def shown_of(properties: list[Box]) -> tuple[Size, Aperture, int]:
    """The size as stored, what is shown of it, and the turn as an EXIF orientation."""
    size, aperture = None, Aperture(0, 0, 0, 0)
    quarters, mirror = 0, None
    for name, content in properties:
        if name == b"ispe":
            size = Size(*struct.unpack_from(">II", content, 4))
            aperture = Aperture(0, 0, *size)
        elif name == b"clap" and size:
            aperture = _aperture(content, size)
        elif name == b"irot":
            quarters = content[0] & 3
        elif name == b"imir":
            mirror = content[0] & 1
    if size is None:
        raise damaged("heif", "its primary item has no size")
    return size, aperture, _orientation(quarters, mirror)


def _aperture(clap: memoryview, size: Size) -> Aperture:
    """Width and height around a centre that is so far off that of the picture (ISO/IEC 14496-12, 12.1.4)."""
    wide, below, high, under, x, x_below, y, y_under = struct.unpack_from(">4IiIiI", clap)
    left, width = _span((wide, below), (x, x_below), size.width)
    top, height = _span((high, under), (y, y_under), size.height)
    return Aperture(left, top, width, height)


def _span(long: tuple[int, int], offset: tuple[int, int], whole: int) -> tuple[int, int]:
    """Where a span starts and how long it is, inside the whole; the whole where the fractions make no sense."""
    (number, below), (off, under) = long, offset
    length = number // below if below and under else 0
    if not 0 < length <= whole:
        return 0, whole
    start = (2 * off + (whole - length) * under) // (2 * under)
    return min(max(start, 0), whole - length), length


def _orientation(quarters: int, mirror: int | None) -> int:
    """The box irot turns counter-clockwise, then imir flips top and bottom (0) or left and right (1)."""
    if mirror is None:
        return (1, 8, 3, 6)[quarters]
    return (4, 5, 2, 7)[quarters] if mirror == 0 else (2, 7, 4, 5)[quarters]


def _coloured(properties: list[Box]) -> list[memoryview]:
    """What the properties say about colour."""
    return [content for name, content in properties if name == b"colr"]


def _profile(colours: list[memoryview]) -> bytes | None:
    return next((bytes(content[4:]) for content in colours if content[:4] in {b"prof", b"rICC"}), None)


def _code_points(colours: list[memoryview]) -> tuple[int, int] | None:
    """Primaries and transfer."""
    found = (content for content in colours if bytes(content[:4]) == b"nclx" and len(content) >= 8)
    return next((struct.unpack_from(">HH", content, 4) for content in found), None)


def _coded_colour(items: dict[int, Box], item: int) -> tuple[int, int] | None:
    """What an AV1 stream says itself, where the boxes say nothing (AVIF 1.1, 2.1)."""
    kind, content = items.get(item, (b"", memoryview(b"")))
    return streams.av1_colour(content) if kind == b"av01" else None


def _tiff(content: memoryview) -> bytes:
    """An EXIF item: four bytes that say how far the TIFF structure lies behind them, then it."""
    return bytes(content[int.from_bytes(content[:4], "big") + 4 :])


def _coded(data: bytes, stored: list[Box], items: list[Box]) -> Size:
    """Decoders allocate what the bitstream announces, so that size counts too."""
    found = [streams.hevc_size(content) for name, content in stored if name == b"hvcC"]
    found += [streams.av1_size(content) for kind, content in items if kind == b"av01"]
    found += [_derived_size(kind, content) for kind, content in items if kind in {b"grid", b"iovl"}]
    found.append(streams.av1_size(_first_sample(data)))
    return max((size for size in found if size), default=Size(0, 0), key=lambda size: size.pixels)


def _first_sample(data: bytes) -> memoryview:
    """The first frame of an image sequence; empty where there is none."""
    table = find_box(memoryview(data), b"moov", b"trak", b"mdia", b"minf", b"stbl") or memoryview(b"")
    places, sizes = find_box(table, b"stco"), find_box(table, b"stsz")
    if places is None or len(places) < 12 or sizes is None or len(sizes) < 12:
        return memoryview(b"")
    (offset,), (each,) = struct.unpack_from(">I", places, 8), struct.unpack_from(">I", sizes, 4)
    length = each or int.from_bytes(sizes[12:16], "big")
    return memoryview(data)[offset : offset + length]


def _derived_size(kind: bytes, content: memoryview) -> Size:
    """The size of a grid or an overlay, after rows and columns or a background colour."""
    wide = content[1] & 1
    return Size(*struct.unpack_from(">II" if wide else ">HH", content, 4 if kind == b"grid" else 10))


def items_of(data: bytes, meta: dict[bytes, memoryview]) -> dict[int, Box]:
    """Type and content, up to its first break, of each item by its number."""
    iinf, iloc = meta.get(b"iinf"), meta.get(b"iloc")
    if iinf is None or iloc is None:
        return {}
    places = _locations(iloc)
    sources = {0: memoryview(data), 1: meta.get(b"idat", memoryview(b""))}
    found = {}
    for name, content in boxes(iinf[8 if iinf[0] else 6 :]):
        if name != b"infe" or content[0] < 2:
            continue
        number, _, kind = struct.unpack_from(">IH4s" if content[0] > 2 else ">HH4s", content, 4)
        method, offset, length = places.get(number, (2, 0, 0))
        if method in sources:
            found[number] = (kind, sources[method][offset : offset + length if length else None])
    return found


def _locations(iloc: memoryview) -> dict[int, tuple[int, int, int]]:
    """Construction method, offset and length of each item's first extent."""
    version = iloc[0]
    offset_size, length_size = iloc[4] >> 4, iloc[4] & 15
    base_size, index_size = iloc[5] >> 4, iloc[5] & 15 if version else 0
    cursor = _Cursor(iloc, 6)
    found = {}
    count = cursor.number(4 if version == 2 else 2)
    for _, _ in zip(range(count), parts("heif", len(iloc)), strict=False):
        item = cursor.number(4 if version == 2 else 2)
        method = cursor.number(2) & 15 if version else 0
        cursor.number(2)
        base = cursor.number(base_size)
        extents = cursor.number(2)
        if extents:
            cursor.number(index_size)
            found[item] = (method, base + cursor.number(offset_size), cursor.number(length_size))
            cursor.number((extents - 1) * (index_size + offset_size + length_size))
    return found


class _Cursor:
    """Big-endian numbers one after the other."""

    def __init__(self, view: memoryview, place: int) -> None:
        self.view = view
        self.place = place

    def number(self, size: int) -> int:
        self.place += size
        if self.place > len(self.view):
            raise damaged("heif", "its header is cut short")
        return int.from_bytes(self.view[self.place - size : self.place], "big")


def frames(data: bytes) -> int:
    """Frames of an image sequence, from the first track's table of sample sizes; 1 where it has none."""
    table = find_box(memoryview(data), b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsz")
    found = struct.unpack_from(">I", table, 8)[0] if table is not None and len(table) >= 12 else 1
    return int(min(max(1, found), len(data)))
