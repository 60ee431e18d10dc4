import struct

import numpy as np
import pytest

from core import codecs
from core.codecs import icc
from core.errors import DarkroomError
from tests.conftest import made_picture
from tests.core.codecs.support import LIMITS, first, pillow_file, pillow_image, rgba
from tests.core.codecs.test_icc import rgb_profile


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


def _dib(
    bits: int, compression: int, length: int, masks: tuple[int, ...], rows: bytes, *, width: int, height: int
) -> bytes:
    """A file of any header; what of the masks a header has no room for stands behind it."""
    head = struct.pack("<IiiHHIIiiII", length, width, height, 1, bits, compression, len(rows), 0, 0, 0, 0)
    told = struct.pack(f"<{len(masks)}I", *masks)
    head = (head + told).ljust(length, b"\0") if length > 40 else head[:length] + told
    start = 14 + len(head)
    return b"BM" + struct.pack("<IHHI", start + len(rows), 0, 0, start) + head + rows


MASKS = {
    "565": (16, (0xF800, 0x7E0, 0x1F), 0x1234, (0x12 >> 3, 0x234 >> 5 & 63, 0x14), (31, 63, 31)),
    "555": (16, (0x7C00, 0x3E0, 0x1F), 0x7FE0, (31, 31, 0), (31, 31, 31)),
    "444": (16, (0xF00, 0xF0, 0xF), 0x0C63, (12, 6, 3), (15, 15, 15)),
    "332": (16, (0xE0, 0x1C, 0x3), 0x00B6, (5, 5, 2), (7, 7, 3)),
    "swapped": (32, (0xFF, 0xFF00, 0xFF0000), 0x00112233, (0x33, 0x22, 0x11), (255, 255, 255)),
    "top": (32, (0xFF000000, 0xFF0000, 0xFF00), 0x11223344, (0x11, 0x22, 0x33), (255, 255, 255)),
    "ten-bits": (32, (0x3FF00000, 0xFFC00, 0x3FF), 0x2AA3FC01, (0x2AA, 0xFF, 1), (1023, 1023, 1023)),
}


@pytest.mark.parametrize("length", [40, 52, 56, 108, 124])
@pytest.mark.parametrize("name", MASKS)
def test_masks_under_every_header(name: str, length: int) -> None:
    bits, masks, value, parts, most = MASKS[name]
    row = struct.pack("<H2x" if bits == 16 else "<I", value)
    expected = [round(part * 255 / of) for part, of in zip(parts, most, strict=True)]
    assert first(_dib(bits, 3, length, masks, row, width=1, height=1))[0, 0, ::-1].tolist() == expected


ALPHAS = {
    "1555": (16, (0x7C00, 0x3E0, 0x1F, 0x8000), (0xFFFF, 0x7FFF), (255, 0)),
    "4444": (16, (0xF00, 0xF0, 0xF, 0xF000), (0x8FFF, 0x1FFF), (136, 17)),
    "8888": (32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000), (0x80FFFFFF, 0x01FFFFFF), (128, 1)),
    "swapped": (32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000), (0x80FFFFFF, 0x01FFFFFF), (128, 1)),
    "all-empty": (32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000), (0xFFFFFF, 0xFFFFFF), (0, 0)),
}


@pytest.mark.parametrize(("length", "compression"), [(56, 3), (108, 3), (124, 3), (40, 6)])
@pytest.mark.parametrize("name", ALPHAS)
def test_alpha_under_every_header_that_has_it(name: str, length: int, compression: int) -> None:
    bits, masks, values, expected = ALPHAS[name]
    row = struct.pack("<2H" if bits == 16 else "<2I", *values)
    got = first(_dib(bits, compression, length, masks, row, width=2, height=-1))
    assert got[0, :, 3].tolist() == list(expected)
    assert got[0, :, :3].tolist() == [[255] * 3] * 2


def _v5(space: int, profile: bytes, length: int) -> bytes:
    """One pixel of 24 bits, and a profile behind it."""
    file = bytearray(_dib(24, 0, 124, (), b"\x64\x64\xc8\0", width=1, height=1) + profile)
    struct.pack_into("<I", file, 14 + 56, space)
    struct.pack_into("<II", file, 14 + 112, 128, length)
    return bytes(file)


PROFILES = {
    "embedded": (0x4D424544, True), "linked": (0x4C494E4B, False), "srgb": (0x73524742, False), "none": (0, False),
}  # fmt: skip


