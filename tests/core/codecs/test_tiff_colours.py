"""Palettes, YCbCr, inks and odd orders of bits in TIFFs; what is expected follows from TIFF 6.0 and the numbers."""

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import DarkroomError
from tests.core.codecs.support import first, rgba
from tests.core.codecs.tiffs import (
    CMYK,
    DEFLATE,
    GREY,
    HEIGHT,
    NONE,
    PACK,
    PALETTE,
    RGB,
    UNSIGNED,
    WHITE_IS_ZERO,
    WIDTH,
    YCBCR,
    Way,
    of_pieces,
    shares_of,
    tiff,
)  # fmt: skip


def _colours(number: int) -> NDArray[np.int64]:
    """So many colours, and each with 8 bits."""
    return np.random.default_rng(number).integers(0, 256, (3, number))


@pytest.mark.parametrize("planes", [False, True], ids=["chunky", "planes"])
@pytest.mark.parametrize("extra", [None, 0, 2], ids=["alone", "unspecified", "alpha"])
@pytest.mark.parametrize("scale", [257, 1], ids=["16-bit-map", "8-bit-map"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_palette(dtype: type, scale: int, extra: int | None, planes: bool) -> None:
    """A map of old writers holds eight bits of the sixteen, as libtiff finds out by its largest number."""
    most = np.iinfo(dtype).max
    colours = _colours(most + 1)
    shares = shares_of(1 if extra is None else 2)
    values = np.rint(shares * most).astype(dtype)
    file = tiff(values, PALETTE, UNSIGNED, Way(planes=planes), extra, more={320: (colours * scale).ravel().tolist()})
    got = rgba(first(_in_shorts(file, 320)))
    assert np.array_equal(got[:, :, :3], colours.T[values[:, :, 0]])
    assert np.abs(got[:, :, 3] - (255 if extra != 2 else np.rint(shares[:, :, 1] * 255))).max() <= 1


def _in_shorts(file: bytes, tag: int) -> bytes:
    """The same with the numbers of a tag in two bytes each, as the standard wants them."""
    place = next(at for at in range(len(file) - 12) if file[at : at + 4] == tag.to_bytes(2, "little") + b"\4\0")
    count, start = np.frombuffer(file, "<u4", 2, place + 4).tolist()
    short = np.frombuffer(file, "<u4", count, start).astype("<u2").tobytes()
    head = file[: place + 2] + b"\3\0" + file[place + 4 : start]
    return head + short + file[start + len(short) :]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_inks_that_were_multiplied_by_alpha(dtype: type) -> None:
    """The samples are divided as they are stored: TIFF 6.0, ExtraSamples 1."""
    shares = shares_of(5)
    inks, alpha = shares[:, :, :4], shares[:, :, 4:] * 0.75 + 0.25
    stored = np.concatenate([inks * alpha, alpha], axis=2)
    got = rgba(first(tiff(np.rint(stored * np.iinfo(dtype).max).astype(dtype), CMYK, UNSIGNED, Way(), 1)))
    light = (1 - inks[:, :, :3]) * (1 - inks[:, :, 3:]) * 255
    assert np.abs(got[:, :, :3] - light).max() <= 6
    assert np.abs(got[:, :, 3] - alpha[:, :, 0] * 255).max() <= 1


def test_deep_colours_are_divided_before_they_are_rounded() -> None:
    values = np.broadcast_to(np.array([640, 320, 0, 640], np.uint16), (HEIGHT, WIDTH, 4))
    assert rgba(first(tiff(values, RGB, UNSIGNED, Way(), 1)))[5, 5].tolist() == [255, 128, 0, 2]


_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@pytest.mark.parametrize("packing", [NONE, DEFLATE], ids=["plain", "deflate"])
@pytest.mark.parametrize(
    ("photometric", "samples", "planes"),
    [(WHITE_IS_ZERO, 1, False), (GREY, 1, False), (RGB, 3, False), (RGB, 3, True)],
    ids=["white-is-zero", "grey", "rgb", "rgb-planes"],
)
def test_bytes_whose_lowest_bit_comes_first(photometric: int, samples: int, planes: bool, packing: int) -> None:
    values = np.rint(shares_of(samples) * 255).astype(np.uint8)
    parts = np.split(values, samples, axis=2) if planes else [values]
    strips = [PACK[packing](part[top : top + 8].tobytes()) for part in parts for top in range(0, HEIGHT, 8)]
    pieces = [strip.translate(_REVERSED) for strip in strips]
    way = Way(planes=planes, packing=packing)
    got = first(of_pieces(pieces, samples, photometric, UNSIGNED, way, None, 8, {266: [2]}))
    assert np.array_equal(got[:, :, ::-1], 255 - values if photometric == WHITE_IS_ZERO else values)


BT_601, BT_709 = (2990, 5870, 1140), (2126, 7152, 722)
STUDIO, FULL = (16, 235, 128, 240, 128, 240), (0, 255, 128, 255, 128, 255)
UNITS = [(1, 1), (2, 1), (1, 2), (2, 2), (4, 1), (4, 2), (4, 4), (2, 4), (1, 4)]


@pytest.mark.parametrize("way", [Way(), Way(packing=DEFLATE), Way(tile=16)], ids=["plain", "deflate", "tiles"])
@pytest.mark.parametrize("unit", UNITS, ids=[f"{across}x{down}" for across, down in UNITS])
@pytest.mark.parametrize(
    ("weights", "levels"), [(BT_601, FULL), (BT_601, STUDIO), (BT_709, FULL)], ids=["bt601", "studio", "bt709"]
)
def test_ycbcr(weights: tuple[int, ...], levels: tuple[int, ...], unit: tuple[int, int], way: Way) -> None:
    """TIFF 6.0, section 21: units of light with two samples of colour, coefficients, ReferenceBlackWhite."""
    across, down = unit
    rows, columns = np.mgrid[0 : -(-HEIGHT // 16) * 16, 0 : -(-WIDTH // 16) * 16]
    rows, columns = rows // down * down, columns // across * across
    wanted = np.dstack([40 + columns * 3, 200 - rows * 4, 60 + rows + columns]).astype(float)
    light, *opponents = _coded(wanted, [weight / 10000 for weight in weights], levels)
    pieces = [
        PACK[way.packing](_units(light[part], [plane[part] for plane in opponents], unit)) for part in _parts(way, unit)
    ]
    more = {529: list(weights), 530: list(unit), 532: list(levels)}
    file = of_pieces(pieces, 3, YCBCR, UNSIGNED, way, None, 8, more)
    got = first(_in_rationals(file, {529: 10000, 532: 1}))
    assert np.abs(got[:, :, ::-1] - wanted[:HEIGHT, :WIDTH]).max() <= 3


def _coded(colours: NDArray[np.float64], weights: list[float], levels: tuple[int, ...]) -> list[NDArray[np.uint8]]:
    light = colours @ np.array(weights)
    blue, red = ((colours[:, :, place] - light) / (2 - 2 * weights[place]) for place in (2, 0))
    spans = [
        (white - black) / full for black, white, full in zip(levels[::2], levels[1::2], (255, 127, 127), strict=True)
    ]
    planes = zip((light, blue, red), spans, levels[::2], strict=True)
    return [np.rint(plane * span + black).clip(0, 255).astype(np.uint8) for plane, span, black in planes]


def _parts(way: Way, unit: tuple[int, int]) -> list[tuple[slice, slice]]:
    """Where strips of eight rows, or tiles, lie; the last ones are filled up to whole units."""
    if way.tile:
        sides = ((top, left) for top in range(0, HEIGHT, 16) for left in range(0, WIDTH, 16))
        return [(slice(top, top + 16), slice(left, left + 16)) for top, left in sides]
    across, down = unit
    wide = -(-WIDTH // across) * across
    return [(slice(top, min(top + 8, -(-HEIGHT // down) * down)), slice(0, wide)) for top in range(0, HEIGHT, 8)]


def _units(light: NDArray[np.uint8], opponents: list[NDArray[np.uint8]], unit: tuple[int, int]) -> bytes:
    across, down = unit
    made = bytearray()
    for top in range(0, len(light), down):
        for left in range(0, light.shape[1], across):
            made += light[top : top + down, left : left + across].tobytes()
            made += bytes(int(plane[top, left]) for plane in opponents)
    return bytes(made)


def _in_rationals(file: bytes, divisors: dict[int, int]) -> bytes:
    """The same with the numbers of some tags as fractions, in values that are put behind the file."""
    whole = bytearray(file)
    for tag, divisor in divisors.items():
        place = next(at for at in range(len(file) - 12) if file[at : at + 4] == tag.to_bytes(2, "little") + b"\4\0")
        count, start = np.frombuffer(file, "<u4", 2, place + 4).tolist()
        pairs = [(number, divisor) for number in np.frombuffer(file, "<u4", count, start).tolist()]
        whole[place + 2 : place + 4] = b"\5\0"
        whole[place + 8 : place + 12] = len(whole).to_bytes(4, "little")
        whole += np.array(pairs, "<u4").tobytes()
    return bytes(whole)


UNREAD = {
    "ycbcr-in-planes": (Way(planes=True), {}, YCBCR, "YCbCr"),
    "ycbcr-of-rows-that-do-not-fit": (Way(), {278: [5], 530: [2, 2]}, YCBCR, "between two rows"),
    "jpeg-of-ycbcr-in-planes": (Way(planes=True, packing=7), {258: [8, 8, 8]}, YCBCR, "JPEG of YCbCr in planes"),
    "jpeg-of-12-bits": (Way(packing=7), {258: [12, 12, 12]}, RGB, "JPEG of 12 bits"),
}


@pytest.mark.parametrize(("way", "more", "photometric", "named"), UNREAD.values(), ids=UNREAD.keys())
def test_what_is_not_read_is_named(way: Way, more: dict[int, list[int]], photometric: int, named: str) -> None:
    pieces = [bytes(9000)] * (9 if way.planes else 3)
    file = of_pieces(pieces, 3, photometric, UNSIGNED, way, None, 8, more)
    with pytest.raises(DarkroomError, match=named) as caught:
        first(file)
    assert caught.value.code == "not_an_image"
