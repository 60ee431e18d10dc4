"""How long the frames of an image sequence are shown, and how often all of them.

Sources: ISO/IEC 14496-12 (8.2, 8.3, 8.4.2, 8.6.1.2, 8.6.6), AOM's AVIF 1.1 (a track that is edited to repeat lasts as
long as all its repetitions).
"""

import struct
from collections.abc import Iterator
from itertools import accumulate, pairwise

from core.codecs.isobmff import find_box

_TRACK = (b"moov", b"trak")
_ENDLESS = {0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF}
_CONTAINERS = {b"moov", b"trak", b"mdia", b"edts"}
_REPEATS = 1
_MOST_RUNS = 1 << 16


def durations(data: bytes, count: int) -> list[int]:
    """Milliseconds that each frame is shown: their ends are rounded, so that all together are right; 0: not told."""
    media = find_box(memoryview(data), *_TRACK, b"mdia", b"mdhd")
    table = find_box(memoryview(data), *_TRACK, b"mdia", b"minf", b"stbl", b"stts")
    if media is None or table is None:
        return [0] * count
    (scale,) = struct.unpack_from(">I", media, 20 if media[0] else 12)
    ends = [0, *accumulate(_ticks(table, count))]
    times = [(2000 * end + scale) // (2 * scale) if scale else 0 for end in ends]
    found = [after - before for before, after in pairwise(times)]
    return found + [0] * (count - len(found))


def _ticks(table: memoryview, count: int) -> Iterator[int]:
    (runs,) = struct.unpack_from(">I", table, 4)
    for number in range(min(runs, _MOST_RUNS, (len(table) - 8) // 8)):
        many, ticks = struct.unpack_from(">II", table, 8 + 8 * number)
        for _ in range(min(many, count)):
            yield ticks
        count -= min(many, count)


def plays(data: bytes) -> int:
    """How often a sequence is shown, 0 for ever, as where nothing is said."""
    track = find_box(memoryview(data), *_TRACK, b"tkhd")
    edits = find_box(memoryview(data), *_TRACK, b"edts", b"elst")
    if track is None or edits is None:
        return 0
    if not edits[3] & _REPEATS:
        return 1
    whole = int.from_bytes(track[28:36] if track[0] else track[20:24], "big")
    once = int.from_bytes(edits[8:16] if edits[0] else edits[8:12], "big")
    return 0 if whole in _ENDLESS or not once else max(1, -(-whole // once))


def settled(file: bytes, count: int) -> bytes:
    """A sequence as libavif writes it (boxes of version 1), shown so often, 0 for ever, and without the time of day."""
    made = bytearray(file)
    once = 0
    for name, place in _placed(file, 0, len(file)):
        if name == b"mdhd":
            (once,) = struct.unpack_from(">Q", file, place + 24)
    for name, place in _placed(file, 0, len(file)):
        if name in {b"mvhd", b"tkhd", b"mdhd"}:
            made[place + 4 : place + 20] = bytes(16)
        if count and name in {b"mvhd", b"tkhd"}:
            struct.pack_into(">Q", made, place + (24 if name == b"mvhd" else 28), once * count)
        elif count == 1 and name == b"elst":
            made[place + 3] = 0
    return bytes(made)


def _placed(file: bytes, start: int, end: int) -> Iterator[tuple[bytes, int]]:
    """Name and place of the content of each box about tracks."""
    while start + 8 <= end:
        length, name = struct.unpack_from(">I4s", file, start)
        if name in _CONTAINERS:
            yield from _placed(file, start + 8, start + length)
        elif name in {b"mvhd", b"tkhd", b"mdhd", b"elst"}:
            yield name, start + 8
        start += max(length, 8)
