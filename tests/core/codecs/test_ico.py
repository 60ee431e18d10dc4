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


def _icon(kind: int, *entries: tuple[int, int, bytes]) -> bytes:
    """Each entry is the bits (or hot spot) that the directory says, the side, and the content."""
    head, body = struct.pack("<3H", 0, kind, len(entries)), b""
    for said, side, content in entries:
        place = 6 + 16 * len(entries) + len(body)
        head += struct.pack("<4B2H2I", side, side, 0, 0, 0, said, len(content), place)
        body += content
    return head + body


def _bitmap(side: int, bits: int) -> bytes:
    """All black and seen where it has few bits, else white and half transparent."""
    head = struct.pack("<IiiHH24x", 40, side, 2 * side, 1, bits)
    if bits == 32:
        return head + b"\xff\xff\xff\x80" * side * side
    return head + bytes(4 << bits) + bytes((side * bits + 31) // 32 * 4 * side) + bytes(4 * side)


@pytest.mark.parametrize(("kind", "said"), [(1, (0, 0)), (2, (9, 1)), (1, (4, 32))], ids=["unsaid", "cursor", "said"])
@pytest.mark.parametrize("swapped", [False, True])
def test_of_one_size_the_deepest_is_read(kind: int, said: tuple[int, int], swapped: bool) -> None:
    """A directory may leave the bits out, and a cursor has its hot spot in their place; Chromium shows the same."""
    entries = [(said[0], 8, _bitmap(8, 4)), (said[1], 8, _bitmap(8, 32))]
    file = _icon(kind, *(entries[::-1] if swapped else entries))
    assert rgba(first(file))[3, 3].tolist() == [255, 255, 255, 128]


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
