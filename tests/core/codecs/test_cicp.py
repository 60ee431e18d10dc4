"""Colour by numbers against plain arithmetic, and which of a PNG's chunks counts."""

import struct
import zlib

import numpy as np
import pytest

from core import codecs
from core.codecs import cicp, icc, png
from core.picture import Pixels
from tests.conftest import made_picture
from tests.core.codecs.support import LIMITS, first, pillow_file, read
from tests.core.codecs.test_icc import grey_profile, rgb_profile

SRGB, LINEAR, GAMMA_22, GAMMA_28, SMPTE_240M, ST_428 = 13, 8, 4, 5, 7, 17
EXPONENTS = {LINEAR: 1.0, GAMMA_22: 2.2, GAMMA_28: 2.8}


def _linear(values: Pixels, transfer: int) -> np.ndarray:
    shares = values.astype(float) / 255
    if transfer in EXPONENTS:
        return shares ** EXPONENTS[transfer]
    if transfer == SMPTE_240M:
        return np.where(shares < 4 * 0.0228, shares / 4, ((shares + 0.1115) / 1.1115) ** (1 / 0.45))
    if transfer == ST_428:
        return shares**2.6 * 52.37 / 48
    return np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)


def _coded(linear: np.ndarray) -> np.ndarray:
    held = np.clip(linear, 0, 1)
    return np.where(held <= 0.0031308, 12.92 * held, 1.055 * held ** (1 / 2.4) - 0.055) * 255


P3_TO_SRGB = np.array([[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]])
BT_2020_TO_SRGB = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])
MATRICES = {1: np.eye(3), 9: BT_2020_TO_SRGB, 12: P3_TO_SRGB}


@pytest.mark.parametrize("transfer", [SRGB, LINEAR, GAMMA_22, GAMMA_28, SMPTE_240M, ST_428, 1, 6, 11, 12, 14, 15])
@pytest.mark.parametrize("primaries", MATRICES)
def test_code_points(primaries: int, transfer: int) -> None:
    pixels = np.random.default_rng(4).integers(0, 256, (40, 40, 3), np.uint8)
    got = icc.to_srgb(pixels.copy(), cicp.of_code_points(primaries, transfer))
    expected = _coded(_linear(pixels[:, :, ::-1], transfer) @ MATRICES[primaries].T)
    assert np.abs(got[:, :, ::-1].astype(float) - expected).max() <= 2


@pytest.mark.parametrize("transfer", [1, 6, 11, 14, 15])
@pytest.mark.parametrize("primaries", [1, 9])
def test_video_in_a_png_is_shown_by_bt_1886(primaries: int, transfer: int) -> None:
    """As Chromium 156 shows it; `tests/judges` asks the browser itself."""
    pixels = made_picture(3)
    file = pillow_file("PNG", pixels)
    got = first(file[:33] + png._pack(b"cICP", bytes((primaries, transfer, 0, 1))) + file[33:])
    expected = _coded((pixels[:, :, ::-1] / 255.0) ** 2.4 @ MATRICES[primaries].T)
    assert np.abs(got[:, :, ::-1].astype(float) - expected).max() <= 2


@pytest.mark.parametrize("gamma", [20_000, 35_000, 55_556, 100_000, 250_000])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_gamma_to_the_level(gamma: int, channels: int) -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], channels, axis=2)
    got = icc.to_srgb(ramp.copy(), cicp.of_gamma(gamma, None, grey=channels == 1))
    expected = _coded((np.arange(256) / 255) ** (100_000 / gamma))
    assert np.abs(got[0, :, 0] - expected).max() <= 1
    if channels == 4:
        assert np.array_equal(got[:, :, 3], ramp[:, :, 3])


NOTHING = {
    "srgb": (1, 13), "unspecified": (2, 2), "video": (1, 1), "reserved": (0, 0), "unknown": (77, 99), "pq": (9, 16),
}  # fmt: skip


@pytest.mark.parametrize(("primaries", "transfer"), NOTHING.values(), ids=NOTHING.keys())
def test_what_gives_no_profile(primaries: int, transfer: int) -> None:
    assert cicp.of_code_points(primaries, transfer) is None


CORNERS = {
    "zero": (0,) * 8,
    "alike": (31_270, 32_900) * 4,
    "huge": (2**32 - 1,) * 8,
    "in-a-line": (31_270, 32_900, 10_000, 10_000, 20_000, 20_000, 30_000, 30_000),
}


