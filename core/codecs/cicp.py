"""Colour that a file names by numbers: primaries, white and curve, as the ICC profile that says the same.

Sources: ITU-T H.273 tables 2 and 3 (code points), PNG third edition 11.3.2 (gAMA, cHRM, cICP), ICC.1:2022 (profiles).
With a profile of its own, such a picture goes the way of every other: LittleCMS converts it, `keep=icc` carries it.
"""

import struct
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
"""Chromaticity: x and y of CIE 1931."""


class Primaries(NamedTuple):
    """Chromaticities of red, green, blue and white."""

    red: Point
    green: Point
    blue: Point
    white: Point


_D65, _C, _E, _DCI = (0.3127, 0.3290), (0.310, 0.316), (1 / 3, 1 / 3), (0.314, 0.351)
BT_709 = Primaries((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), _D65)
_SMPTE_170M = Primaries((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65)
PRIMARIES = {
    1: BT_709,
    4: Primaries((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), _C),
    5: Primaries((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), _D65),
    6: _SMPTE_170M,
    7: _SMPTE_170M,
    8: Primaries((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), _C),
    9: Primaries((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    10: Primaries((1.0, 0.0), (0.0, 1.0), (0.0, 0.0), _E),
    11: Primaries((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _DCI),
    12: Primaries((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),
    22: Primaries((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), _D65),
}
"""H.273 table 2."""

Curve = float | tuple[float, float, float, float, float]
"""From code to light: an exponent, or g, a, b, c, d of ICC's function: (ax + b)**g from d on, and cx below."""

SRGB_CURVE = 0.0
"""In place of an exponent: the curve of IEC 61966-2-1."""
BT_1886 = 2.4
"""The exponent of a reference screen for video."""
_SMPTE_240M = (1 / 0.45, 1 / 1.1115, 0.1115 / 1.1115, 1 / 4, 4 * 0.0228)
_ST_428 = (2.6, (52.37 / 48) ** (1 / 2.6), 0.0, 0.0, 0.0)
_CURVES: dict[int, Curve] = {4: 2.2, 5: 2.8, 7: _SMPTE_240M, 8: 1.0, 12: SRGB_CURVE, 13: SRGB_CURVE, 17: _ST_428}
_VIDEO = {1, 6, 11, 14, 15}
"""H.273 table 3: the curves, and those of video cameras (BT.709, 601, 2020, xvYCC), which are no curves of a screen.
Browsers show the latter as sRGB in AVIF, and by BT.1886 in PNG.
"""

PQ, HLG = 16, 18
"""H.273 table 3: SMPTE ST 2084 and ARIB STD-B67, as in BT.2100."""

_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_D50 = np.array([0.9642, 1.0, 0.8249])
_GAMMA_OF_SRGB = (0.4450, 0.4650)
"""PNG files say 0.45455 for sRGB: its curve, not the exponent 2.2, which differs in the darks."""
_LEAST_GAMMA, _MOST_GAMMA = 0.05, 5.0
_NEAR = 0.002


def code_points(primaries: int, transfer: int, video: Curve = SRGB_CURVE) -> tuple[Primaries, Curve] | None:
    """Primaries and curve of two code points; None where they say nothing, or no curve that a profile could hold.

    Of one that is not specified sRGB's is taken; `video` is the curve by which pictures of video cameras are shown.
    """
    if (primaries, transfer) == (2, 2):
        return None
    found, curve = PRIMARIES.get(primaries), video if transfer in _VIDEO else _CURVES.get(transfer)
    if found is None and primaries == 2:
        found = BT_709
    if curve is None and transfer == 2:
        curve = SRGB_CURVE
    return None if found is None or curve is None else (found, curve)


def of_code_points(primaries: int, transfer: int, *, grey: bool = False, video: Curve = SRGB_CURVE) -> bytes | None:
    """The profile of two code points of H.273; None where it would be sRGB, or where they say nothing."""
    found = code_points(primaries, transfer, video)
    return profile(*found, grey=grey) if found else None


def of_gamma(gamma: int, chromaticities: tuple[int, ...] | None, *, grey: bool = False) -> bytes | None:
    """The profile of PNG's gAMA and cHRM, both in 1/100,000; None where it would be sRGB, or they are nonsense.

    `chromaticities` are x and y of white, red, green and blue.
    """
    encoding = gamma / 100_000
    if not _LEAST_GAMMA <= encoding <= _MOST_GAMMA:
        return None
    curve = SRGB_CURVE if _GAMMA_OF_SRGB[0] <= encoding <= _GAMMA_OF_SRGB[1] else 1 / encoding
    primaries = BT_709
    if chromaticities and not grey:
        white, red, green, blue = ((x / 100_000, y / 100_000) for x, y in zip(*[iter(chromaticities)] * 2, strict=True))
        primaries = Primaries(red, green, blue, white)
    return profile(primaries, curve, grey=grey)


@lru_cache(maxsize=32)
def profile(primaries: Primaries, curve: Curve, *, grey: bool = False) -> bytes | None:
    """A version 4 display profile; None where it would change nothing, or where the primaries span no colours."""
    if curve == SRGB_CURVE and (grey or _alike(primaries, BT_709)):
        return None
    if grey:
        return _profile(b"GRAY", {b"kTRC": _curve(curve)})
    matrix = _to_d50(primaries)
    return None if matrix is None else _of_matrix(matrix, _curve(curve))


@cache
def named(space: str) -> bytes | None:
    """The profile of sRGB (`srgb`) or Display P3 (`p3`)."""
    matrix = _to_d50(PRIMARIES[12] if space == "p3" else BT_709)
    return None if matrix is None else _of_matrix(matrix, _curve(SRGB_CURVE))


def with_curve(curve: bytes) -> bytes:
    """The profile of sRGB's primaries with another curve, given as a tag's content."""
    matrix = _to_d50(BT_709)
    if matrix is None:
        raise ValueError(BT_709)
    return _of_matrix(matrix, curve)


def _of_matrix(matrix: NDArray[np.float64], curve: bytes) -> bytes:
    colours = {name: _xyz(matrix[:, place]) for place, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))}
    return _profile(b"RGB ", {**colours, **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)})


def to_xyz(primaries: Primaries) -> NDArray[np.float64] | None:
    """The matrix from linear RGB to XYZ under its own white (Y = 1); None where the primaries span no colours."""
    try:
        columns = np.array([_whole(point) for point in primaries[:3]]).T
        scale = np.linalg.solve(columns, np.array(_whole(primaries.white)))
    except (np.linalg.LinAlgError, ZeroDivisionError):
        return None
    matrix: NDArray[np.float64] = columns * scale
    return matrix if np.isfinite(matrix).all() and abs(np.linalg.det(matrix)) > 1e-6 else None


@cache
def xyz_to_linear_bgr() -> NDArray[np.float32]:
    """The matrix from XYZ under D50 to linear BGR of sRGB."""
    matrix = _to_d50(BT_709)
    if matrix is None:
        raise ValueError(BT_709)
    return np.ascontiguousarray(np.linalg.inv(matrix)[::-1].astype(np.float32))


def _to_d50(primaries: Primaries) -> NDArray[np.float64] | None:
    """The same adapted to the white of profiles, by Bradford (ICC.1:2022, annex E)."""
    matrix = to_xyz(primaries)
    if matrix is None:
        return None
    white = _BRADFORD @ np.array(_whole(primaries.white))
    if np.min(np.abs(white)) < 1e-3:
        return None
    adapted: NDArray[np.float64] = np.linalg.inv(_BRADFORD) @ np.diag((_BRADFORD @ _D50) / white) @ _BRADFORD @ matrix
    return adapted if np.abs(adapted).max() < 8 else None


def _whole(point: Point) -> tuple[float, float, float]:
    """X, Y and Z of a chromaticity, Y being 1; of the two imaginary primaries of XYZ the plain shares."""
    x, y = point
    return (x / y, 1.0, (1 - x - y) / y) if y else (x, y, 1 - x - y)


def _alike(one: Primaries, other: Primaries) -> bool:
    return bool(np.abs(np.subtract(one, other)).max() <= _NEAR)


def _curve(curve: Curve) -> bytes:
    """A parametric curve (ICC.1:2022, 10.18)."""
    if curve == SRGB_CURVE:
        curve = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    if isinstance(curve, tuple):
        return b"para\0\0\0\0" + struct.pack(">HH5i", 3, 0, *map(_fixed, curve))
    return b"para\0\0\0\0" + struct.pack(">HHi", 0, 0, _fixed(curve))


def _xyz(values: NDArray[np.float64]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *map(_fixed, values))


def _fixed(value: float) -> int:
    return round(float(value) * 65536)


def _text(text: str) -> bytes:
    content = text.encode("utf-16-be")
    return b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(content), 28) + content


def _profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """Header, table and contents of a display profile (ICC.1:2022, 7)."""
    tags = {b"desc": _text("as tagged"), b"cprt": _text("CC0"), b"wtpt": _xyz(_D50), **tags}
    start, table, body = 128 + 4 + 12 * len(tags), b"", b""
    for name, content in tags.items():
        table += name + struct.pack(">II", start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    head = bytearray(128)
    struct.pack_into(">I4xI4s4s4s", head, 0, start + len(body), 0x04300000, b"mntr", space, b"XYZ ")
    head[36:40] = b"acsp"
    head[68:80] = _xyz(_D50)[8:]
    return b"".join((head, struct.pack(">I", len(tags)), table, body))
