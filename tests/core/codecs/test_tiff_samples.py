"""TIFFs written here, sample by sample, as TIFF 6.0 and its notes say; what is expected follows from the numbers."""

import lzma
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from core import codecs
from core.errors import DarkroomError
from tests.core.codecs.support import LIMITS, first, rgba

HEIGHT, WIDTH = 23, 37
WHITE_IS_ZERO, GREY, RGB, CMYK, LAB, ICC_LAB = 0, 1, 2, 5, 8, 9
UNSIGNED, SIGNED, FLOAT = 1, 2, 3
NONE, LZMA, DEFLATE, ZSTD = 1, 34925, 8, 50000
PACK: dict[int, Callable[[bytes], bytes]] = {
    NONE: bytes,
    DEFLATE: zlib.compress,
    LZMA: lambda data: lzma.compress(data, format=lzma.FORMAT_XZ),
}
Values = NDArray[Any]


class Way(NamedTuple):
    """How the samples are laid down."""

    order: str = "<"
    planes: bool = False
    predictor: int = 1
    tile: int = 0
    packing: int = NONE
    big: bool = False


WAYS = {
    "plain": Way(),
    "big-endian": Way(order=">"),
    "deflate": Way(packing=DEFLATE),
    "lzma": Way(packing=LZMA),
    "differences": Way(predictor=2, packing=DEFLATE),
    "differences-big-endian": Way(order=">", predictor=2, packing=DEFLATE),
    "tiles": Way(tile=16),
    "tiles-of-differences": Way(tile=16, predictor=2, packing=DEFLATE),
    "planes": Way(planes=True),
    "planes-of-differences-in-tiles": Way(planes=True, predictor=2, tile=16, packing=DEFLATE, order=">"),
    "big-tiff": Way(big=True),
    "big-tiff-of-planes": Way(big=True, planes=True, order=">"),
}


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


def tiff(values: Values, photometric: int, kind: int, way: Way, extra: int | None = None, bits: int = 0) -> bytes:
    """A file of H×W×N values."""
    pieces = _pieces(values, way)
    return _file(pieces, values.shape[2], photometric, kind, way, extra, bits or 8 * values.itemsize)


def _file(
    pieces: list[bytes], samples: int, photometric: int, kind: int, way: Way, extra: int | None, bits: int
) -> bytes:
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


def _shares(samples: int) -> NDArray[np.float64]:
    """Smooth and sharp, from 0 to 1, another in each sample."""
    down, across = np.mgrid[0:HEIGHT, 0:WIDTH]
    planes = [((across * (place + 2) + down * 5) % 41) / 40 for place in range(samples)]
    return np.stack(planes, axis=2)


