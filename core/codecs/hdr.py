"""HDR pictures on an SDR screen: PQ and HLG to sRGB or Display P3.

Light is taken from the codes (ITU-R BT.2100, tables 4 and 5), the reference white of BT.2408 (203 cd/m²) becomes the
brightest an SDR picture holds, and what lies near and above it is rolled off by the EETF of BT.2390-11, 5.4, on the
largest of red, green and blue, which keeps hues; its source is a screen of 1,000 cd/m². BT.2446's method A would take
the reference white to be 100 cd/m², and darkens what lies below.
"""

from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.codecs import cicp, icc
from core.imaging.pixels import by_rows
from core.picture import Pixels

Values = NDArray[Any]

WHITE, PEAK = 203.0, 1000.0
"""cd/m²: the reference white, and the brightest that the source's screen shows."""
_PQ = (2610 / 16384, 2523 / 4096 * 128, 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32)
_HLG = (0.17883277, 0.28466892, 0.55991073)
_LUMA = (0.0593, 0.6780, 0.2627)
"""Blue, green and red of BT.2100."""
_STEPS = 4096
_UNSPECIFIED = 2


def to_sdr(pixels: Pixels, primaries: int, transfer: int, space: icc.Space = "srgb") -> Pixels:
    """Grey, BGR or BGRA codes of PQ (16) or HLG (18) in a space of SDR; alpha stays.

    Primaries that H.273 lacks are BT.2020's.

    Those that are not specified are sRGB's, as of every other picture.
    """
    matrix = _to_space(primaries, space)
    return by_rows(pixels, lambda part: _mapped(part, matrix, transfer))


def _mapped(part: Pixels, matrix: NDArray[np.float32], transfer: int) -> Pixels:
    colour = cv2.cvtColor(part, cv2.COLOR_GRAY2BGR) if part.shape[2] == 1 else np.ascontiguousarray(part[:, :, :3])
    light = cv2.LUT(colour, _light(transfer)[None, :, None].astype(np.float32))
    if transfer == cicp.HLG:
        light = _displayed(light)
    light *= _rolled_off(light.max(axis=2))[:, :, None]
    light = cv2.transform(light, matrix)
    shown = np.take(_encoded(), np.rint(np.sqrt(np.clip(light, 0, 1)) * (_STEPS - 1)).astype(np.uint16))
    if part.shape[2] == 1:
        return np.ascontiguousarray(shown[:, :, 1:2])
    return shown if part.shape[2] == 3 else cv2.merge([shown, part[:, :, 3]])


@cache
def _light(transfer: int) -> Values:
    """Light of the 256 codes: of PQ in reference whites, of HLG in a scene whose brightest is 1."""
    codes = np.arange(256) / 255
    return _from_pq(codes) / WHITE if transfer == cicp.PQ else _scene(codes)


def _from_pq(codes: Values) -> Values:
    """Codes of 0 to 1 as cd/m² (SMPTE ST 2084)."""
    m1, m2, c1, c2, c3 = _PQ
    root = np.power(codes, 1 / m2)
    return np.asarray(10_000 * np.power(np.maximum(root - c1, 0) / (c2 - c3 * root), 1 / m1))


def _to_pq(light: Values) -> Values:
    m1, m2, c1, c2, c3 = _PQ
    root = np.power(light / 10_000, m1)
    return np.asarray(np.power((c1 + c2 * root) / (1 + c3 * root), m2))


def _scene(codes: Values) -> Values:
    """HLG's inverse OETF."""
    a, b, c = _HLG
    return np.where(codes <= 0.5, codes**2 / 3, (np.exp((codes - c) / a) + b) / 12)


def _displayed(scene: Values) -> Values:
    """HLG's OOTF for a screen of 1,000 cd/m² (system gamma 1.2), in reference whites."""
    luma = np.maximum(scene @ np.array(_LUMA, np.float32), 1e-6)
    return np.asarray(scene * (PEAK / WHITE * np.power(luma, 0.2))[:, :, None])


def _rolled_off(brightest: Values) -> Values:
    """What each pixel is multiplied with, by its brightest channel in reference whites."""
    place = np.sqrt(np.sqrt(np.minimum(brightest, PEAK / WHITE) * WHITE / PEAK)) * (_STEPS - 1)
    return np.where(brightest > PEAK / WHITE, 1 / np.maximum(brightest, 1), np.take(_gains(), place.astype(np.uint16)))


@cache
def _gains() -> Values:
    """The EETF (BT.2390-11, 5.4.1) as factors, over the fourth root of light of 0 to 1,000 cd/m²."""
    light = (np.arange(_STEPS) / (_STEPS - 1)) ** 4 * PEAK
    code = _to_pq(light) / _to_pq(np.array(PEAK))
    most = float(_to_pq(np.array(WHITE)) / _to_pq(np.array(PEAK)))
    knee = 1.5 * most - 0.5
    t = np.clip((code - knee) / (1 - knee), 0, 1)
    curve = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (3 * t**2 - 2 * t**3) * most
    rolled = np.where(code < knee, code, curve)
    made = _from_pq(rolled * _to_pq(np.array(PEAK)))
    return np.where(light > 0, made / np.maximum(light, 1e-9), 1).astype(np.float32)


@cache
def _encoded() -> Pixels:
    """The codes of sRGB over the square root of light of 0 to 1."""
    light = (np.arange(_STEPS) / (_STEPS - 1)) ** 2
    code = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.power(light, 1 / 2.4) - 0.055)
    return np.rint(code * 255).astype(np.uint8)


@cache
def _to_space(primaries: int, space: icc.Space) -> NDArray[np.float32]:
    """The matrix from linear BGR of some primaries to that of a space of SDR."""
    source = cicp.to_xyz(cicp.BT_709 if primaries == _UNSPECIFIED else cicp.PRIMARIES.get(primaries, cicp.PRIMARIES[9]))
    target = cicp.to_xyz(cicp.PRIMARIES[12] if space == "p3" else cicp.BT_709)
    if source is None or target is None:
        raise ValueError(primaries)
    return np.ascontiguousarray((np.linalg.inv(target) @ source)[::-1, ::-1].astype(np.float32))
