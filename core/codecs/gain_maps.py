"""What files say of a gain map: which picture in HDR it makes of the one in SDR.

Sources: ISO 21496-1:2025, annex C (binary); Adobe's Gain Map 1.0 (XMP, `hdrgm`); Apple's «Applying Apple HDR effect to
your photos», whose maps are brought into ISO's form when they are read. Offsets, gains and headrooms are as in ISO:
HDR = (SDR + base_offset) × 2^gain - alternate_offset, in linear light.
"""

import math
import re
import struct
from collections.abc import Iterable, Sequence

import cv2
import numpy as np

from core.codecs import ifd
from core.picture import GainMapMetadata, Pixels, Triple

ISO = b"urn:iso:std:iso:ts:21496:-1\0"
ISO_VERSION = b"\0\0\0\0"
"""The least and the writer's version: what the base picture's segment says."""
_MULTICHANNEL, _BASE_COLOURS, _COMMON, _BACKWARD = 0x80, 0x40, 0x08, 0x04
_FRACTION = 1_000_000
_HDRGM = b"http://ns.adobe.com/hdr-gain-map/1.0/"
_NUMBER = re.compile(rb"[-+]?[0-9.]{1,24}(?:[eE][-+]?[0-9]{1,3})?\Z")
_MOST_STOPS = 32.0
_LEAST_GAMMA, _MOST_GAMMA = 0.01, 100.0
_APPLE = b"urn:com:apple:photo:2020:aux:hdrgainmap"
_APPLE_HEADROOM = re.compile(rb"HDRGainMapHeadroom(?:>|=[\"'])\s{0,8}([0-9.]{1,24})")
_PHOTO, _MAKER_NOTE, _APPLE_NOTE = 0x8769, 0x927C, b"Apple iOS\0"
_HEADROOM, _GAIN = 0x21, 0x30


def from_iso(content: bytes) -> GainMapMetadata | None:
    """What the binary form says; None where it is a later version, cut short, or nonsense."""
    least, _, flags = struct.unpack_from(">HHB", content)
    if least:
        return None
    count = 3 if flags & _MULTICHANNEL else 1
    if flags & _COMMON:
        whole, *numbers = struct.unpack_from(f">III{'iiIii' * count}", content, 5)
        values = [number / whole for number in numbers]
    else:
        pairs = struct.unpack_from(f">IIII{'iIiIIIiIiI' * count}", content, 5)
        values = [above / below for above, below in zip(pairs[::2], pairs[1::2], strict=True)]
    base, alternate, *rest = values
    low, high, gamma, base_offset, alternate_offset = (_triple(rest[place::5]) for place in range(5))
    return _sound(
        GainMapMetadata(
            gain_map_min=low,
            gain_map_max=high,
            gamma=gamma,
            base_offset=base_offset,
            alternate_offset=alternate_offset,
            base_hdr_headroom=alternate if flags & _BACKWARD else base,
            alternate_hdr_headroom=base if flags & _BACKWARD else alternate,
            use_base_colour_space=bool(flags & _BASE_COLOURS),
        )
    )


def to_iso(metadata: GainMapMetadata) -> bytes:
    """The binary form."""
    channels = list(
        zip(
            metadata.gain_map_min, metadata.gain_map_max, metadata.gamma,
            metadata.base_offset, metadata.alternate_offset, strict=True,
        )
    )  # fmt: skip
    channels = channels[:1] if len(set(channels)) == 1 else channels
    flags = _MULTICHANNEL * (len(channels) > 1) | _BASE_COLOURS * metadata.use_base_colour_space
    headrooms = (metadata.base_hdr_headroom, metadata.alternate_hdr_headroom)
    body = struct.pack(">IIII", *_fractions(headrooms))
    body += b"".join(struct.pack(">iIiIIIiIiI", *_fractions(channel)) for channel in channels)
    return ISO_VERSION + bytes((flags,)) + body


def _fractions(values: Iterable[float]) -> list[int]:
    return [number for value in values for number in (round(value * _FRACTION), _FRACTION)]


def from_xmp(packet: bytes) -> GainMapMetadata | None:
    """What Adobe's properties say, as attributes or elements; None where the packet has no map's."""
    if _HDRGM not in packet:
        return None
    found = {name: _numbers(packet, name) for name in _PROPERTIES}
    if not found[b"GainMapMax"] or not found[b"HDRCapacityMax"]:
        return None
    values = {name: numbers or _PROPERTIES[name] for name, numbers in found.items()}
    capacities = (values[b"HDRCapacityMin"][0], values[b"HDRCapacityMax"][0])
    backward = _text(packet, b"BaseRenditionIsHDR").strip().lower() == b"true"
    return _sound(
        GainMapMetadata(
            gain_map_min=_triple(values[b"GainMapMin"]),
            gain_map_max=_triple(values[b"GainMapMax"]),
            gamma=_triple(values[b"Gamma"]),
            base_offset=_triple(values[b"OffsetHDR" if backward else b"OffsetSDR"]),
            alternate_offset=_triple(values[b"OffsetSDR" if backward else b"OffsetHDR"]),
            base_hdr_headroom=capacities[backward],
            alternate_hdr_headroom=capacities[not backward],
        )
    )


_PROPERTIES: dict[bytes, list[float]] = {
    b"GainMapMin": [0.0], b"GainMapMax": [], b"Gamma": [1.0], b"OffsetSDR": [1 / 64], b"OffsetHDR": [1 / 64],
    b"HDRCapacityMin": [0.0], b"HDRCapacityMax": [],
}  # fmt: skip
"""Adobe's properties, and what counts where one is missing."""