@pytest.mark.parametrize(("space", "used"), PROFILES.values(), ids=PROFILES.keys())
def test_the_profile_of_a_v5_header(space: int, used: bool) -> None:
    profile = rgb_profile()
    file = _v5(space, profile, len(profile))
    assert codecs.probe(file, LIMITS).icc == (profile if used else None)
    plain = np.array([[[100, 100, 200]]], np.uint8)
    assert np.array_equal(first(file), icc.to_srgb(plain.copy(), profile) if used else plain)


def test_a_profile_longer_than_the_file_is_none() -> None:
    assert codecs.probe(_v5(0x4D424544, rgb_profile(), 2**31), LIMITS).icc is None


@pytest.mark.parametrize(("length", "opaque"), [(52, True), (56, True), (108, False), (124, False)])
def test_alpha_without_bit_fields(length: int, opaque: bool) -> None:
    """A V3 header's mask counts for BI_BITFIELDS only, those of newer ones always: so Chromium has it."""
    masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    row = struct.pack("<2I", 0x80112233, 0xFF112233)
    got = rgba(first(_dib(32, 0, length, masks, row, width=2, height=1)))
    assert got[0].tolist() == [[0x11, 0x22, 0x33, 255 if opaque else 128], [0x11, 0x22, 0x33, 255]]


NAMED = {
    "jpeg": (40, 24, 4, "JPEG"),
    "png": (124, 0, 5, "PNG"),
    "cmyk": (40, 32, 11, "CMYK"),
    "huffman": (64, 1, 3, "Huffman"),
    "64-bits": (40, 64, 0, "64 bits"),
}


@pytest.mark.parametrize(("length", "bits", "compression", "named"), NAMED.values(), ids=NAMED.keys())
def test_what_is_not_read_is_named(length: int, bits: int, compression: int, named: str) -> None:
    with pytest.raises(DarkroomError, match=named) as caught:
        first(_dib(bits, compression, length, (), bytes(64), width=2, height=2))
    assert caught.value.code == "not_an_image"


COLOUR_RUNS = {
    "runs": (b"\2\1\2\3\1\4\5\6\0\0\3\7\x08\x09\0\1", [[[7, 8, 9]] * 3, [[1, 2, 3]] * 2 + [[4, 5, 6]]]),
    "as-they-are": (
        b"\0\3\1\2\3\4\5\6\7\x08\x09\0\0\0\3\7\x08\x09\0\1",
        [[[7, 8, 9]] * 3, [[1, 2, 3], [4, 5, 6], [7, 8, 9]]],
    ),
    "past-the-row": (b"\5\1\2\3\0\0\3\7\x08\x09\0\1", [[[7, 8, 9]] * 3, [[1, 2, 3]] * 3]),
    "black-where-nothing-is-sent": (b"\1\1\2\3\0\1", [[[0, 0, 0]] * 3, [[1, 2, 3], [0, 0, 0], [0, 0, 0]]]),
}


@pytest.mark.parametrize(("data", "rows"), COLOUR_RUNS.values(), ids=COLOUR_RUNS.keys())
def test_runs_of_colours(data: bytes, rows: list[list[list[int]]]) -> None:
    """RLE24 of OS/2 2.0."""
    assert first(_dib(24, 4, 64, (), data, width=3, height=2)).tolist() == rows


@pytest.mark.parametrize("length", [16, 20, 36, 40, 64])
@pytest.mark.parametrize("bits", [1, 4, 8, 24])
def test_headers_of_any_length(length: int, bits: int) -> None:
    palette = bytes((0, 0, 0, 0, 30, 20, 10, 0)) + bytes(4 * ((1 << bits) - 2)) if bits <= 8 else b""
    row = {1: b"\x40", 4: b"\x01", 8: b"\0\1", 24: bytes((0, 0, 0, 30, 20, 10))}[bits]
    head = struct.pack("<IiiHHIIiiII", length, 2, 1, 1, bits, 0, 0, 0, 0, 0, 0).ljust(length, b"\0")[:length]
    start = 14 + length + len(palette)
    file = b"BM" + struct.pack("<IHHI", start + 8, 0, 0, start) + head + palette + row.ljust(8, b"\0")
    assert first(file).tolist() == [[[0, 0, 0], [30, 20, 10]]]
    assert first(file[:10] + bytes(4) + file[14:]).tolist() == [[[0, 0, 0], [30, 20, 10]]]


