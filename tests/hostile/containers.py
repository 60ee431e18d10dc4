"""Hostile pictures of the other formats: WebP, HEIF and AVIF, TIFF, BMP, ICO and PNM; then `PICTURES` holds all."""

import io
import struct
import zlib
from collections.abc import Iterator

import cv2
import imagecodecs
import numpy as np
from numpy.typing import NDArray

from tests.hostile import codestreams  # noqa: F401 - its families are registered
from tests.hostile.pictures import (
    DC_SCAN,
    PICTURES,
    encoded,
    filled,
    gif_comments,
    picture,
    pixels,
    png_packed_profile,
    png_unknown_chunks,
)

__all__ = ["PICTURES", "second_pictures"]

# --- WebP ---


def _webp(*chunks: tuple[bytes, bytes, int]) -> bytes:
    """A RIFF file of chunks, each so many times."""
    body = b"WEBP" + b"".join(
        (name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) & 1)) * n for name, data, n in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _bitstream() -> bytes:
    return encoded("webp", cv2.IMWRITE_WEBP_QUALITY, 80)[20:]


_WEBP_HEAD = bytes((0, 0, 0, 0, 7, 0, 0, 7, 0, 0))
_WEBP_MOVES = bytes((2,)) + _WEBP_HEAD[1:]


