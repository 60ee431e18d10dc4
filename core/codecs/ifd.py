"""The TIFF structure that TIFF files and EXIF share: read one directory, write a small tree.

Source: TIFF 6.0, section 2. Nothing in it is trusted: counts and offsets are checked against the data.
"""

import math
import struct
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

MAX_ENTRIES = 256

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_CODES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I"}
_RATIONALS = {5: "I", 10: "i"}

SHORT = 3
LONG = 4
UNDEFINED = 7
_LONG8, _SLONG8, _IFD8 = 16, 17, 18
_BIG_SIZES = {**_SIZES, _LONG8: 8, _SLONG8: 8, _IFD8: 8}
_MAGIC = {"<": b"II*\0", ">": b"MM\0*"}
_BIG = {b"II+\0": "<", b"MM\0+": ">"}


class IfdEntry(NamedTuple):
    """One tag's value as it lies in the file: TIFF type, how many, and the bytes; `order` is `<` or `>`."""

    kind: int
    number: int
    raw: bytes | memoryview
    order: str

    def numbers(self) -> list[float]:
        """The numbers; rationals divided (NaN where the divisor is 0), empty for text."""
        if self.kind in _RATIONALS:
            flat = struct.unpack(f"{self.order}{2 * self.number}{_RATIONALS[self.kind]}", self.raw)
            pairs = zip(flat[::2], flat[1::2], strict=True)
            return [above / below if below else float("nan") for above, below in pairs]
        if self.kind not in _CODES:
            return []
        return list(struct.unpack(f"{self.order}{self.number}{_CODES[self.kind]}", self.raw))

    def ordered(self, order: str) -> "IfdEntry":
        """The same value in another byte order."""
        unit = min(_SIZES[self.kind], 4) if self.kind in _RATIONALS else _SIZES[self.kind]
        if order == self.order or unit == 1:
            return self._replace(order=order)
        raw = bytes(self.raw)
        swapped = b"".join(raw[place : place + unit][::-1] for place in range(0, len(raw), unit))
        return self._replace(order=order, raw=swapped)

    def text(self) -> str:
        """The characters up to the first NUL."""
        return bytes(self.raw).split(b"\0", 1)[0].decode("utf-8", "replace").strip()


def byte_order(data: bytes) -> str | None:
    """`<`, `>`, or None if this is not a TIFF structure."""
    return next((order for order, magic in _MAGIC.items() if data[:4] == magic), None)


def is_big(data: bytes) -> bool:
    """Whether this is a BigTIFF, as `classic` takes it."""
    return data[:4] in _BIG


def first_directory(data: bytes) -> dict[int, IfdEntry]:
    """The first directory; empty where there is none."""
    order = byte_order(data)
    if not order or len(data) < 8:
        return {}
    return directory(data, struct.unpack_from(order + "I", data, 4)[0], order)


def first_tags(data: bytes) -> set[int]:
    """The tags of the first directory, whether or not their values are there. struct.error if it is cut short."""
    order = byte_order(data) or "<"
    (offset,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, offset)
    entries = data[offset + 2 : offset + 2 + 12 * count]
    if len(entries) < 12 * count:
        raise struct.error("directory")
    return {tag for (tag,) in struct.iter_unpack(order + "H10x", entries[: 12 * MAX_ENTRIES])}


def reduced(data: bytes, tags: set[int]) -> bytes:
    """The data with a first directory, in the same place, that has these tags only and no successor."""
    order = byte_order(data) or "<"
    (offset,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, offset)
    kept: dict[int, bytes] = {}
    for place in range(offset + 2, offset + 2 + 12 * min(count, MAX_ENTRIES), 12):
        (tag,) = struct.unpack_from(order + "H", data, place)
        if tag in tags:
            kept.setdefault(tag, data[place : place + 12])
    directory = b"".join((struct.pack(order + "H", len(kept)), *kept.values(), b"\0\0\0\0"))
    return b"".join((data[:offset], directory, data[offset + len(directory) :]))


def with_first(data: bytes, entries: Mapping[int, IfdEntry]) -> bytes:
    """The data with another first directory, at its end, that has no successor; a BigTIFF becomes a TIFF."""
    order = byte_order(data) or _BIG.get(data[:4], "<")
    start = len(data) + len(data) % 2
    head = _MAGIC[order] + struct.pack(order + "I", start)
    return b"".join((head, memoryview(data)[8:], b"\0" * (start - len(data)), tree({0: entries}, start, order)))


