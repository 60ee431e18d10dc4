"""TIFFs written here, sample by sample, as TIFF 6.0 and its notes say."""

import lzma
import struct
import zlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

HEIGHT, WIDTH = 23, 37
WHITE_IS_ZERO, GREY, RGB, PALETTE, CMYK, YCBCR, LAB, ICC_LAB = 0, 1, 2, 3, 5, 6, 8, 9
UNSIGNED, SIGNED, FLOAT = 1, 2, 3
NONE, LZMA, DEFLATE, ZSTD = 1, 34925, 8, 50000
PACK: dict[int, Callable[[bytes], bytes]] = {
    NONE: bytes,
    DEFLATE: zlib.compress,
    LZMA: lambda data: lzma.compress(data, format=lzma.FORMAT_XZ),
}
Values = NDArray[Any]
NO_TAGS: Mapping[int, list[int]] = {}


class Way(NamedTuple):
    """How the samples are laid down."""

    order: str = "<"
    planes: bool = False
    predictor: int = 1
    tile: int = 0
    packing: int = NONE
    big: bool = False


def _laid_down(values: Values, way: Way) -> bytes:
    """Rows of a strip or a tile."""
    whole = values.astype(values.dtype.newbyteorder("="))
    if way.predictor == 2:
        bare = whole.view(f"u{whole.itemsize}")
        whole = np.concatenate([bare[:, :1], bare[:, 1:] - bare[:, :-1]], axis=1)
    if way.predictor == 3:
        rows, size = len(whole), whole.itemsize
        split = whole.astype(f">f{size}").view(np.uint8).reshape(rows, -1, size).transpose(0, 2, 1).reshape(rows, -1)
        each = split.reshape(rows, -1, values.shape[2])
        return np.concatenate([each[:, :1], each[:, 1:] - each[:, :-1]], axis=1).tobytes()
    return whole.astype(whole.dtype.newbyteorder(way.order)).tobytes()


def _pieces(values: Values, way: Way) -> list[bytes]:
    planes = np.split(values, values.shape[2], axis=2) if way.planes else [values]
    found = []
    for plane in planes:
        if not way.tile:
            found += [_laid_down(plane[top : top + 8], way) for top in range(0, HEIGHT, 8)]
            continue
        down, across = -HEIGHT % way.tile, -WIDTH % way.tile
        padded = np.pad(plane, ((0, down), (0, across), (0, 0)), mode="edge")
        for top in range(0, len(padded), way.tile):
            for left in range(0, padded.shape[1], way.tile):
                found.append(_laid_down(padded[top : top + way.tile, left : left + way.tile], way))
    return [PACK[way.packing](piece) for piece in found]


def tiff(
    values: Values,
    photometric: int,
    kind: int,
    way: Way,
    extra: int | None = None,
    bits: int = 0,
    more: Mapping[int, list[int]] = NO_TAGS,
) -> bytes:
    """A file of H×W×N values."""
    pieces = _pieces(values, way)
    return of_pieces(pieces, values.shape[2], photometric, kind, way, extra, bits or 8 * values.itemsize, more)


def of_pieces(
    pieces: list[bytes],
    samples: int,
    photometric: int,
    kind: int,
    way: Way,
    extra: int | None,
    bits: int,
    more: Mapping[int, list[int]] = NO_TAGS,
) -> bytes:
    """A file of strips of eight rows, or of tiles; `more` are tags that are added or replaced."""
    start = 16 if way.big else 8
    places = [start + sum(map(len, pieces[:number])) for number in range(len(pieces))]
    body = b"".join(pieces)
    tags: dict[int, list[int]] = {
        256: [WIDTH], 257: [HEIGHT], 258: [bits] * samples, 259: [way.packing], 262: [photometric], 277: [samples],
        284: [2 if way.planes else 1], 317: [way.predictor], 339: [kind] * samples,
    }  # fmt: skip
    tags |= {322: [way.tile], 323: [way.tile], 324: places, 325: [*map(len, pieces)]} if way.tile else {}
    tags |= {} if way.tile else {273: places, 278: [8], 279: [*map(len, pieces)]}
    tags |= {} if extra is None else {338: [extra]}
    tags |= more
    at = start + len(body)
    head = {"<": b"II", ">": b"MM"}[way.order]
    if way.big:
        return head + struct.pack(way.order + "HHHQ", 43, 8, 0, at) + body + _directory(tags, at, way, "Q", 8)
    return head + struct.pack(way.order + "HI", 42, at) + body + _directory(tags, at, way, "I", 4)


def _directory(tags: dict[int, list[int]], at: int, way: Way, code: str, inline: int) -> bytes:
    order, count = way.order, "Q" if way.big else "H"
    entry = 20 if way.big else 12
    tail_at = at + struct.calcsize(order + count) + entry * len(tags) + struct.calcsize(order + code)
    table, tail = struct.pack(order + count, len(tags)), b""
    for tag, numbers in sorted(tags.items()):
        raw = struct.pack(f"{order}{len(numbers)}I", *numbers)
        table += struct.pack(order + "HH" + code, tag, 4, len(numbers))
        if len(raw) <= inline:
            table += raw.ljust(inline, b"\0")
        else:
            table += struct.pack(order + code, tail_at + len(tail))
            tail += raw
    return table + struct.pack(order + code, 0) + tail


def shares_of(samples: int) -> NDArray[np.float64]:
    """Smooth and sharp, from 0 to 1, another in each sample."""
    down, across = np.mgrid[0:HEIGHT, 0:WIDTH]
    planes = [((across * (place + 2) + down * 5) % 41) / 40 for place in range(samples)]
    return np.stack(planes, axis=2)
