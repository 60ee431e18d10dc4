import struct

import numpy as np
import pytest

from core import codecs
from core.errors import DarkroomError
from tests.conftest import made_picture
from tests.core.codecs.support import LIMITS, first, pillow_file, pillow_image, rgba


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_modes(mode: str) -> None:
    expected = np.asarray(pillow_image(made_picture(3)).convert(mode).convert("RGBA"))
    got = first(pillow_file("BMP", made_picture(3), mode))
    assert got.shape[2] == 3
    assert np.array_equal(rgba(got), expected)


def _thirty_two(alpha_mask: int, compression: int = 3) -> bytes:
    masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, alpha_mask)
    head = struct.pack("<IiiHHIIiiII", 108, 2, -1, 1, 32, compression, 8, 0, 0, 0, 0) + masks
    head = head.ljust(108, b"\0")
    return b"BM" + struct.pack("<IHHI", 14 + 108 + 8, 0, 0, 122) + head + b"\1\2\3\x80\4\5\6\xff"


def test_alpha_where_a_mask_says_so() -> None:
    assert first(_thirty_two(0xFF000000)).tolist() == [[[1, 2, 3, 128], [4, 5, 6, 255]]]


def test_no_alpha_where_no_mask_says_so() -> None:
    assert first(_thirty_two(0)).tolist() == [[[1, 2, 3], [4, 5, 6]]]


def test_thirty_two_bits_of_the_plain_header_have_no_alpha() -> None:
    head = struct.pack("<IiiHHIIiiII", 40, 1, 1, 1, 32, 0, 4, 0, 0, 0, 0)
    file = b"BM" + struct.pack("<IHHI", 58, 0, 0, 54) + head + b"\1\2\3\0"
    assert first(file).tolist() == [[[1, 2, 3]]]


def test_upside_down() -> None:
    file = bytearray(pillow_file("BMP", made_picture(3)))
    struct.pack_into("<i", file, 22, -64)
    assert np.array_equal(first(bytes(file)), made_picture(3)[::-1])


def test_core_header() -> None:
    file = b"BM" + struct.pack("<IHHI", 30, 0, 0, 26) + struct.pack("<I4H", 12, 1, 1, 1, 24) + b"\1\2\3\0"
    assert first(file).tolist() == [[[1, 2, 3]]]


@pytest.mark.parametrize(
    ("place", "value", "code"),
    [
        (18, -5, "damaged_image"),
        (22, -(2**31), "too_many_pixels"),
        (30, 4, "not_an_image"),
        (30, 5, "not_an_image"),
        (30, 99, "not_an_image"),
        (28, 0, "damaged_image"),
        (10, 2**31 - 1, "damaged_image"),
    ],
)
def test_broken_fields(place: int, value: int, code: str) -> None:
    """Negative width, smallest height, JPEG or PNG inside, unknown compression, no bits, far offset."""
    file = bytearray(pillow_file("BMP", made_picture(3)))
    struct.pack_into("<H" if place == 28 else "<i", file, place, value)
    with pytest.raises(DarkroomError) as caught:
        first(bytes(file))
    assert caught.value.code == code


def test_grey_palette_is_colour() -> None:
    assert codecs.probe(pillow_file("BMP", made_picture(1)), LIMITS).channels == 3