KINDS = {
    "uint16": (np.uint16, UNSIGNED, 0.0, 65535.0),
    "uint32": (np.uint32, UNSIGNED, 0.0, 2.0**32 - 1),
    "uint64": (np.uint64, UNSIGNED, 0.0, 2.0**63),
    "int8": (np.int8, SIGNED, -128.0, 127.0),
    "int16": (np.int16, SIGNED, -32768.0, 32767.0),
    "int32": (np.int32, SIGNED, -(2.0**31), 2.0**31 - 1),
    "half": (np.float16, FLOAT, 0.0, 1.0),
    "float": (np.float32, FLOAT, 0.0, 1.0),
    "double": (np.float64, FLOAT, 0.0, 1.0),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("samples", [1, 3], ids=["grey", "rgb"])
def test_numbers_are_spread_over_their_range(kind: str, samples: int, way: Way) -> None:
    dtype, code, least, most = KINDS[kind]
    shares = _shares(samples)
    exact = shares * (most - least) + least
    values = np.rint(exact).astype(dtype) if code != FLOAT else exact.astype(dtype)
    whole = 2.0**64 - 1 if kind == "uint64" else most - least
    expected = np.rint((values.astype(np.float64) - least) / whole * 255)
    got = first(tiff(values, RGB if samples == 3 else GREY, code, way))
    assert got.shape[2] == samples
    assert np.abs(got[:, :, ::-1].astype(float) - expected).max() <= 1


@pytest.mark.parametrize("kind", ["half", "float", "double"])
@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("tile", [0, 16])
def test_floats_under_predictor_3(kind: str, samples: int, tile: int) -> None:
    values = _shares(samples).astype(KINDS[kind][0])
    way = Way(predictor=3, tile=tile, packing=DEFLATE)
    got = first(tiff(values, RGB if samples == 3 else GREY, FLOAT, way))
    assert np.abs(got[:, :, ::-1].astype(float) - values.astype(np.float64) * 255).max() <= 1


@pytest.mark.parametrize("bits", [2, 4, 6, 10, 12, 14])
@pytest.mark.parametrize("samples", [1, 3])
def test_bits_that_are_no_bytes(bits: int, samples: int) -> None:
    most = (1 << bits) - 1
    values = np.rint(_shares(samples) * most).astype(int)
    rows = ["".join(format(value, f"0{bits}b") for value in row) for row in values.reshape(HEIGHT, -1).tolist()]
    data = [bytes(int(row[at : at + 8].ljust(8, "0"), 2) for at in range(0, len(row), 8)) for row in rows]
    pieces = [b"".join(data[top : top + 8]) for top in range(0, HEIGHT, 8)]
    file = _file(pieces, samples, RGB if samples == 3 else GREY, UNSIGNED, Way(), None, bits)
    assert np.abs(first(file)[:, :, ::-1].astype(float) - values / most * 255).max() <= 1


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_white_is_zero(dtype: type) -> None:
    shares = _shares(1)
    values = shares.astype(dtype) if dtype is np.float32 else np.rint(shares * np.iinfo(dtype).max).astype(dtype)
    code = FLOAT if dtype is np.float32 else UNSIGNED
    got = first(tiff(values, WHITE_IS_ZERO, code, Way()))
    assert np.abs(got.astype(float) - (1 - shares) * 255).max() <= 1


@pytest.mark.parametrize("extra", [1, 2], ids=["multiplied", "straight"])
@pytest.mark.parametrize(
    "way", [Way(), Way(planes=True), Way(predictor=2, packing=DEFLATE)], ids=["chunky", "planes", "differences"]
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("colours", [1, 3], ids=["grey", "rgb"])
def test_alpha(colours: int, dtype: type, way: Way, extra: int) -> None:
    shares = _shares(colours + 1)
    alpha = shares[:, :, -1:] * 0.75 + 0.25
    stored = np.concatenate([shares[:, :, :-1] * (alpha if extra == 1 else 1), alpha], axis=2)
    values = np.rint(stored * np.iinfo(dtype).max).astype(dtype)
    got = rgba(first(tiff(values, RGB if colours == 3 else GREY, UNSIGNED, way, extra))).astype(float)
    assert np.abs(got[:, :, 3] - alpha[:, :, 0] * 255).max() <= 1
    assert np.abs(got[:, :, :3] - np.broadcast_to(shares[:, :, :-1], got[:, :, :3].shape) * 255).max() <= 4


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("extra", [None, 2], ids=["inks", "inks-and-alpha"])
def test_inks(dtype: type, extra: int | None) -> None:
    shares = _shares(4 if extra is None else 5)
    got = first(tiff(np.rint(shares * np.iinfo(dtype).max).astype(dtype), CMYK, UNSIGNED, Way(), extra))
    light = (1 - shares[:, :, :3]) * (1 - shares[:, :, 3:4])
    assert np.abs(got[:, :, 2::-1].astype(float) - light * 255).max() <= 2
    assert got.shape[2] == (3 if extra is None else 4)
    if extra:
        assert np.abs(got[:, :, 3].astype(float) - shares[:, :, 4] * 255).max() <= 1


@pytest.mark.parametrize("way", [Way(), Way(planes=True)], ids=["chunky", "planes"])
@pytest.mark.parametrize("colours", [1, 3], ids=["grey", "rgb"])
@pytest.mark.parametrize("more", [1, 2])
def test_samples_that_are_neither_colour_nor_alpha_are_left_out(colours: int, more: int, way: Way) -> None:
    values = np.rint(_shares(colours + more) * 65535).astype(np.uint16)
    photometric = RGB if colours == 3 else GREY
    alone = first(tiff(np.ascontiguousarray(values[:, :, :colours]), photometric, UNSIGNED, way))
    assert np.array_equal(first(tiff(values, photometric, UNSIGNED, way, 0)), alone)


def test_planes_that_nobody_needs_may_be_missing(data: Path) -> None:
    file = (data / "more/pillow2/Tests__images__separate_planar_extra_samples.tiff").read_bytes()
    assert first(file).shape == (50, 50, 1)


COLOURS = {
    "white": ((100, 0, 0), (255, 255, 255)),
    "black": ((0, 0, 0), (0, 0, 0)),
    "middle": ((53.585, 0, 0), (128, 128, 128)),
    "red": ((54.29, 80.81, 69.89), (255, 0, 0)),
    "blue": ((29.57, 68.30, -112.03), (0, 0, 255)),
}
"""L*, a*, b* under D50 of colours of sRGB (Lindbloom's calculator, Bradford)."""


@pytest.mark.parametrize("photometric", [LAB, ICC_LAB])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("colour", COLOURS)
def test_lab(colour: str, dtype: type, photometric: int) -> None:
    (lightness, a, b), expected = COLOURS[colour]
    eight = dtype is np.uint8
    scale, offset = (1, 128) if eight else (256, 128 * 256)
    whole = 255 if eight else 0xFF00 if photometric == ICC_LAB else 65535
    numbers = [round(lightness / 100 * whole), round(a * scale), round(b * scale)]
    numbers[1:] = [
        (number + (offset if photometric == ICC_LAB else 0)) % (256 if eight else 65536) for number in numbers[1:]
    ]
    got = first(tiff(np.full((HEIGHT, WIDTH, 3), numbers, dtype), photometric, UNSIGNED, Way()))
    assert np.abs(got[0, 0, ::-1].astype(float) - expected).max() <= (4 if eight else 2)


UNREAD = {
    "jpeg-2000": (259, 34712, "JPEG 2000"),
    "lerc": (259, 34887, "LERC"),
    "webp": (259, 50001, "WebP"),
    "jpeg-xl": (259, 50002, "JPEG XL"),
    "unknown-packing": (259, 777, "777"),
    "raw-samples": (262, 32803, "raw"),
    "log-luv": (262, 32845, "LogLuv"),
    "complex": (339, 5, "sample format 5"),
    "24-bit": (258, 24, "bits"),
}


@pytest.mark.parametrize(("tag", "value", "named"), UNREAD.values(), ids=UNREAD.keys())
def test_what_is_not_read_is_named(tag: int, value: int, named: str) -> None:
    file = tiff(np.zeros((HEIGHT, WIDTH, 1), np.uint16), GREY, UNSIGNED, Way())
    place = next(at for at in range(len(file) - 12) if file[at : at + 8] == struct.pack("<HHI", tag, 4, 1))
    with pytest.raises(DarkroomError, match=named) as caught:
        first(file[: place + 8] + struct.pack("<I", value) + file[place + 12 :])
    assert caught.value.code == "not_an_image"


@pytest.mark.parametrize("way", [Way(), Way(packing=DEFLATE), Way(tile=16), Way(planes=True)], ids=str)
def test_a_file_that_is_cut_short_is_damage(way: Way) -> None:
    """Its directory is first here; half of its data is behind it."""
    file = tiff(np.rint(_shares(3) * 65535).astype(np.uint16), RGB, UNSIGNED, way)
    (at,) = struct.unpack_from("<I", file, 4)
    spoilt = file[:8] + b"\0" * ((at - 8) // 2) + file[8 + (at - 8) // 2 : at] + file[at:]
    if way.packing == NONE:
        place = next(
            x for x in range(at, len(file)) if file[x : x + 4] == struct.pack("<HH", 324 if way.tile else 273, 4)
        )
        (offsets,) = struct.unpack_from("<I", file, place + 8)
        spoilt = file[:offsets] + struct.pack("<I", len(file) - 10) + file[offsets + 4 :]
    with pytest.raises(DarkroomError) as caught:
        first(spoilt)
    assert caught.value.code == "damaged_image"


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_predictor_means_nothing_without_a_compression_for_it(dtype: type) -> None:
    """TIFF 6.0, section 14: it is one of LZW's matters."""
    values = np.rint(_shares(3) * np.iinfo(dtype).max).astype(dtype)
    plain = tiff(values, RGB, UNSIGNED, Way())
    place = next(at for at in range(len(plain) - 12) if plain[at : at + 8] == struct.pack("<HHI", 317, 4, 1))
    said = plain[: place + 8] + struct.pack("<I", 2) + plain[place + 12 :]
    assert np.array_equal(first(said), first(plain))


def test_a_picture_turned_by_its_orientation() -> None:
    values = np.rint(_shares(3) * 65535).astype(np.uint16)
    file = tiff(values, RGB, UNSIGNED, Way())
    place = next(at for at in range(len(file) - 12) if file[at : at + 8] == struct.pack("<HHI", 284, 4, 1))
    turned = file[:place] + struct.pack("<HHII", 274, 4, 1, 6) + file[place + 12 :]
    assert codecs.probe(turned, LIMITS).size == (HEIGHT, WIDTH)
    assert np.array_equal(first(turned), np.rot90(first(file), -1))
