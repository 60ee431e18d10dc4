"""Two JPEGs in one file, of which the second is a gain map: found, and joined again.

Sources: CIPA DC-007 (multi-picture format), Android's Ultra HDR image format 1.1, ISO 21496-1:2025, annex C.4.
"""

import struct
from collections.abc import Iterator
from contextlib import suppress

import cv2

from core.codecs import gain_maps, ifd
from core.codecs.icc import profile_of
from core.codecs.jpeg_segments import (
    APP1,
    APP2,
    READ_FRAMES,
    SOI,
    XMP,
    segment_bytes,
    segment_places,
    segments,
    with_segments,
)
from core.errors import DarkroomError
from core.picture import GainMap, GainMapSource, Size

MPF = b"MPF\0"
_ENTRIES, _PRIMARY = 0xB002, 0x030000
_MOST_PICTURES = 8
_LARGEST = 4
"""A map of more pixels than so many times its picture's is none."""
_HEADER = 1 << 20
"""Bytes in which a map's header ends; several may be claimed, and each is gone through."""
_QUALITY = 95
"""That of libultrahdr: the errors of a map are seen as steps of brightness."""
_CONTAINER = "http://ns.google.com/photos/1.0/container/"


def found(data: bytes, size: Size, exif: bytes | None) -> GainMapSource | None:
    """Where a JPEG's gain map is, and what it says; None where it has none that could be used."""
    for start, length in _pictures(data):
        with suppress(DarkroomError, struct.error, ValueError, ArithmeticError, IndexError):
            source = _source(data, start, length, exif)
            if source is not None and source.size.pixels <= _LARGEST * size.pixels:
                return source
    return None


def _pictures(data: bytes) -> Iterator[tuple[int, int]]:
    """Start and length of the pictures behind the first one."""
    head = _index_place(data)
    index = data[head : head + 0xFFFF] if head else b""
    order = ifd.byte_order(index)
    entries = ifd.first_directory(index).get(_ENTRIES)
    if order is None or entries is None:
        return
    count = min(len(entries.raw) // 16, _MOST_PICTURES)
    for _, length, offset, _ in struct.iter_unpack(order + "4I", entries.raw[: 16 * count]):
        start = head + offset
        if offset and length and data[start : start + 2] == SOI:
            yield start, length


def _index_place(data: bytes) -> int:
    """Where the index's TIFF header is, from which its offsets count; 0 where there is none."""
    places = (start for marker, start, _ in segment_places(data) if marker == APP2 and data[start : start + 4] == MPF)
    return next((start + len(MPF) for start in places), 0)


def _source(data: bytes, start: int, length: int, exif: bytes | None) -> GainMapSource | None:
    size, components, xmp, metadata = None, 0, b"", None
    profile: list[bytes] = []
    for marker, payload in segments(data[start : start + min(length, _HEADER)]):
        if marker in READ_FRAMES:
            precision, height, width, components = struct.unpack_from(">BHHB", payload)
            size = Size(width, height) if precision == 8 and min(width, height) else None
        elif marker == APP1 and payload.startswith(XMP):
            xmp = payload[len(XMP) :]
        elif marker == APP2 and payload.startswith(gain_maps.ISO):
            metadata = gain_maps.from_iso(payload[len(gain_maps.ISO) :])
        elif marker == APP2 and payload.startswith(b"ICC_PROFILE\0"):
            profile.append(payload)
    apple = metadata is None and gain_maps.is_apple(xmp)
    metadata = metadata or gain_maps.from_xmp(xmp) or (gain_maps.of_apple(xmp, exif) if apple else None)
    if size is None or metadata is None or components not in {1, 3}:
        return None
    return GainMapSource(
        size=size, start=start, length=length, channels=components, metadata=metadata,
        icc=profile_of(profile), apple=apple and gain_maps.from_xmp(xmp) is None,
    )  # fmt: skip


def with_gain_map(base: bytes, gain_map: GainMap) -> bytes:
    """An Ultra HDR picture: the base and its map, as both ISO's and Android's readers look for them."""
    second = _second(gain_map)
    told = [segment_bytes(APP1, XMP + _directory(len(second))), _iso(gain_maps.ISO_VERSION)]
    first = with_segments(base, [*told, _index(0, 0, 0)])
    offset = len(first) - _index_place(first)
    return with_segments(base, [*told, _index(len(first), len(second), offset)]) + second


def _second(gain_map: GainMap) -> bytes:
    wanted = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    wanted += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    data: bytes = cv2.imencode(".jpg", gain_map.pixels, wanted)[1].tobytes()
    told = [segment_bytes(APP1, XMP + gain_maps.to_xmp(gain_map.metadata)), _iso(gain_maps.to_iso(gain_map.metadata))]
    if gain_map.icc and len(gain_map.icc) <= 65519:
        told.append(segment_bytes(APP2, b"ICC_PROFILE\0\1\1" + gain_map.icc))
    return with_segments(data, told)


def _iso(content: bytes) -> bytes:
    return segment_bytes(APP2, gain_maps.ISO + content)


def _directory(length: int) -> bytes:
    """The list of what is in the file, as XMP."""
    items = (
        'Item:Semantic="Primary" Item:Mime="image/jpeg"',
        f'Item:Semantic="GainMap" Item:Mime="image/jpeg" Item:Length="{length}"',
    )
    listed = "".join(f'<rdf:li rdf:parseType="Resource"><Container:Item {item}/></rdf:li>' for item in items)
    spaces = {
        "Container": _CONTAINER,
        "Item": f"{_CONTAINER}item/",
        "hdrgm": "http://ns.adobe.com/hdr-gain-map/1.0/",
    }
    inside = f"<Container:Directory><rdf:Seq>{listed}</rdf:Seq></Container:Directory>"
    return gain_maps.packet(spaces, ['hdrgm:Version="1.0"'], inside)


def _index(first: int, second: int, offset: int) -> bytes:
    """The segment that says where both pictures are; offsets are from its own TIFF header."""
    entries = struct.pack(">4I4I", _PRIMARY, first, 0, 0, 0, second, offset, 0)
    head = b"MM\0*" + struct.pack(">IH", 8, 3)
    head += struct.pack(">HHI4s", 0xB000, 7, 4, b"0100") + struct.pack(">HHII", 0xB001, 4, 1, 2)
    head += struct.pack(">HHIII", _ENTRIES, 7, len(entries), 50, 0)
    return segment_bytes(APP2, MPF + head + entries)