def classic(data: bytes, longest: Mapping[int, int]) -> bytes:
    """A BigTIFF as a TIFF: its first directory again, at the end, in 32 bits; any other data as it is.

    Of the tags those of `longest` are left, with values of at most so many bytes.

    Bodies are far shorter than 4 GiB, so that no offset needs more. struct.error where the directory is cut short.
    """
    order = _BIG.get(data[:4])
    if order is None or data[4:8] != struct.pack(order + "HH", 8, 0):
        return data
    (offset,) = struct.unpack_from(order + "Q", data, 8)
    (count,) = struct.unpack_from(order + "Q", data, offset)
    view = memoryview(data)
    entries: dict[int, IfdEntry] = {}
    for number in range(min(count, MAX_ENTRIES)):
        tag, kind, length = struct.unpack_from(order + "HHQ", data, offset + 8 + 20 * number)
        nbytes = _BIG_SIZES.get(kind, 0) * length
        place = offset + 20 + 20 * number
        start = place if nbytes <= 8 else struct.unpack_from(order + "Q", data, place)[0]
        raw = view[start : start + nbytes]
        if len(raw) == nbytes and 0 < nbytes <= longest.get(tag, 0):
            entries.setdefault(tag, _in_32_bits(IfdEntry(kind, length, raw, order)))
    return with_first(data, entries)


def _in_32_bits(entry: IfdEntry) -> IfdEntry:
    if entry.kind not in {_LONG8, _IFD8, _SLONG8}:
        return entry
    wide = np.frombuffer(entry.raw, entry.order + "u8")
    return entry._replace(kind=LONG, raw=np.minimum(wide, 2**32 - 1).astype(entry.order + "u4").tobytes())


def directory(data: bytes, offset: int, order: str) -> dict[int, IfdEntry]:
    """The directory at an offset; entries that point outside the data are left out."""
    if offset + 2 > len(data):
        return {}
    (count,) = struct.unpack_from(order + "H", data, offset)
    # Views, because a thousand entries may each claim the whole file.
    view = memoryview(data)
    entries: dict[int, IfdEntry] = {}
    for number in range(min(count, MAX_ENTRIES)):
        place = offset + 2 + 12 * number
        if place + 12 > len(data):
            break
        tag, entry = _entry(view, place, order)
        if entry is not None:
            entries.setdefault(tag, entry)
    return entries


def _entry(data: memoryview, place: int, order: str) -> tuple[int, IfdEntry | None]:
    tag, kind, count = struct.unpack_from(order + "HHI", data, place)
    length = _SIZES.get(kind, 0) * count
    if not length:
        return tag, None
    start = place + 8 if length <= 4 else struct.unpack_from(order + "I", data, place + 8)[0]
    raw = data[start : start + length]
    return tag, IfdEntry(kind, count, raw, order) if len(raw) == length else None


def first_number(entries: Mapping[int, IfdEntry], tag: int, default: int) -> int:
    """The first whole number of a tag."""
    entry = entries.get(tag)
    numbers = entry.numbers() if entry and entry.number <= MAX_ENTRIES else []
    return int(numbers[0]) if numbers and math.isfinite(numbers[0]) else default


def value(order: str, kind: int, number: int) -> IfdEntry:
    """An entry that holds one whole number."""
    return IfdEntry(kind, 1, struct.pack(order + _CODES[kind], number), order)


def write_ifd(groups: Mapping[int, Mapping[int, IfdEntry]], order: str) -> bytes:
    """A TIFF structure of its own; `groups` as `tree` takes them."""
    return _MAGIC[order] + struct.pack(order + "I", 8) + tree(groups, 8, order)


def tree(groups: Mapping[int, Mapping[int, IfdEntry]], start: int, order: str) -> bytes:
    """Directories to lie at offset `start`, in one byte order.

    `groups` maps 0 to the first directory and a pointer's tag to the directory that it points at.
    """
    main = dict(groups[0])
    main.update({pointer: value(order, LONG, 0) for pointer in groups if pointer})
    position = start + len(_directory_bytes(main, start, order))
    blocks = b""
    for pointer, entries in groups.items():
        if pointer:
            main[pointer] = value(order, LONG, position + len(blocks))
            blocks += _directory_bytes(entries, position + len(blocks), order)
    return _directory_bytes(main, start, order) + blocks


def _directory_bytes(entries: Mapping[int, IfdEntry], offset: int, order: str) -> bytes:
    """A directory without successor, its long values behind it."""
    head = [struct.pack(order + "H", len(entries))]
    tail = b""
    behind = offset + 2 + 12 * len(entries) + 4
    for tag, entry in sorted((tag, entry.ordered(order)) for tag, entry in entries.items()):
        head.append(struct.pack(order + "HHI", tag, entry.kind, entry.number))
        if len(entry.raw) <= 4:
            head.append(bytes(entry.raw).ljust(4, b"\0"))
        else:
            head.append(struct.pack(order + "I", behind + len(tail)))
            tail += bytes(entry.raw) + b"\0" * (len(entry.raw) % 2)
    return b"".join(head) + b"\0\0\0\0" + tail