@picture
def webp_unknown_chunks(size: int) -> bytes:
    return _webp((b"VP8X", _WEBP_HEAD, 1), (b"abcd", b"", size // 8), (b"VP8 ", _bitstream(), 1))


@picture
def webp_unknown_chunks_behind(size: int) -> bytes:
    return _webp((b"VP8X", _WEBP_HEAD, 1), (b"VP8 ", _bitstream(), 1), (b"abcd", b"", size // 8))


@picture
def webp_metadata(size: int) -> bytes:
    return _webp((b"VP8X", _WEBP_HEAD, 1), (b"VP8 ", _bitstream(), 1), (b"EXIF", b"II*\0", size // 12))


@picture
def webp_empty_frames(size: int) -> bytes:
    return _webp((b"VP8X", _WEBP_MOVES, 1), (b"ANIM", bytes(6), 1), (b"ANMF", bytes(16), size // 24))


@picture
def webp_frames(size: int) -> bytes:
    data = _bitstream()
    frame = bytes(6) + bytes((7, 0, 0, 7, 0, 0)) + bytes(4) + b"VP8 " + struct.pack("<I", len(data)) + data
    return _webp((b"VP8X", _WEBP_MOVES, 1), (b"ANIM", bytes(6), 1), (b"ANMF", frame, max(1, size // len(frame))))


# --- HEIF and AVIF ---


def _box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", len(body) + 8) + kind + body


def _heif(
    *, brand: bytes = b"avif", top: bytes = b"", meta: bytes = b"", properties: bytes = b"", items: int = 1,
    indices: bytes = b"\1", entries: int = 0, data: bytes = b"\x12\0", kind: bytes = b"av01",
) -> bytes:  # fmt: skip
    """The boxes of a picture of 8×8 pixels; `items` all have the same data."""
    head = _box(b"ftyp", brand, bytes(4), brand, b"mif1") + top
    ids = range(1, items + 1)
    infos = b"".join(_box(b"infe", b"\2\0\0\0", struct.pack(">HH", n, 0), kind, b"\0") for n in ids)
    inner = _box(b"hdlr", bytes(8), b"pict", bytes(13)) + _box(b"pitm", bytes(4), struct.pack(">H", 1)) + meta
    inner += _box(b"iinf", bytes(4), struct.pack(">H", items), infos)
    stored = _box(b"ispe", bytes(4), struct.pack(">II", 8, 8)) + properties
    others = b"".join(struct.pack(">HB", 2, len(indices)) + indices for _ in range(entries))
    linked = struct.pack(">I", 1 + entries) + others + struct.pack(">HB", 1, 1) + b"\1"
    inner += _box(b"iprp", _box(b"ipco", stored), _box(b"ipma", bytes(4), linked))
    place = len(head) + 12 + len(inner) + 16 + 14 * items + 8
    extents = b"".join(struct.pack(">HHHII", n, 0, 1, place, len(data)) for n in ids)
    inner += _box(b"iloc", bytes(4), b"\x44\0", struct.pack(">H", items), extents)
    return head + _box(b"meta", bytes(4), inner) + _box(b"mdat", data)


@picture
def heif_boxes(size: int) -> bytes:
    return _heif(top=filled(_box(b"free"), size))


@picture
def heif_boxes_in_meta(size: int) -> bytes:
    return _heif(meta=filled(_box(b"free"), size))


@picture
def heif_properties(size: int) -> bytes:
    return _heif(properties=filled(_box(b"free"), size))


@picture
def heif_links(size: int) -> bytes:
    return _heif(entries=size // 258, indices=b"\1" * 255)


@picture
def heif_items(size: int) -> bytes:
    return _heif(items=min(size // 36, 60_000), data=b"\x12\0" * 60)


@picture
def heif_items_of_units(size: int) -> bytes:
    return _heif(items=min(size // 40, 2000), data=filled(b"\x12\0", size))


@picture
def heif_units(size: int) -> bytes:
    return _heif(data=filled(b"\x12\0", size))


@picture
def heif_zeros(size: int) -> bytes:
    return _heif(properties=_box(b"auxC", filled(b"\0", size)))


@picture
def heif_nal_units(size: int) -> bytes:
    array = b"\x20" + struct.pack(">H", 65_535) + bytes(2 * 65_535)
    return _heif(brand=b"heic", kind=b"hvc1", properties=_box(b"hvcC", bytes(22), b"\xff", filled(array, size)))


@picture
def heif_configurations(size: int) -> bytes:
    units = b"\x20\0\x40" + bytes(128)
    return _heif(brand=b"heic", kind=b"hvc1", properties=filled(_box(b"hvcC", bytes(22), b"\1", units), size))


@picture
def heif_tables(size: int) -> bytes:
    top = filled(_box(b"free"), size)
    for kind in (b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        top = _box(kind, top)
    return _heif(brand=b"avis", top=top)


# --- TIFF ---


def _tiff(entries: list[tuple[int, int, int, int]], behind: bytes = b"", following: int = 0) -> bytes:
    """A little-endian TIFF of one directory; entries are tag, type, count and value."""
    head = b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries))
    return head + b"".join(struct.pack("<HHII", *entry) for entry in entries) + struct.pack("<I", following) + behind


def _layout(height: int = 8, compression: int = 1, rows: int = 8) -> list[tuple[int, int, int, int]]:
    shorts = ((256, 8), (257, height), (258, 8), (259, compression), (262, 1), (277, 1), (278, rows))
    return [(tag, 3, 1, value) for tag, value in shorts]


@picture
def tiff_entries_that_claim_the_file(size: int) -> bytes:
    entries = [*_layout(), (273, 4, 1, 8), (279, 4, 1, 64)]
    entries += [(tag, 7, size, 8) for tag in range(40_000, 60_000)]
    return _tiff(entries, bytes(size))


@picture
def tiff_strips(size: int) -> bytes:
    number = size // 8
    start = 8 + 2 + 9 * 12 + 4
    entries = [*_layout(16_000, rows=1), (273, 4, number, start), (279, 4, number, start + 4 * number)]
    return _tiff(entries, filled(struct.pack("<I", 8), 4 * number) + filled(struct.pack("<I", 8), 4 * number))


@picture
def tiff_strips_that_overlap(size: int) -> bytes:
    number, start = 16_000, 8 + 2 + 9 * 12 + 4
    entries = [*_layout(number, 5, rows=1), (273, 4, number, start), (279, 4, number, start + 4 * number)]
    counts = struct.pack("<I", max(size, 64))
    return _tiff(entries, struct.pack("<I", 8) * number + counts * number + filled(b"\x80\x0b\x60", size))


def _tiff_of_blocks(compression: int, block: bytes, size: int, rows: int) -> bytes:
    """As many strips, of 1024 pixels a row, as are read of such a picture: the same few blocks again and again."""
    number, start = max(1, min(size // 8, 16_000 // rows)), 8 + 2 + 9 * 12 + 4
    shorts = ((256, 1024), (257, number * rows), (258, 8), (259, compression), (262, 1), (277, 1), (278, rows))
    entries = [(tag, 3, 1, value) for tag, value in shorts]
    entries += [(273, 4, number, start), (279, 4, number, start + 4 * number)]
    copies = max(1, min(size // len(block), number))
    at = [start + 8 * number + len(block) * (place % copies) for place in range(number)]
    table = struct.pack(f"<{number}I", *at) + struct.pack("<I", len(block)) * number
    return _tiff(entries, table + block * copies)


def _strip(rows: int) -> NDArray[np.uint8]:
    return np.zeros((rows, 1024), np.uint8)


@picture
def tiff_strips_of_jpeg_2000(size: int) -> bytes:
    block = imagecodecs.jpeg2k_encode(_strip(8), level=0, reversible=True, codecformat="j2k")
    return _tiff_of_blocks(34712, bytes(block), size, 8)


@picture
def tiff_strips_of_lerc(size: int) -> bytes:
    return _tiff_of_blocks(34887, bytes(imagecodecs.lerc_encode(_strip(1))), size, 1)


@picture
def tiff_a_ring_of_directories(size: int) -> bytes:
    return _tiff([*_layout(), (273, 4, 1, 8), (279, 4, 1, 64)], bytes(size), following=8)


@picture
def tiff_planes_that_are_the_same_bytes(size: int) -> bytes:
    number, start = min(size // 16, 32_000), 8 + 2 + 11 * 12 + 4
    shorts = ((256, 8), (257, number // 4), (258, 16), (259, 8), (262, 2), (277, 4), (278, 1), (284, 2))
    entries = [(tag, 3, 1, value) for tag, value in shorts]
    entries += [(273, 4, number, start), (279, 4, number, start + 4 * number), (338, 3, 1, 2)]
    packed = zlib.compress(bytes(16))
    counts = struct.pack("<I", len(packed)) * number
    return _tiff(entries, struct.pack("<I", start + 8 * number) * number + counts + packed)


@picture
def tiff_a_big_directory(size: int) -> bytes:
    entries = filled(struct.pack("<HHQQ", 40_000, 7, size, 8), size)
    return b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, len(entries) // 20) + entries + bytes(8)


@picture
def tiff_a_profile(size: int) -> bytes:
    return _tiff([*_layout(), (273, 4, 1, 8), (279, 4, 1, 64), (34_675, 7, size, 8)], bytes(size))


@picture
def tiff_jpeg_scans(size: int) -> bytes:
    from PIL import Image

    gray = io.BytesIO()
    Image.fromarray(pixels(channels=1)[:, :, 0]).save(gray, "JPEG", progressive=True)
    data = gray.getvalue()[:-2] + filled(DC_SCAN, size) + b"\xff\xd9"
    return _tiff([*_layout(compression=7), (273, 4, 1, 8 + 2 + 9 * 12 + 4), (279, 4, 1, len(data))], data)


# --- BMP, ICO, PNM ---


def _bmp(width: int, height: int, bits: int, compression: int, data: bytes) -> bytes:
    palette = bytes(4 << bits)
    start = 54 + len(palette)
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, len(data), 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + info + palette + data


@picture
def bmp_runs(size: int) -> bytes:
    return _bmp(4000, 4000, 8, 1, filled(b"\1\1", size))


@picture
def bmp_runs_over_the_edge(size: int) -> bytes:
    return _bmp(4, 4000, 8, 1, filled(b"\xff\1", size))


@picture
def bmp_ends_of_lines(size: int) -> bytes:
    return _bmp(1000, 1000, 4, 2, filled(b"\0\0", size))


@picture
def bmp_jumps(size: int) -> bytes:
    return _bmp(8000, 8000, 8, 1, filled(b"\0\2\0\0", size))


@picture
def bmp_short_indices(size: int) -> bytes:
    return _bmp(8000, 8000, 8, 1, filled(b"\0\3\1\2\3\0", size))


@picture
def bmp_empty_runs(size: int) -> bytes:
    return _bmp(40, 40, 8, 1, filled(b"\0\2\0\0", size))


@picture
def ico_entries(size: int) -> bytes:
    number = min(256, size // 16)
    entry = bytes((8, 8, 0, 0, 1, 0, 24, 0)) + struct.pack("<II", size, 6 + 16 * number)
    dib = struct.pack("<IiiHHIIiiII", 40, 8, 16, 1, 24, 0, 0, 0, 0, 0, 0)
    return struct.pack("<HHH", 0, 1, number) + entry * number + dib + bytes(size)


@picture
def ico_runs(size: int) -> bytes:
    entry = bytes((0, 0, 0, 0, 1, 0, 8, 0)) + struct.pack("<II", size, 22)
    dib = struct.pack("<IiiHHIIiiII", 40, 2000, 4000, 1, 8, 1, 0, 0, 0, 0, 0)
    return b"\0\0\1\0\1\0" + entry + dib + bytes(1024) + filled(b"\1\1", size)


@picture
def ico_a_png_of_chunks(size: int) -> bytes:
    entry = bytes((8, 8, 0, 0, 1, 0, 32, 0)) + struct.pack("<II", size, 22)
    return b"\0\0\1\0\1\0" + entry + png_unknown_chunks(size)


@picture
def pnm_comments(size: int) -> bytes:
    return b"P2 8 8 255\n" + filled(b"#\n", size) + b"1 " * 64


@picture
def pnm_more_numbers(size: int) -> bytes:
    return b"P2 8 8 255\n" + filled(b"1 ", size)


@picture
def pnm_spaces(size: int) -> bytes:
    return b"P3 8 8 255\n" + filled(b" ", size) + b"1 " * 192


@picture
def pnm_a_long_number(size: int) -> bytes:
    return b"P2 8 8 255\n" + filled(b"9", size)


@picture
def pnm_bits(size: int) -> bytes:
    return b"P1 8 8\n" + filled(b"1 ", size)


@picture
def pnm_a_header_of_spaces(size: int) -> bytes:
    return b"P7\n" + filled(b"#\n", size)


@picture
def no_picture_at_all(size: int) -> bytes:
    return filled(b"\0\1\2", size)


def second_pictures(size: int, number: int = 190) -> Iterator[bytes]:
    """Many files of small parts that share a size."""
    each = max(size // number, 64)
    makers = (png_unknown_chunks, gif_comments, webp_unknown_chunks, heif_boxes_in_meta)
    made = [*(make(each) for make in makers), png_packed_profile(8000)]
    return (made[n % len(made)] for n in range(number))
