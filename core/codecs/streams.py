"""The size that a coded picture itself announces. Sources: AV1 specification 5.5, ITU-T H.265 7.3.2.2."""

import struct
from collections.abc import Iterator

from core.codecs.base import damaged, parts
from core.picture import Size

_SEQUENCE_HEADER = 1
_SPS = 33
_MOST_UNITS = 8
"""The size is in one of the first units of a real stream; without it, nobody knows what decoding takes."""
_SEQUENCE_BYTES, _SPS_BYTES = 64, 128


class _Bits:
    """Bits from the front; zeros past the end."""

    def __init__(self, data: bytes | memoryview) -> None:
        self.value = int.from_bytes(data, "big")
        self.left = len(data) * 8

    def take(self, count: int) -> int:
        self.left -= count
        shifted = self.value >> self.left if self.left >= 0 else 0
        return shifted & ((1 << count) - 1)

    def golomb(self) -> int:
        """Unsigned Exp-Golomb, at most 32 bits."""
        zeros = 0
        while zeros < 32 and self.left > 0 and not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)


def av1_size(data: bytes | memoryview) -> Size | None:
    """The largest frame size of any sequence header; None where there is none, damaged (422) if the first comes late.

    A later one takes the place of those before it, so each is looked at.
    """
    return max(map(_sequence_size, _sequence_headers(data)), key=lambda size: size.pixels, default=None)


def av1_colour(data: bytes | memoryview) -> tuple[int, int] | None:
    """Primaries and transfer (H.273) of the first sequence header; None where it describes no colour."""
    bits = next(_sequence_headers(data), None)
    return _sequence_colour(bits) if bits else None


def _sequence_headers(data: bytes | memoryview) -> Iterator[_Bits]:
    place, found = 0, False
    for number in parts("avif", len(data)):
        if place + 2 > len(data):
            return
        if number == _MOST_UNITS and not found:
            raise damaged("avif", "its size comes too late")
        head = data[place]
        place += 2 if head & 4 else 1
        length, place = _leb128(data, place) if head & 2 else (len(data) - place, place)
        if head >> 3 & 15 == _SEQUENCE_HEADER:
            found = True
            yield _Bits(data[place : place + min(length, _SEQUENCE_BYTES)])
        place += length


def _sequence_colour(bits: _Bits) -> tuple[int, int] | None:
    """AV1 specification 5.5.1 and 5.5.2."""
    profile, reduced = bits.take(4) >> 1, bits.take(1)
    if reduced:
        bits.take(5)
    else:
        _skip_timing(bits)
    _skip_size(bits)
    if not reduced:
        _skip_tools(bits)
    else:
        bits.take(3)
    bits.take(3)
    if bits.take(1) and profile == 2:
        bits.take(1)
    if profile != 1:
        bits.take(1)
    return (bits.take(8), bits.take(8)) if bits.take(1) else None


def _skip_size(bits: _Bits) -> None:
    wide, high = bits.take(4) + 1, bits.take(4) + 1
    bits.take(wide)
    bits.take(high)


def _skip_tools(bits: _Bits) -> None:
    """Frame numbers and coding tools, between size and colour."""
    if bits.take(1):
        bits.take(7)
    bits.take(3 + 4)
    order_hint = bits.take(1)
    if order_hint:
        bits.take(2)
    tools = 2 if bits.take(1) else bits.take(1)
    if tools and not bits.take(1):
        bits.take(1)
    if order_hint:
        bits.take(3)


def _leb128(data: bytes | memoryview, place: int) -> tuple[int, int]:
    value = 0
    for index in range(min(8, len(data) - place)):
        byte = data[place + index]
        value |= (byte & 127) << 7 * index
        if not byte & 128:
            return value, place + index + 1
    return len(data), len(data)


def _sequence_size(bits: _Bits) -> Size:
    bits.take(4)
    if bits.take(1):
        bits.take(5)
    else:
        _skip_timing(bits)
    wide, high = bits.take(4) + 1, bits.take(4) + 1
    return Size(bits.take(wide) + 1, bits.take(high) + 1)


def _skip_timing(bits: _Bits) -> None:
    """Timing, decoder model and operating points, all before the size."""
    delay_bits = 0
    if bits.take(1):
        bits.take(64)
        if bits.take(1):
            bits.golomb()
        if bits.take(1):
            delay_bits = bits.take(5) + 1
            bits.take(42)
    delays = bits.take(1)
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > 7:
            bits.take(1)
        if delay_bits and bits.take(1):
            bits.take(2 * delay_bits + 1)
        if delays and bits.take(1):
            bits.take(4)


def hevc_size(configuration: bytes | memoryview) -> Size | None:
    """The largest size of the sequence parameter sets of an `hvcC` box; None where it has none, 422 if it has many.

    The picture says which of them counts.
    """
    found: list[Size] = []
    place, left = 23, 8 * _MOST_UNITS
    for _ in range(configuration[22] if len(configuration) > place else 0):
        if place + 3 > len(configuration):
            break
        kind, count = configuration[place] & 63, int.from_bytes(configuration[place + 1 : place + 3], "big")
        place += 3
        for _ in range(count):
            if place + 2 > len(configuration):
                break
            if not left:
                raise damaged("heic", "it has too many parameter sets")
            left -= 1
            (length,) = struct.unpack_from(">H", configuration, place)
            if kind == _SPS:
                found.append(_sps_size(configuration[place + 4 : place + 2 + length]))
            place += 2 + length
    return max(found, default=None, key=lambda size: size.pixels)


def _sps_size(content: bytes | memoryview) -> Size:
    bits = _Bits(bytes(content[:_SPS_BYTES]).replace(b"\0\0\3", b"\0\0"))
    bits.take(4)
    layers = bits.take(3)
    bits.take(1 + 88 + 8)
    present = [(bits.take(1), bits.take(1)) for _ in range(layers)]
    if layers:
        bits.take(2 * (8 - layers))
    for profile, level in present:
        bits.take(88 * profile + 8 * level)
    bits.golomb()
    if bits.golomb() == 3:
        bits.take(1)
    return Size(bits.golomb(), bits.golomb())
