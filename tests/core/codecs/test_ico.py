import io
import struct

import numpy as np
import pytest
from PIL import Image

from core import codecs
from core.errors import DarkroomError
from core.picture import Size
from tests.conftest import made_picture
from tests.core.codecs.support import LIMITS, first, pillow_file, rgba


@pytest.mark.parametrize("kind", ["png", "bmp"])
def test_largest_entry(kind: str) -> None:
    file = pillow_file("ICO", made_picture(4, 64, 64), sizes=[(16, 16), (64, 64), (32, 32)], bitmap_format=kind)
    assert codecs.probe(file, LIMITS).size == Size(64, 64)
    with Image.open(io.BytesIO(file)) as theirs:
        assert np.array_equal(rgba(first(file)), np.asarray(theirs.convert("RGBA")))


def test_256_pixels_are_written_as_0() -> None:
    file = pillow_file("ICO", made_picture(3, 256, 256), sizes=[(32, 32), (256, 256)])
    assert codecs.probe(file, LIMITS).size == Size(256, 256)


@pytest.mark.parametrize("mode", ["1", "P", "RGB"])
def test_masked_bitmaps(mode: str) -> None:
    file = pillow_file("ICO", made_picture(3, 32, 32), mode, sizes=[(32, 32)], bitmap_format="bmp")
    with Image.open(io.BytesIO(file)) as theirs:
        assert np.array_equal(rgba(first(file)), np.asarray(theirs.convert("RGBA")))


def test_grey_png_inside() -> None:
    inner = pillow_file("PNG", made_picture(1, 20, 20))
    file = b"\0\0\1\0\1\0" + bytes((20, 20, 0, 0, 1, 0, 8, 0)) + struct.pack("<II", len(inner), 22) + inner
    got = first(file)
    assert got.shape == (20, 20, 4)
    assert np.array_equal(got[:, :, :1], made_picture(1, 20, 20))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "damaged_image"),
        (b"\x28\0\0\0", "damaged_image"),
        (struct.pack("<IiiHH24x", 40, 2**31 - 1, 2, 1, 24), "too_many_pixels"),
        (struct.pack("<IiiHH", 40, 9, 18, 1, 77), "damaged_image"),
    ],
    ids=["nothing", "cut", "wide", "bits"],
)
def test_strange_entries(content: bytes, code: str) -> None:
    file = b"\0\0\1\0\1\0" + bytes((9, 9, 0, 0, 1, 0, 8, 0)) + struct.pack("<II", 4000, 22) + content
    with pytest.raises(DarkroomError) as caught:
        first(file)
    assert caught.value.code == code
