"""HEIF files as their decoders are given them; lengths and places stay.

pi-heif 1.4 is shown no metadata, which is read by `isobmff`: a kind of item that is no UTF-8 ends its process.
"""

import struct
from collections.abc import Callable

from core.codecs import isobmff


def uncropped(data: bytes) -> bytes:
    """The file with a clap of the primary item that leaves all of it: the reader then crops by `Primary.aperture`."""
    copy = bytearray(data)
    meta = isobmff.find_box(memoryview(copy), b"meta")
    if meta is None:
        return data
    stored = list(isobmff.boxes(isobmff.find_box(meta, b"iprp", b"ipco") or memoryview(b"")))
    associations, main = isobmff.find_box(meta, b"iprp", b"ipma"), isobmff.primary_id(isobmff.find_box(meta, b"pitm"))
    own = isobmff.properties_of(associations, main, stored)
    size, _, _ = isobmff.shown_of(own)
    for name, content in own:
        if name == b"clap":
            content[:32] = struct.pack(">8I", size.width, 1, size.height, 1, 0, 1, 0, 1)
    return bytes(copy)


def without_metadata(data: bytes) -> bytes:
    """The file whose descriptions (`cdsc`) come from no item."""
    return _without_references(data, lambda kind, _: kind == b"cdsc")


def with_primary(data: bytes, item: int) -> bytes:
    """The file with another primary item, which readers then show, and which is auxiliary to no other."""
    copy = bytearray(_without_references(data, lambda kind, source: (kind, source) == (b"auxl", item)))
    pitm = isobmff.find_box(memoryview(copy), b"meta", b"pitm")
    if pitm is None:
        return data
    struct.pack_into(">I" if pitm[0] else ">H", pitm, 4, item)
    return bytes(copy)


def _without_references(data: bytes, unwanted: Callable[[bytes, int], bool]) -> bytes:
    """The file in which references of these kinds and items come from no item."""
    copy = bytearray(data)
    for name, meta in isobmff.boxes(memoryview(copy)):
        for inner, iref in isobmff.boxes(meta[4:]) if name == b"meta" else ():
            for kind, reference in isobmff.boxes(iref[4:]) if inner == b"iref" else ():
                source = reference[: 4 if iref[0] else 2]
                if unwanted(kind, int.from_bytes(source, "big")):
                    source[:] = bytes(len(source))
    return bytes(copy)