def _runs(bits: int, data: bytes, width: int, height: int) -> bytes:
    palette = b"".join(bytes((number, number, number, 0)) for number in range(1 << bits))
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, 1 if bits == 8 else 2, len(data), 0, 0, 0, 0)
    start = 54 + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + head + palette + data


RUNS = {
    "runs": (8, b"\3\7\1\x08\0\0\4\x09\0\1", [[9, 9, 9, 9], [7, 7, 7, 8]]),
    "no-end": (8, b"\4\7\0\0\4\x09", [[9] * 4, [7] * 4]),
    "as-they-are": (8, b"\0\4\1\2\3\4\0\0\0\3\5\6\7\0\0\1", [[5, 6, 7, 0], [1, 2, 3, 4]]),
    "past-the-row": (8, b"\7\7\0\0\4\x09\0\1", [[9] * 4, [7] * 4]),
    "as-they-are-past-the-row": (8, b"\0\6\1\2\3\4\5\6\0\0\4\x09\0\1", [[9] * 4, [1, 2, 3, 4]]),
    "a-run-behind-the-full-row": (8, b"\4\7\2\x08\0\0\4\x09\0\1", [[9] * 4, [7] * 4]),
    "jump": (8, b"\1\1\0\2\1\1\1\2\0\1", [[0, 0, 2, 0], [1, 0, 0, 0]]),
    "more-rows-than-there-are": (8, b"\4\1\0\0\4\2\0\0\4\3\0\1", [[2] * 4, [1] * 4]),
    "value-0": (8, b"\2\0\2\1\0\0\4\0\0\1", [[0] * 4, [0, 0, 1, 1]]),
    "halves": (4, b"\4\x12\0\0\3\x34\0\1", [[3, 4, 3, 0], [1, 2, 1, 2]]),
    "halves-from-an-odd-place": (4, b"\1\x90\3\x12\0\0\0\1", [[0] * 4, [9, 1, 2, 1]]),
    "halves-as-they-are": (4, b"\0\4\x12\x34\0\0\0\3\x56\x70\0\1", [[5, 6, 7, 0], [1, 2, 3, 4]]),
}


@pytest.mark.parametrize(("bits", "data", "rows"), RUNS.values(), ids=RUNS.keys())
def test_runs(bits: int, data: bytes, rows: list[list[int]]) -> None:
    assert first(_runs(bits, data, 4, 2))[:, :, 0].tolist() == rows


@pytest.mark.parametrize("data", [b"", b"\4\7", b"\4\7\0", b"\0\xff\1\2", b"\4\7\0\0\2\1"])
def test_runs_that_break_off_are_damage(data: bytes) -> None:
    with pytest.raises(DarkroomError) as caught:
        first(_runs(8, data, 4, 2))
    assert caught.value.code == "damaged_image"


def test_random_runs_against_a_plain_loop() -> None:
    random = np.random.default_rng(5)
    for bits in (8, 4):
        made, data = np.zeros((40, 57), np.uint8), b""
        for row in range(40):
            x = 0
            while x < 57:
                count = int(random.integers(1, 30))
                if random.random() < 0.5 or count < 3:
                    value = int(random.integers(0, 256))
                    data += bytes((count, value))
                    found = [value] * count if bits == 8 else [value >> 4, value & 15] * count
                else:
                    found = random.integers(0, 1 << bits, count).tolist()
                    packed = (
                        found
                        if bits == 8
                        else [a << 4 | b for a, b in zip(found[::2], [*found[1::2], 0], strict=False)]
                    )
                    data += bytes((0, count, *packed)) + b"\0" * (len(packed) % 2)
                made[row, x : x + count] = found[:count][: 57 - x]
                x += count
            data += b"\0\0"
        assert np.array_equal(first(_runs(bits, data + b"\0\1", 57, 40))[:, :, 0], made[::-1])


def test_escapes_without_end_are_refused() -> None:
    with pytest.raises(DarkroomError) as caught:
        first(_runs(8, b"\0\2\0\0" * 300_000, 4, 2))
    assert caught.value.code == "too_much_work"


def test_the_padding_of_the_last_row_may_be_missing() -> None:
    file = pillow_file("BMP", made_picture(3, 5, 4))
    assert np.array_equal(first(file[:-1]), first(file))
    with pytest.raises(DarkroomError):
        first(file[:-2])
