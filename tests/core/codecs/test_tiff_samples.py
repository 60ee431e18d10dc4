"""TIFFs written sample by sample, as TIFF 6.0 and its notes say; what is expected follows from the numbers."""

import struct
from pathlib import Path

import numpy as np
import pytest

from core import codecs
from core.errors import DarkroomError
from tests.core.codecs.support import LIMITS, first, rgba
from tests.core.codecs.tiffs import (
    CMYK,
    DEFLATE,
    FLOAT,
    GREY,
    HEIGHT,
    ICC_LAB,
    LAB,
    LZMA,
    NONE,
    RGB,
    SIGNED,
    UNSIGNED,
    WHITE_IS_ZERO,
    WIDTH,
    Way,
    of_pieces,
    shares_of,
    tiff,
)  # fmt: skip

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
    shares = shares_of(samples)
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
    values = shares_of(samples).astype(KINDS[kind][0])
    way = Way(predictor=3, tile=tile, packing=DEFLATE)
    got = first(tiff(values, RGB if samples == 3 else GREY, FLOAT, way))
    assert np.abs(got[:, :, ::-1].astype(float) - values.astype(np.float64) * 255).max() <= 1


@pytest.mark.parametrize("bits", [2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 24])
@pytest.mark.parametrize("samples", [1, 3])
def test_bits_that_are_no_bytes(bits: int, samples: int) -> None:
    most = (1 << bits) - 1
    values = np.rint(shares_of(samples) * most).astype(int)
    rows = ["".join(format(value, f"0{bits}b") for value in row) for row in values.reshape(HEIGHT, -1).tolist()]
    data = [bytes(int(row[at : at + 8].ljust(8, "0"), 2) for at in range(0, len(row), 8)) for row in rows]
    pieces = [b"".join(data[top : top + 8]) for top in range(0, HEIGHT, 8)]
    file = of_pieces(pieces, samples, RGB if samples == 3 else GREY, UNSIGNED, Way(), None, bits)
    assert np.abs(first(file)[:, :, ::-1].astype(float) - values / most * 255).max() <= 1


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_white_is_zero(dtype: type) -> None:
    shares = shares_of(1)
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
    shares = shares_of(colours + 1)
    alpha = shares[:, :, -1:] * 0.75 + 0.25
    stored = np.concatenate([shares[:, :, :-1] * (alpha if extra == 1 else 1), alpha], axis=2)
    values = np.rint(stored * np.iinfo(dtype).max).astype(dtype)
    got = rgba(first(tiff(values, RGB if colours == 3 else GREY, UNSIGNED, way, extra))).astype(float)
    assert np.abs(got[:, :, 3] - alpha[:, :, 0] * 255).max() <= 1
    assert np.abs(got[:, :, :3] - np.broadcast_to(shares[:, :, :-1], got[:, :, :3].shape) * 255).max() <= 4


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("extra", [None, 2], ids=["inks", "inks-and-alpha"])
def test_inks(dtype: type, extra: int | None) -> None:
    shares = shares_of(4 if extra is None else 5)
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
    values = np.rint(shares_of(colours + more) * 65535).astype(np.uint16)
    photometric = RGB if colours == 3 else GREY
    alone = first(tiff(np.ascontiguousarray(values[:, :, :colours]), photometric, UNSIGNED, way))
    assert np.array_equal(first(tiff(values, photometric, UNSIGNED, way, 0)), alone)


RANGES = {340: [0, 0, 0], 341: [1, 1, 1]}


@pytest.mark.parametrize("way", [WAYS[name] for name in ("deflate", "planes-of-differences-in-tiles", "big-tiff")])
@pytest.mark.parametrize("kind", ["half", "float", "uint16"])
def test_ranges_of_samples_change_nothing(kind: str, way: Way) -> None:
    """SMinSampleValue and SMaxSampleValue of libtiff's writers, a number for each sample."""
    dtype, code, least, most = KINDS[kind]
    values = (shares_of(3) * (most - least) + least).astype(dtype)
    file = tiff(values, RGB, code, way, more=RANGES)
    assert np.array_equal(first(file), first(tiff(values, RGB, code, way)))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_number_of_inks_changes_nothing(dtype: type) -> None:
    values = np.rint(shares_of(4) * np.iinfo(dtype).max).astype(dtype)
    plain, named = (tiff(values, CMYK, UNSIGNED, Way(), more=more) for more in ({}, {332: [1], 334: [4]}))
    assert np.array_equal(first(named), first(plain))


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
    "jpeg-xl": (259, 50002, "JPEG XL"),
    "unknown-packing": (259, 777, "777"),
    "raw-samples": (262, 32803, "raw"),
    "log-luv": (262, 32845, "LogLuv"),
    "complex": (339, 5, "sample format 5"),
    "20-bit": (258, 20, "bits"),
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
    file = tiff(np.rint(shares_of(3) * 65535).astype(np.uint16), RGB, UNSIGNED, way)
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
    values = np.rint(shares_of(3) * np.iinfo(dtype).max).astype(dtype)
    plain = tiff(values, RGB, UNSIGNED, Way())
    place = next(at for at in range(len(plain) - 12) if plain[at : at + 8] == struct.pack("<HHI", 317, 4, 1))
    said = plain[: place + 8] + struct.pack("<I", 2) + plain[place + 12 :]
    assert np.array_equal(first(said), first(plain))


def test_a_picture_turned_by_its_orientation() -> None:
    values = np.rint(shares_of(3) * 65535).astype(np.uint16)
    file = tiff(values, RGB, UNSIGNED, Way())
    place = next(at for at in range(len(file) - 12) if file[at : at + 8] == struct.pack("<HHI", 284, 4, 1))
    turned = file[:place] + struct.pack("<HHII", 274, 4, 1, 6) + file[place + 12 :]
    assert codecs.probe(turned, LIMITS).size == (HEIGHT, WIDTH)
    assert np.array_equal(first(turned), np.rot90(first(file), -1))
