"""JP2s whose boxes are made here around codestreams of known samples; what is expected follows from ITU-T T.800."""

import struct
from collections.abc import Sequence

import cv2
import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray

from core import codecs
from core.errors import DarkroomError
from tests.conftest import made_picture
from tests.core.codecs.support import LIMITS, first, rgba
from tests.core.codecs.test_icc import rgb_profile

SRGB, GREY, YCBCR, CMYK = 16, 17, 18, 12
SEEN = rgba(made_picture(4))
COLOUR, ALPHA, MULTIPLIED, UNSPECIFIED = 0, 1, 2, 65535


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + name + content


def _stream(samples: NDArray[np.generic], bits: int = 8) -> bytes:
    packed: bytes = imagecodecs.jpeg2k_encode(
        np.ascontiguousarray(samples), codecformat="j2k", bitspersample=bits, reversible=True, mct=False, numthreads=1
    )
    return packed


def _numbered(number: int) -> bytes:
    return _box(b"colr", b"\1\0\0" + struct.pack(">I", number))


def _cdef(*channels: Sequence[int]) -> bytes:
    return _box(b"cdef", struct.pack(">H", len(channels)) + b"".join(struct.pack(">HHH", *one) for one in channels))


def _jp2(samples: NDArray[np.generic], colour: bytes, *more: bytes, bits: int = 8) -> bytes:
    height, width, components = samples.shape
    image = _box(b"ihdr", struct.pack(">IIHBBBB", height, width, components, bits - 1, 7, 0, 0))
    header = _box(b"jp2h", b"".join((image, colour, *more)))
    kind = _box(b"ftyp", b"jp2 \0\0\0\0jp2 ")
    return b"\0\0\0\x0cjP  \r\n\x87\n" + kind + header + _box(b"jp2c", _stream(samples, bits))


def _apart(file: bytes, expected: NDArray[np.generic]) -> float:
    seen = rgba(first(file)).astype(float)
    return float(np.abs(seen[:, :, : expected.shape[2]] - expected).max())


@pytest.mark.parametrize("bits", [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16])
@pytest.mark.parametrize("components", [1, 3, 4])
def test_samples_are_spread_over_the_range_of_their_bits(components: int, bits: int) -> None:
    most = (1 << bits) - 1
    values = np.rint(SEEN[:, :, :components] / 255 * most).astype(np.uint8 if bits <= 8 else np.uint16)
    colour = _numbered(GREY if components == 1 else SRGB)
    expected = values / most * 255
    assert _apart(_jp2(values, colour, bits=bits), expected) <= 1
    assert _apart(_stream(values, bits), expected) <= 1


