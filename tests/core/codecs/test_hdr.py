"""PQ and HLG against the formulas of BT.2100 and BT.2390, a pixel at a time."""

import math
import struct

import numpy as np
import pytest

from core import codecs
from core.codecs import EncodeOptions, cicp, hdr, icc, png
from tests.conftest import made_picture
from tests.core.codecs.support import LIMITS, first, pillow_file, read, written

PQ, HLG = 16, 18
BT_709, BT_2020, DISPLAY_P3 = 1, 9, 12
TO_BT_709 = {
    BT_709: ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    BT_2020: ((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187)),
    DISPLAY_P3: ((1.2249, -0.2247, 0.0), (-0.0420, 1.0419, 0.0), (-0.0197, -0.0786, 1.0979)),
}
"""BT.2087, table 4, and its like for P3."""
M1, M2, C1, C2, C3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875


def _from_pq(code: float) -> float:
    root = code ** (1 / M2)
    return 10000 * (max(root - C1, 0) / (C2 - C3 * root)) ** (1 / M1)


def _to_pq(light: float) -> float:
    root = (light / 10000) ** M1
    return ((C1 + C2 * root) / (1 + C3 * root)) ** M2


def _from_hlg(codes: list[float]) -> list[float]:
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = [code**2 / 3 if code <= 0.5 else (math.exp((code - c) / a) + b) / 12 for code in codes]
    luma = 0.2627 * scene[0] + 0.6780 * scene[1] + 0.0593 * scene[2]
    return [1000 * luma**0.2 * value for value in scene]


def _eetf(light: float) -> float:
    """BT.2390-11, 5.4.1, from 1,000 to 203 cd/m², both blacks 0."""
    whole = _to_pq(1000)
    code, most = min(_to_pq(light) / whole, 1), _to_pq(203) / whole
    knee = 1.5 * most - 0.5
    if code >= knee:
        t = (code - knee) / (1 - knee)
        code = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * most
    return _from_pq(code * whole)


def _expected(rgb: list[int], primaries: int, transfer: int) -> list[int]:
    codes = [value / 255 for value in rgb]
    light = [_from_pq(code) for code in codes] if transfer == PQ else _from_hlg(codes)
    brightest = max(light)
    share = _eetf(brightest) / brightest / 203 if brightest else 0
    linear = [sum(a * b * share for a, b in zip(row, light, strict=True)) for row in TO_BT_709[primaries]]
    clipped = [min(max(value, 0), 1) for value in linear]
    return [round(255 * (12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055)) for v in clipped]


@pytest.mark.parametrize("primaries", TO_BT_709)
@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_every_colour_is_what_the_formulas_say(primaries: int, transfer: int) -> None:
    random = np.random.default_rng(9).integers(0, 256, (20, 20, 3), np.uint8)
    random[0] = np.arange(20, dtype=np.uint8)[:, None] * 13
    got = hdr.to_sdr(random.copy(), primaries, transfer)
    for y, x in np.ndindex(20, 20):
        expected = _expected(random[y, x, ::-1].tolist(), primaries, transfer)
        assert np.abs(np.subtract(got[y, x, ::-1].astype(int), expected)).max() <= 2


def test_the_reference_white_is_bright_and_the_peak_is_white() -> None:
    codes = np.array(
        [[[0], [round(_to_pq(100) * 255)], [round(_to_pq(203) * 255)], [round(_to_pq(1000) * 255)], [255]]], np.uint8
    )
    black, half, white, peak, beyond = hdr.to_sdr(codes, BT_2020, PQ).ravel().tolist()
    assert black == 0
    assert 170 <= half <= 200
    assert 215 <= white <= 240
    assert peak == beyond == 255


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_channels_stay(channels: int) -> None:
    pixels = made_picture(channels)
    got = hdr.to_sdr(pixels.copy(), BT_2020, PQ)
    assert got.shape == pixels.shape
    if channels == 4:
        assert np.array_equal(got[:, :, 3], pixels[:, :, 3])


def _png(primaries: int, transfer: int, channels: int = 3) -> bytes:
    file = pillow_file("PNG", made_picture(channels))
    return file[:33] + png._pack(b"cICP", struct.pack("4B", primaries, transfer, 0, 1)) + file[33:]


@pytest.mark.parametrize("transfer", [PQ, HLG])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_file_that_says_so_is_mapped(transfer: int, channels: int) -> None:
    file = _png(BT_2020, transfer, channels)
    assert codecs.probe(file, LIMITS).hdr == (BT_2020, transfer)
    assert np.array_equal(first(file), hdr.to_sdr(made_picture(channels), BT_2020, transfer))
    (kept,) = read(file, colours="keep")
    assert kept.origin.icc is None
    assert np.array_equal(kept.pixels, first(file))


def test_a_written_copy_says_nothing_of_it() -> None:
    again = written(first(_png(BT_2020, PQ)), "png", EncodeOptions(keep=frozenset({"icc"})))
    assert b"cICP" not in again
    assert b"iCCP" not in again


def test_display_p3_holds_what_srgb_clips() -> None:
    """Light of one file in both spaces is the same where sRGB holds it."""
    codes = np.full((4, 4, 3), (90, 100, 120), np.uint8)
    srgb, p3 = (hdr.to_sdr(codes.copy(), DISPLAY_P3, PQ, space) for space in ("srgb", "p3"))
    again = icc.to_srgb(p3.copy(), cicp.named("p3"))
    assert np.abs(again.astype(int) - srgb).max() <= 2
    vivid = np.full((4, 4, 3), (0, 0, 120), np.uint8)
    assert hdr.to_sdr(vivid, DISPLAY_P3, PQ, "p3")[0, 0, :2].tolist() == [0, 0]
