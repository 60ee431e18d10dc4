"""The segments of a JPEG, and the file without what lies beside its picture. Sources: ITU-T T.81 B.1 and B.2, T.871."""

import struct
from collections.abc import Iterable, Iterator

from core.codecs.base import parts

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
EOI_MARKER, SOS, APP1, APP2, APP13 = 0xD9, 0xDA, 0xE1, 0xE2, 0xED
XMP = b"http://ns.adobe.com/xap/1.0/\0"
READ_FRAMES = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}
OF_MANY_SCANS = {0xC2, 0xCA}
_APP0, _APP14, _TABLES = 0xE0, 0xEE, {0xC4, 0xCC, 0xDB, 0xDC, 0xDD}
_MARKERS = {*range(0xC0, 0xD0), *range(0xD9, 0xFF)}
"""Markers of a segment, or of the end. Behind a scan's header come coded bytes, in which FF is followed by 00, by a
restart marker, or, where a file is damaged, by what libjpeg skips: such pairs are no segments.
"""
_CLASSES = bytes(2 if byte in _MARKERS else byte == 0xFF for byte in range(256))
_WINDOW = 1 << 16
_JFIF = b"JFIF\0\1\1\0\0\1\0\1\0\0"
_ADOBE = 12
"""Bytes of Adobe's segment, the last of which is the colour transform (T.872, 6.5.3)."""
_WHOLE_BLOCK = b"\0\x3f\0"
"""Ss, Se, Ah and Al of a scan that sends all of each block at once."""


def segments(data: bytes, *, scans: bool = False) -> Iterator[tuple[int, bytes]]:
    """Marker and payload of each segment up to the first scan's header, with `scans` up to the end.

    Stray and coded bytes between segments are skipped. TooMuchWorkError (413) if there are far too many segments.
    """
    return ((marker, data[start:end]) for marker, start, end in segment_places(data, scans=scans))


def segment_places(data: bytes, *, scans: bool = False) -> Iterator[tuple[int, int, int]]:
    """The same as marker, and start and end of the payload."""
    place = 2
    for _ in parts("jpeg", len(data)):
        place = _next_marker(data, place)
        if place + 4 > len(data):
            return
        marker, place = data[place + 1], place + 2
        (length,) = struct.unpack_from(">H", data, place)
        if marker == EOI_MARKER or length < 2:
            return
        yield marker, place + 2, place + length
        if marker == SOS and not scans:
            return
        place += length


def _next_marker(data: bytes, place: int) -> int:
    """Where the next marker is, or the end."""
    if data[place : place + 1] == b"\xff" and data[place + 1 : place + 2] and data[place + 1] in _MARKERS:
        return place
    for start in range(place, len(data), _WINDOW):
        found = data[start : start + _WINDOW + 1].translate(_CLASSES).find(b"\1\2")
        if found >= 0:
            return start + found
    return len(data)


def segment_bytes(marker: int, payload: bytes) -> bytes:
    """A marker, the length, and the payload."""
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def with_segments(data: bytes, added: Iterable[bytes]) -> bytes:
    """The file with more segments, right behind those of JFIF and EXIF."""
    place = 2
    while data[place : place + 2] == b"\xff\xe0" or data[place + 4 : place + 10] == b"Exif\0\0":
        place += 2 + struct.unpack_from(">H", data, place + 2)[0]
    return b"".join((data[:place], *added, data[place:]))


def components(data: bytes) -> int:
    """How many components the frame has; 0 where there is none."""
    return next((payload[5] for marker, payload in segments(data) if marker in READ_FRAMES and len(payload) > 5), 0)


def tidied(data: bytes) -> bytes:
    """The file without what lies beside its picture, over which TurboJPEG stumbles.

    Gone are stray bytes between segments, profiles, previews and comments; JFIF's version and Adobe's colour transform
    are ones that there are, and the scans of a sequential file say that they send whole blocks, as they cannot do
    otherwise (T.81, B.2.3).
    """
    whole = bytearray(data)
    found = list(segment_places(data))
    if not found or found[-1][0] != SOS:
        return data
    if not any(marker in OF_MANY_SCANS for marker, _, _ in found):
        for marker, start, end in segment_places(data, scans=True):
            if marker == SOS and end - start == 4 + 2 * data[start]:
                whole[end - 3 : end] = _WHOLE_BLOCK
    count = components(data)
    kept = [_kept(marker, bytes(whole[start:end]), count) for marker, start, end in found]
    return b"".join((SOI, *kept, memoryview(whole)[found[-1][2] :]))


def _kept(marker: int, payload: bytes, count: int) -> bytes:
    """A segment as far as the picture of so many components needs it."""
    if marker == _APP0 and payload.startswith(b"JFIF\0"):
        return segment_bytes(marker, _JFIF)
    if marker == _APP14 and payload.startswith(b"Adobe"):
        return segment_bytes(marker, _adobe(payload, count))
    return segment_bytes(marker, payload) if marker in _TABLES | READ_FRAMES | {SOS} else b""


def _adobe(payload: bytes, count: int) -> bytes:
    """Adobe's segment; a transform that there is not counts as YCbCr or YCCK, as libjpeg and browsers take it."""
    usual = {3: 1, 4: 2}.get(count)
    if usual is None or len(payload) < _ADOBE or payload[_ADOBE - 1] in {0, usual}:
        return payload
    return payload[: _ADOBE - 1] + bytes((usual,)) + payload[_ADOBE:]


def picture_alone(data: bytes) -> bytes:
    """Tables, frame and scans, and nothing else: no metadata, previews, comments, and nothing behind the end."""
    made, count = [SOI], components(data)
    for marker, start, end in segment_places(data, scans=True):
        made.append(_kept(marker, data[start:end], count))
        if marker == SOS:
            made.append(data[end : _next_marker(data, end)])
    return b"".join((*made, EOI))