MIXED = SEEN.copy()
MIXED[:, :, 3] = np.maximum(MIXED[:, :, 3], 40)
HALF = MIXED[:, :, 3:] / 255
MULTIPLIED_IN = np.dstack([np.rint(MIXED[:, :, :3] * HALF).astype(np.uint8), MIXED[:, :, 3]])
ORDERS = {
    "blue-first": (SEEN[:, :, 2::-1], _cdef((0, COLOUR, 3), (1, COLOUR, 2), (2, COLOUR, 1)), SEEN[:, :, :3], 0),
    "alpha-first": (
        MIXED[:, :, [3, 0, 1, 2]], _cdef((0, ALPHA, 0), (1, COLOUR, 1), (2, COLOUR, 2), (3, COLOUR, 3)), MIXED, 0,
    ),
    "not-said": (MIXED, b"", MIXED, 0),
    "unspecified": (
        MIXED, _cdef((0, COLOUR, 1), (1, COLOUR, 2), (2, COLOUR, 3), (3, UNSPECIFIED, UNSPECIFIED)),
        np.dstack([MIXED[:, :, :3], np.full(MIXED.shape[:2], 255, np.uint8)]), 0,
    ),
    "multiplied": (
        MULTIPLIED_IN, _cdef((0, COLOUR, 1), (1, COLOUR, 2), (2, COLOUR, 3), (3, MULTIPLIED, 0)), MIXED, 4,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("samples", "order", "expected", "most"), ORDERS.values(), ids=ORDERS.keys())
def test_order_of_channels(samples: NDArray[np.uint8], order: bytes, expected: NDArray[np.uint8], most: int) -> None:
    assert _apart(_jp2(samples, _numbered(SRGB), order), expected) <= most


def test_grey_multiplied_by_alpha() -> None:
    file = _jp2(MULTIPLIED_IN[:, :, [0, 3]], _numbered(GREY), _cdef((0, COLOUR, 1), (1, MULTIPLIED, 0)))
    assert _apart(file, MIXED[:, :, [0, 0, 0, 3]]) <= 4


TABLE = np.random.default_rng(5).integers(0, 256, (16, 4), np.uint8)
INDEX = (SEEN[:, :, :1] >> 4).astype(np.uint8)


def _pclr(columns: NDArray[np.generic], bits: int) -> bytes:
    entries, width = columns.shape
    kind = ">u2" if bits > 8 else "u1"
    return _box(
        b"pclr", struct.pack(">HB", entries, width) + bytes([bits - 1] * width) + columns.astype(kind).tobytes()
    )


def _cmap(*columns: int) -> bytes:
    return _box(b"cmap", b"".join(struct.pack(">HBB", 0, 1, column) for column in columns))


@pytest.mark.parametrize("bits", [4, 8], ids=["index-of-4-bits", "index-of-8-bits"])
@pytest.mark.parametrize("deep", [4, 8, 16], ids=["entries-of-4-bits", "entries-of-8-bits", "entries-of-16-bits"])
@pytest.mark.parametrize("columns", [(0,), (0, 1, 2), (2, 1, 0), (0, 1, 2, 3)], ids=str)
def test_palettes(columns: tuple[int, ...], deep: int, bits: int) -> None:
    most = (1 << deep) - 1
    table = np.rint(TABLE / 255 * most).astype(np.uint16)
    alpha = _cdef((0, COLOUR, 1), (1, COLOUR, 2), (2, COLOUR, 3), (3, ALPHA, 0)) if len(columns) == 4 else b""
    colour = _numbered(GREY if len(columns) == 1 else SRGB)
    file = _jp2(INDEX, colour, _pclr(table, deep), _cmap(*columns), alpha, bits=bits)
    assert _apart(file, (table / most * 255)[INDEX[:, :, 0]][:, :, list(columns)]) <= 0.6


def test_ycbcr_that_is_not_subsampled() -> None:
    light = cv2.cvtColor(SEEN[:, :, :3], cv2.COLOR_RGB2YCrCb)
    assert _apart(_jp2(light[:, :, [0, 2, 1]], _numbered(YCBCR)), SEEN[:, :, :3]) <= 3


def test_inks() -> None:
    """0 is no ink (T.801, M.11.7.3.1); without a profile each ink takes its share."""
    inks = np.random.default_rng(4).integers(0, 256, (24, 32, 4), np.uint8)
    light = (255.0 - inks[:, :, :3]) * (255.0 - inks[:, :, 3:]) / 255
    assert _apart(_jp2(inks, _numbered(CMYK)), light) <= 1


@pytest.mark.parametrize("method", [2, 3], ids=["restricted", "any"])
def test_profiles(method: int) -> None:
    colour = _box(b"colr", bytes((method, 0, 0)) + rgb_profile())
    assert codecs.probe(_jp2(SEEN[:, :, :3], colour), LIMITS).icc == rgb_profile()
    unknown = _numbered(21)
    assert codecs.probe(_jp2(SEEN[:, :, :3], unknown, colour), LIMITS).icc == rgb_profile()


REFUSED = {
    "cielab": (SEEN[:, :, :3], _numbered(14), b"", "not_an_image", "CIELab"),
    "unknown-colours": (SEEN[:, :, :3], _numbered(99), b"", "not_an_image", "99"),
    "too-few-channels": (SEEN[:, :, :1], _numbered(SRGB), b"", "damaged_image", "channels"),
    "palette-without-map": (INDEX, _numbered(SRGB), _pclr(TABLE, 8), "not_an_image", "palette"),
    "map-of-no-column": (INDEX, _numbered(SRGB), _pclr(TABLE, 8) + _cmap(0, 1, 7), "damaged_image", "mapped"),
    "palette-cut-short": (
        INDEX,
        _numbered(SRGB),
        _box(b"pclr", _pclr(TABLE, 8)[8:40]) + _cmap(0, 1, 2),
        "damaged_image",
        "damaged",
    ),
}


@pytest.mark.parametrize(("samples", "colour", "more", "code", "named"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(samples: NDArray[np.uint8], colour: bytes, more: bytes, code: str, named: str) -> None:
    with pytest.raises(DarkroomError, match=named) as caught:
        first(_jp2(samples, colour, more))
    assert caught.value.code == code
