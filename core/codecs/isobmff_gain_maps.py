"""Gain maps of ISO 21496-1 in AVIF and HEIC: the derived item `tmap`, made of the picture and of its map.

Sources: ISO/IEC 23008-12:2025 (tone map derivation), ISO 21496-1:2025 (annex C, which its content is but for a first
byte, the version).
"""

import struct
from contextlib import suppress

from core.codecs import gain_maps, isobmff
from core.errors import DarkroomError
from core.picture import GainMapMetadata, GainMapSource, Size

_LARGEST = 4
"""A map of more pixels than so many times its picture's is none."""
_READ = {b"av01", b"hvc1", b"hev1", b"grid"}


def of_primary(data: bytes) -> GainMapSource | None:
    """The map of the primary item, by its item; None where there is none that could be used."""
    with suppress(DarkroomError, struct.error, ValueError, ArithmeticError, LookupError):
        return _of_primary(data)
    return None


def _of_primary(data: bytes) -> GainMapSource | None:
    meta = isobmff.find_box(memoryview(data), b"meta") or memoryview(b"")
    inner = dict(reversed(list(isobmff.boxes(meta))))
    items, main = isobmff.items_of(data, inner), isobmff.primary_id(inner.get(b"pitm"))
    for kind, content in isobmff.boxes(inner[b"iref"][4:]):
        source, targets = _targets(content, wide=inner[b"iref"][0] >= 1)
        coded, told = items.get(source, (b"", memoryview(b"")))
        if kind != b"dimg" or coded != b"tmap" or targets[:1] != [main] or len(targets) != 2:
            continue
        metadata = gain_maps.from_iso(bytes(told[1:])) if told[0] == 0 else None
        if metadata is not None and items.get(targets[1], (b"",))[0] in _READ:
            return _source(meta, main, targets[1], metadata)
    return None


def _targets(content: memoryview, *, wide: bool) -> tuple[int, list[int]]:
    """An item, and the first few that it refers to."""
    size, head = (4, ">IH") if wide else (2, ">HH")
    source, count = struct.unpack_from(head, content)
    places = range(size + 2, size + 2 + size * min(count, 3), size)
    return source, [int.from_bytes(content[place : place + size], "big") for place in places]


def _source(meta: memoryview, main: int, item: int, metadata: GainMapMetadata) -> GainMapSource | None:
    stored = list(isobmff.boxes(isobmff.find_box(meta, b"iprp", b"ipco") or memoryview(b"")))
    associations = isobmff.find_box(meta, b"iprp", b"ipma")
    whole, aperture, _ = isobmff.shown_of(isobmff.properties_of(associations, main, stored))
    own = isobmff.properties_of(associations, item, stored)
    coded, shown, _ = isobmff.shown_of(own)
    size, cropped, map_cropped = Size(*shown[2:]), aperture[2:] != whole, shown[2:] != coded
    if cropped != map_cropped or not 0 < size.pixels <= _LARGEST * whole.pixels:
        return None
    channels = next((content[4] for name, content in own if name == b"pixi" and len(content) > 4), 3)
    return GainMapSource(size=size, start=item, channels=1 if channels == 1 else 3, metadata=metadata)