@pytest.mark.parametrize("corners", CORNERS.values(), ids=CORNERS.keys())
def test_primaries_that_span_no_colours_are_ignored(corners: tuple[int, ...]) -> None:
    assert cicp.of_gamma(100_000, corners) is None


@pytest.mark.parametrize("gamma", [0, 1, 2**32 - 1])
def test_a_gamma_without_sense_is_ignored(gamma: int) -> None:
    assert cicp.of_gamma(gamma, None) is None


def _chunk(name: str) -> bytes:
    p3 = (31_270, 32_900, 68_000, 32_000, 26_500, 69_000, 15_000, 6_000)
    content = {
        "cICP-p3": b"\x0c\x0d\0\1", "cICP-srgb": b"\1\x0d\0\1", "cICP-nothing": b"\2\2\0\1", "cICP-cut": b"\x0c",
        "cICP-half": b"\x0c\2\0\1", "cICP-narrow": b"\x0c\x0d\0\0", "cICP-of-a-matrix": b"\x0c\x0d\1\1",
        "iCCP": b"x\0\0" + zlib.compress(rgb_profile()), "iCCP-grey": b"x\0\0" + zlib.compress(grey_profile()),
        "iCCP-broken": b"x\0\0oops", "sRGB": b"\0", "gAMA": struct.pack(">I", 100_000), "cHRM": struct.pack(">8I", *p3),
    }[name]  # fmt: skip
    return png._pack(name[:4].encode(), content)


def _p3(pixels: Pixels) -> Pixels:
    return icc.to_srgb(pixels, cicp.of_code_points(12, SRGB))


def _linear_light(pixels: Pixels) -> Pixels:
    return icc.to_srgb(pixels, cicp.of_gamma(100_000, None))


def _same(pixels: Pixels) -> Pixels:
    return pixels


WINS = {
    ("cICP-p3", "iCCP", "sRGB", "gAMA"): _p3,
    ("cICP-srgb", "iCCP", "gAMA"): _same,
    ("cICP-nothing", "gAMA"): _linear_light,
    ("cICP-cut", "gAMA"): _linear_light,
    ("cICP-half", "gAMA"): _linear_light,
    ("cICP-narrow", "gAMA"): _linear_light,
    ("cICP-of-a-matrix", "gAMA"): _linear_light,
    ("iCCP", "sRGB", "gAMA"): lambda pixels: icc.to_srgb(pixels, rgb_profile()),
    ("iCCP-broken", "gAMA"): _linear_light,
    ("iCCP-grey", "gAMA"): _linear_light,
    ("sRGB", "gAMA", "cHRM"): _same,
    ("gAMA",): _linear_light,
    ("cHRM",): _same,
}


@pytest.mark.parametrize("names", WINS, ids="-".join)
def test_which_chunk_counts(names: tuple[str, ...]) -> None:
    """PNG, third edition, 4.3: in any order of the file."""
    file = pillow_file("PNG")
    for order in (names, names[::-1]):
        made = file[:33] + b"".join(map(_chunk, order)) + file[33:]
        assert np.array_equal(first(made), WINS[names](made_picture(3)))


@pytest.mark.parametrize("channels", [1, 4])
def test_grey_has_the_curve_alone(channels: int) -> None:
    pixels = made_picture(1)
    file = pillow_file("PNG", pixels, "LA" if channels == 4 else None)
    made = file[:33] + _chunk("gAMA") + _chunk("cHRM") + file[33:]
    assert codecs.probe(made, LIMITS).channels == channels
    assert np.array_equal(first(made)[:, :, :1], icc.to_srgb(pixels.copy(), cicp.of_gamma(100_000, None, grey=True)))


def test_such_colour_may_be_kept() -> None:
    file = pillow_file("PNG")
    (kept,) = read(file[:33] + _chunk("cICP-p3") + file[33:], colours="keep")
    assert np.array_equal(kept.pixels, made_picture(3))
    assert kept.origin.icc == cicp.of_code_points(12, SRGB)
    again = codecs.encode([kept], "png", codecs.EncodeOptions(keep=frozenset({"icc"})))
    assert np.array_equal(first(again), _p3(made_picture(3)))


def test_a_grey_profile_over_alpha_is_not_kept_but_converted() -> None:
    pixels = made_picture(1)
    file = pillow_file("PNG", pixels, "LA", icc_profile=grey_profile())
    (kept,) = read(file, colours="keep")
    assert kept.origin.icc is None
    assert np.array_equal(kept.pixels[:, :, :1], icc.to_srgb(pixels.copy(), grey_profile()))