def _text(packet: bytes, name: bytes) -> bytes:
    """What a property holds: an attribute's value, or all between an element's tags."""
    attribute = re.search(rb"hdrgm:%s\s{0,8}=\s{0,8}([\"'])([^\"'<>]{0,200})\1" % name, packet)
    if attribute:
        return attribute[2]
    start, end = packet.find(b"<hdrgm:" + name), packet.find(b"</hdrgm:" + name)
    return packet[start:end].partition(b">")[2][:1000] if 0 <= start < end else b""


def _numbers(packet: bytes, name: bytes) -> list[float]:
    parts = re.split(rb"<[^<>]{0,100}>", _text(packet, name))
    return [float(part) for part in map(bytes.strip, parts) if _NUMBER.match(part)][:3]


def to_xmp(metadata: GainMapMetadata) -> bytes:
    """Adobe's properties."""
    backward = metadata.base_hdr_headroom > metadata.alternate_hdr_headroom
    low, high = sorted((metadata.base_hdr_headroom, metadata.alternate_hdr_headroom))
    base, alternate = metadata.base_offset, metadata.alternate_offset
    single = {"HDRCapacityMin": low, "HDRCapacityMax": high}
    triples = {
        "GainMapMin": metadata.gain_map_min, "GainMapMax": metadata.gain_map_max, "Gamma": metadata.gamma,
        "OffsetSDR": alternate if backward else base, "OffsetHDR": base if backward else alternate,
    }  # fmt: skip
    single |= {name: triple[0] for name, triple in triples.items() if len(set(triple)) == 1}
    attributes = [f'hdrgm:{name}="{value:.6g}"' for name, value in single.items()]
    attributes += ['hdrgm:Version="1.0"', f'hdrgm:BaseRenditionIsHDR="{backward}"']
    lists = "".join(_list(f"hdrgm:{name}", triple) for name, triple in triples.items() if name not in single)
    return packet({"hdrgm": _HDRGM.decode()}, attributes, lists)


def _list(name: str, values: Triple) -> str:
    members = "".join(f"<rdf:li>{value:.6g}</rdf:li>" for value in values)
    return f"<{name}><rdf:Seq>{members}</rdf:Seq></{name}>"


def packet(spaces: dict[str, str], attributes: Sequence[str], inside: str = "") -> bytes:
    """An XMP packet of one description."""
    names = " ".join(f'xmlns:{name}="{address}"' for name, address in spaces.items())
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {names} {" ".join(attributes)}>{inside}</rdf:Description></rdf:RDF></x:xmpmeta>'
    ).encode()


def _triple(values: Sequence[float]) -> Triple:
    return (values[0], values[1], values[2]) if len(values) == 3 else (values[0],) * 3


def _sound(metadata: GainMapMetadata) -> GainMapMetadata | None:
    """The metadata, if its numbers are such as a picture can have."""
    stops = [*metadata.gain_map_min, *metadata.gain_map_max, *metadata.base_offset, *metadata.alternate_offset]
    stops += [metadata.base_hdr_headroom, metadata.alternate_hdr_headroom]
    whole = all(math.isfinite(value) and abs(value) <= _MOST_STOPS for value in stops)
    curved = all(_LEAST_GAMMA <= value <= _MOST_GAMMA for value in metadata.gamma)
    rises = all(low <= high for low, high in zip(metadata.gain_map_min, metadata.gain_map_max, strict=True))
    return metadata if whole and curved and rises else None


def is_apple(xmp: bytes) -> bool:
    """Whether a packet is that of a map as Apple's phones write it."""
    return _APPLE in xmp


def of_apple(xmp: bytes, exif: bytes | None) -> GainMapMetadata | None:
    """The metadata of a map that `in_stops` has brought into ISO's form; None where nothing says how bright it gets."""
    named = _APPLE_HEADROOM.search(xmp)
    headroom = float(named[1]) if named and _NUMBER.match(named[1]) else _noted(exif)
    if headroom is None or not 1 < headroom < 2**_MOST_STOPS:
        return None
    stops = math.log2(headroom)
    none = (0.0, 0.0, 0.0)
    return GainMapMetadata(
        gain_map_min=none, gain_map_max=_triple([stops]), base_offset=none, alternate_offset=none,
        alternate_hdr_headroom=stops,
    )  # fmt: skip


def _noted(exif: bytes | None) -> float | None:
    """How many times brighter than white it gets, by two numbers of the maker note, as Apple publishes."""
    photo = ifd.first_number(ifd.first_directory(exif), _PHOTO, 0) if exif else 0
    if not exif or not photo:
        return None
    note = ifd.directory(exif, photo, ifd.byte_order(exif) or "<").get(_MAKER_NOTE)
    if note is None or bytes(note.raw[: len(_APPLE_NOTE)]) != _APPLE_NOTE:
        return None
    found = ifd.directory(bytes(note.raw), 14, ">")
    if _HEADROOM not in found or _GAIN not in found:
        return None
    near, far = found[_HEADROOM].numbers()[0], found[_GAIN].numbers()[0]
    if near < 1:
        stops = -20.0 * far + 1.8 if far <= 0.01 else -0.101 * far + 1.601
    else:
        stops = -70.0 * far + 3.0 if far <= 0.01 else -0.303 * far + 2.303
    return float(2 ** max(stops, 0.0)) if math.isfinite(stops) else None


def in_stops(codes: Pixels, metadata: GainMapMetadata) -> Pixels:
    """Apple's codes, which are gains of linear light under the curve of video, as shares of the most stops."""
    stops = metadata.gain_map_max[0]
    code = np.arange(256) / 255
    light = np.where(code < 0.081, code / 4.5, ((code + 0.099) / 1.099) ** (1 / 0.45))
    table = np.rint(255 * np.log2(1 + (2**stops - 1) * light) / stops)
    return cv2.LUT(codes, table.astype(np.uint8)[None]).reshape(codes.shape)
